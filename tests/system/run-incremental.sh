# SPDX-License-Identifier: MPL-2.0
# Incremental snapshots: they hold what was written since their parent, and with it all of the guest's memory.
. "$srcdir/tests/system/lib.sh"
need_kvm
. "$srcdir/tests/system/control-lib.sh"

steps=$GUESTS/steps.elf
[[ -x $builddir/tests/system/same_memory ]] || skip_all 'tests/system/same_memory is not built: configure did not find check'

# asked WORD...: mezz control
asked()
{
  mezz control "$socket" "$@"
  want_status 0
}

# save_exactly FILE: an increment of a held guest, with which its parents hold just what a full snapshot does. That one
# is the last then, and what the guest is held for.
save_exactly()
{
  local stored
  asked pause
  save -i "$1"
  stored=$pages
  save "$work/exact"
  want_same "$1" "$work/exact"
  pages=$stored
  asked continue
}

find_backends
find_sources

# Each of either, if not each with each: what they tell is the same, as run-moments.sh holds.
for backend in $backends; do
  for source in $sources; do
    [[ $backend$source != uffdlog && $backend$source != plainring || $backends$sources != *' '*' '* ]] || continue
    go_together "$backend" "$source" || continue
    options=(--memory-backend "$backend" --dirty-source "$source" --track)
    rm -f "$work"/[0-9]*
    start run "${options[@]}" --append pages=60 "$steps"
    refuse 110 '^no snapshot: there is no snapshot yet' -i "$socket" "$work/0"
    tell ww '^step 2'
    save "$work/0"
    want_pages 120 200
    tell w '^step 3'
    save -i "$work/1"
    want_out_line " after $work/0: "
    want_pages 60 90
    tell oz '^zero, step 3'
    save -i "$work/2"
    want_out_line " after $work/1: "
    # 60 are written over, and 60 zero, which are not stored.
    want_pages 60 90
    save_exactly "$work/3"
    want_pages 0 30
    tell wc '^right: 4 steps'
    finish
    verdict "a_chain_is_saved ($backend, $source)"

    revive "$work/0" '2 steps' "${options[@]}"
    revive "$work/1" '3 steps' "${options[@]}"
    revive "$work/2" '3 steps' "${options[@]}"
    revive "$work/3" '3 steps, version 4' "${options[@]}" --all
    verdict "each_of_a_chain_is_restored ($backend, $source)"

    # A restored guest goes on from the chain, whether it has touched its memory or not.
    start restore "${options[@]}" "$work/3"
    save -i "$work/4"
    want_out_line " after $work/3: "
    want_pages 0 30
    tell w '^step 4'
    save_exactly "$work/5"
    want_pages 60 90
    finish
    revive "$work/4" '3 steps, version 4' "${options[@]}"
    revive "$work/5" '4 steps, version 5' "${options[@]}"
    verdict "a_restored_guest_is_saved_by_increments ($backend, $source)"
  done
done

# ---- Parents that can't be ----
start run --track "$steps"
tell w '^step 1'
mkdir "$work/folder"
save "$work/first"
refuse 110 "^no snapshot: $work/folder/x: its parent $work/first must lie in the same folder" -i "$socket" "$work/folder/x"
refuse 110 "^no snapshot: $work/first: would replace a parent of its own" -i "$socket" "$work/first"
mv "$work/first" "$work/kept"
tell w '^step 2'
refuse 111 "^no snapshot: the last snapshot can't be a parent: $work/first: .*No such file" -i "$socket" "$work/x"
cp "$work/0" "$work/first"
refuse 111 "^no snapshot: the last snapshot can't be a parent: $work/first has been replaced" -i "$socket" "$work/x"
head -c 9000 "$work/kept" >"$work/first"
refuse 111 "^no snapshot: the last snapshot can't be a parent: $work/first: " -i "$socket" "$work/x"
[[ ! -e $work/x ]] || wrong+="something was written"$'\n'
tell o '^over'
mv "$work/kept" "$work/first"
save -i "$work/x"
want_pages 32 60
tell wc '^right: 3 steps'
finish
revive "$work/x" '2 steps, version 3'
rm "$work/first"
mezz restore "$work/x"
want_status 111
want_err_line "^mezz restore: the parent of $work/x: $work/first: .*No such file"
verdict without_its_parent_nothing_is_saved_and_nothing_lost

# ---- Other consumers ----
run --track --snapshot "$work/marked" --append 'mark keep=100' "$GUESTS/again.elf"
want_status 0
want_err_line "^mezz: snapshot $work/marked: [0-9]+ pages"
start restore --track --snapshot "$work/timed" --snapshot-on 0.1 "$work/exact"
await 'snapshot.*timed' "$work/run.err" || wrong+="there is no snapshot by time"$'\n'
save -i "$work/after"
want_out_line " after $work/timed: "
finish
revive "$work/after" '4 steps, version 5'
verdict a_snapshot_by_time_is_a_parent

for source in $sources; do
  start run --track --dirty-source "$source" --reset-loop 2 --append pages=100 "$steps"
  tell wm '^marked, step 1'
  tell w '^step 2'
  save "$work/before"
  # The end, which puts the guest back to its mark: step 2 was not, and that must be told of.
  tell .c '^right: 1 steps'
  save_exactly "$work/back"
  want_pages 0 30
  save -i "$work/again"
  tell .c '^right: 1 steps'
  finish
  grep -Eq '^mezz run: 2 resets, .* pages and' "$work/run.err" || wrong+="there were not 2 resets"$'\n'
  revive "$work/back" '1 steps'
  revive "$work/again" '1 steps'
  verdict "what_a_reset_writes_is_told_of ($source)"
done
tap_end
