# SPDX-License-Identifier: MPL-2.0
# How the memory of a restored guest comes in: when it is touched, by a record of touches, by several threads.
. "$srcdir/tests/system/lib.sh"
need_kvm
need_jq

have_uffd || skip_all 'userfaultfd is not permitted: memory comes in at once'
again=$GUESTS/again.elf

# restored OPTION...: it finds all as it was
restored()
{
  mezz restore --timeout 50 --stats=json "$@" "$work/snapshot"
  want_status 0
  want_no_out
}

run --memory 64M --snapshot "$work/snapshot" --append 'mark keep=3000 pages=100' "$again"
want_status 0
verdict there_is_a_snapshot

restored
want_json '.backend == "uffd"'
touches=$(jq '.faults.missing.write + .faults.missing.read' "$work/err" 2>/dev/null)
verdict memory_comes_in_when_it_is_touched

for threads in 1 2 7 16; do
  restored --pager-threads "$threads"
  verdict "by $threads threads"
done

restored --record "$work/touches"
[[ $(head -c 8 "$work/touches" | od -An -tx1) == ' 89 6d 7a 74 6f 75 63 0a' ]] || wrong+="this is no record"$'\n'
[[ $(stat -c %a "$work/touches") == 600 ]] || wrong+="others can read it"$'\n'
verdict touches_are_recorded
for options in '' '--pager-threads 4' --all; do
  restored --prefetch "$work/touches" $options
  verdict "they_are_prefetched $options"
done
restored --prefetch "$work/touches" --record "$work/touches.again"
[[ -s $work/touches.again ]] || wrong+="nothing was recorded"$'\n'
verdict prefetching_is_recorded_again
restored --prefetch "$work/touches.again" --reset-loop 5
want_err_line '^mezz restore: 5 resets'
verdict a_prefetched_guest_is_put_back

run --memory 64M --snapshot "$work/other" --append 'mark keep=10' "$again"
mezz restore --prefetch "$work/touches" "$work/other"
want_status 111
want_no_out
want_err_line "^mezz restore: $work/touches: "
verdict the_record_of_another_snapshot_is_refused
head -c 30 "$work/touches" >"$work/cut"
mezz restore --prefetch "$work/cut" "$work/snapshot"
want_status 111
want_err_line "^mezz restore: $work/cut: "
verdict a_record_that_is_cut_is_refused
mezz restore --prefetch "$work/none" "$work/snapshot"
want_status 111
want_err_line "^mezz restore: $work/none: .*No such file"
verdict a_record_that_is_not_there_is_refused

echo old >"$work/kept"
mezz restore --record "$work/none/record" "$work/snapshot"
want_status 113
want_err_line "^mezz restore: $work/none/record: "
mkdir "$work/folder"
mezz restore --record "$work/folder" "$work/snapshot"
want_status 113
want_err_line "^mezz restore: $work/folder: is not a regular file"
verdict a_record_that_can_not_be_written_is_told

# A page in the middle is spoilt: who touches it, and who reads all, finds that out, and the guest sees nothing else there,
# of which it would have something to print.
cp "$work/snapshot" "$work/spoilt"
size=$(stat -c %s "$work/spoilt")
printf 'spoilt' | dd of="$work/spoilt" bs=1 seek=$((size / 2 / 4096 * 4096 + 100)) conv=notrunc 2>/dev/null
for options in '' --all "--pager-threads 3" "--prefetch $work/touches"; do
  mezz restore --timeout 50 --trace io@0x3fd $options "$work/spoilt"
  want_status 111
  want_no_out
  want_err_line 'is damaged: the checksum of page'
  ! holds ' io read 0x3fd ' "$work/err" || wrong+='the guest has gone on'$'\n'
  verdict "a_page_that_is_spoilt_ends_the_run $options"
done

# The same in what the guest never touches, which is prefetched with all else: it jumps to its first instruction for ever.
# docs/snapshot-format.md has the format of the record; what gzip writes ends with a checksum of that kind, and the length.
{
  printf '\xeb\xfe'
  head -c 6M /dev/zero
  echo 'nobody looks here'
} >"$work/image"
run --memory 64M --as flat64@4M --snapshot "$work/unread" --snapshot-on 0.5 --timeout 1 "$work/image"
want_status 103
at=$(grep -abo 'nobody looks here' "$work/unread" | head -n 1)
printf 'spoilt' | dd of="$work/unread" bs=1 seek="${at%%:*}" conv=notrunc 2>/dev/null
{
  tail -c +17 "$work/unread" | head -c 16
  printf '%b' '\01' '\0\0\0\0\0\0\0' '\0\0\0\0\0\0\0\0' '\0\0100\0\0\0\0\0\0'
} >"$work/runs"
{
  printf '\x89mztouc\n\1\0\0\0'
  gzip -c "$work/runs" | tail -c 8 | head -c 4
  cat "$work/runs"
} >"$work/all"
mezz restore --timeout 2 --prefetch "$work/all" "$work/unread"
want_status 103
[[ $(grep -c 'is damaged: the checksum of page' "$work/err") == 1 ]] || wrong+='it is not told once'$'\n'
want_err_line '^mezz: not all memory could be prefetched: '
verdict a_page_that_is_spoilt_and_not_touched_is_told_of
tap_end
