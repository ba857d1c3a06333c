# SPDX-License-Identifier: MPL-2.0
# Write-protect events, which come with Linux 6.4, and memory faults of KVM, with 6.8; files that do not answer, for this
# kernel has FUSE built in; and guests that have guests, while those are waited for. Runs in the nested machine.
. "$srcdir/tests/system/lib.sh"
need_kvm
need_jq
. "$srcdir/tests/system/control-lib.sh"

# unit PROGRAM: a unit test, with fewer steps than elsewhere, for they are slow here
unit()
{
  if [[ -x $builddir/tests/$1 ]]; then
    try "${1##*/}" env MZ_STEPS=300 "$builddir/tests/$1"
  else
    skip "${1##*/}" 'configure did not find check (Debian: check)'
  fi
}

# Who has run `mezz clone` in vain: what the guest writes is known all the same.
for huge in thp hugetlb; do
  start run --dirty-source wp --memory 48M --huge="$huge" --track "$GUESTS/steps.elf"
  tell w '^step 1'
  save "$work/huge"
  mezz clone "$socket"
  want_status 110
  want_err_line '^mezz clone: .*memory on huge pages'
  tell o '^over, version 2'
  save -i "$work/more"
  finish
  revive "$work/more" '1 steps, version 2'
  verdict "a_clone_that_can_not_be_changes_nothing ($huge)"
done

# Memory that does not come any more: half a minute passes until that is said, in which the other tests run.
start run "$GUESTS/steps.elf"
tell w '^step 1'
save "$work/saved"
finish
mkdir "$work/served"
"$srcdir/tests/linux/stalling-file" "$work/saved" "$work/served" >"$work/server" 2>&1 &
server=$!
await '^serving' "$work/server" || wrong+="no file is served: $(<"$work/server")"$'\n'
start restore "$work/served/file"
kill -USR1 "$server"
printf c >&"$keys"

sources_tell_the_same 2 ring log wp

try guests_that_have_guests_are_saved_put_back_and_cloned all_pass "$srcdir/tests/system/run-nested.sh"

for huge in thp hugetlb; do
  run --stats=json --dirty-source wp --memory 48M --huge="$huge" --reset-loop 3 --append 'mark keep=8' "$GUESTS/again.elf"
  want_status 0
  want_no_out
  want_json '.resets.count == 3 and .faults.protected.write["2M"] > 0'
  verdict "huge_pages_are_put_back_to_the_mark ($huge)"
done

run --dirty-source wp --snapshot "$work/snapshot" --append mark "$GUESTS/again.elf"
want_status 0
mezz restore --dirty-source wp --reset-loop 3 "$work/snapshot"
want_status 0
want_err_line '^mezz restore: 3 resets'
verdict a_restored_guest_is_put_back_by_write_protect_events

await '^mezz: ' "$run_err"
# A read that is under way keeps the process, whatever happens to it.
kill "$server"
ended
want_status 113
grep -q '^mezz: .*pages.*30' "$run_err" || wrong+="it is not said which pages are waited for: $(<"$run_err")"$'\n'
verdict a_snapshot_that_does_not_answer_ends_the_run

unit vmm/test_protection
unit vmm/test_exits
tap_end
