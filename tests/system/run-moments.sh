# SPDX-License-Identifier: MPL-2.0
# Moments of a guest: it is put back to its mark, saved, and restored. guest/again.c looks whether all is as it was.
. "$srcdir/tests/system/lib.sh"
need_kvm

find_backends
find_sources

# ---- Resets ----
for backend in $backends; do
  for source in $sources; do
    go_together "$backend" "$source" || continue
    options=(--memory-backend "$backend" --dirty-source "$source" --timeout 50)
    run --stats=json "${options[@]}" --reset-loop 20 --append 'mark keep=8' "$GUESTS/again.elf"
    want_status 0
    want_no_out
    want_err_line '^mezz run: 20 resets, [0-9]+ per second, [0-9.]+ pages and [0-9.]+ us each$'
    want_json '.resets.count == 20 and .resets.pages >= 20 * (16 + 8 + 3)'
    want_json '.resets.pages < 20 * (16 + 8 + 12)'
    want_json ".resets.dirty_source == \"$source\""
    verdict "all_is_put_back_to_the_mark ($backend, $source)"

    run "${options[@]}" --reset-loop 5 "$GUESTS/again.elf"
    want_status 0
    want_no_out
    want_err_line '^mezz run: 5 resets'
    verdict "without_a_mark_it_is_the_beginning ($backend, $source)"

    # More pages than a ring holds: KVM makes room by an exit. Without one, less will do.
    pages=6000
    [[ $source != wp ]] || pages=600
    run --stats=json "${options[@]}" --memory 64M --reset-loop 2 --append "mark pages=$pages" "$GUESTS/again.elf"
    want_status 0
    want_json ".resets.pages >= 2 * ($pages + 3) and .resets.pages < 2 * ($pages + 15)"
    verdict "many_pages_are_put_back ($backend, $source)"

    # Each round adds 1 to the share, which no reset takes back, and no log tells of.
    printf 'a%04095d' 0 >"$work/shared"
    run --stats=json "${options[@]}" --reset-loop 5 --share "s=$work/shared" --append 'name=s add=1' "$GUESTS/share.elf"
    want_status 0
    [[ $(head -c 1 "$work/shared") == g ]] || wrong+="the share begins with $(head -c 1 "$work/shared"), wanted g"$'\n'
    want_json '.resets.count == 5'
    verdict "shares_are_not_put_back ($backend, $source)"
  done
done

sources_tell_the_same 4 $sources

run --memory-backend plain --dirty-source wp --reset-loop 1 "$GUESTS/again.elf"
want_status 110
want_err_line 'write-protect events come by userfaultfd, which plain guest memory does without'
verdict no_write_protect_events_of_plain_memory

run --reset-loop 5 --append 'status=3' "$GUESTS/status.elf"
want_status 3
want_no_err
verdict a_guest_that_fails_is_not_put_back

# ---- Snapshots ----
for backend in $backends; do
  options=(--memory-backend "$backend" --timeout 50)
  run "${options[@]}" --snapshot "$work/snapshot" --append 'mark keep=700' "$GUESTS/again.elf"
  want_status 0
  want_no_out
  want_err_line "^mezz: snapshot $work/snapshot: [0-9]+ pages, [0-9]+ bytes, the guest was held for [0-9.]+ ms\$"
  verdict "a_guest_is_saved_and_goes_on ($backend)"

  for round in 1 2; do
    mezz restore "${options[@]}" "$work/snapshot"
    want_status 0
    want_no_out
    want_no_err
    verdict "a_guest_is_restored, round $round ($backend)"
  done

  mezz restore "${options[@]}" --all "$work/snapshot"
  want_status 0
  want_no_err
  verdict "all_memory_comes_first ($backend)"

  mezz restore "${options[@]}" --reset-loop 10 "$work/snapshot"
  want_status 0
  want_err_line '^mezz restore: 10 resets'
  verdict "a_restored_guest_is_put_back_to_where_it_was_restored ($backend)"
done

run --snapshot "$work/late" --snapshot-on timeout --timeout 0.5 "$GUESTS/loop.elf"
want_status 103
want_err_line "^mezz: snapshot $work/late: [0-9]+ pages"
mezz restore --timeout 0.5 "$work/late"
want_status 103
want_err_line 'the guest ran out of time'
verdict a_guest_is_saved_when_its_time_has_run_out
run --snapshot "$work/unsaved" --snapshot-on timeout --timeout 30 "$GUESTS/hello.elf"
want_status 0
want_no_err
[[ ! -e $work/unsaved ]] || wrong+='there is a snapshot'$'\n'
verdict a_guest_that_ends_in_time_is_not
tap_end
