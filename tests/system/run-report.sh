# SPDX-License-Identifier: MPL-2.0
# What a run records: the same as its statistics say, and where and when it happened.
. "$srcdir/tests/system/lib.sh"
need_kvm
need_jq

# want_report FILTER: a jq filter that is true for the recording; $stats is what --stats=json said
want_report()
{
  [[ $(jq --argjson stats "$(tail -n 1 "$work/err")" "$1" "$work/report.json" 2>&1) == true ]] ||
    wrong+="not true of the recording: $1"$'\n'
}

# What holds for every recording.
want_sums()
{
  want_report '.mezz_report == 1 and .stats == $stats'
  want_report '([.cells[][2]] | add // 0) + .events.elsewhere == .events.count'
  want_report '.events.count == ([$stats.faults[][][]] | add)'
  want_report '[.latency[] | .count] == [$stats.faults[] | [.[][]] | add]'
  want_report '[.latency[] | .count] == [.latency[] | [.bins[][1]] | add // 0]'
  want_report '([.rows[][]] | add) == $stats.table.mapped_bytes'
  want_report '([.events.ns, .events.address, .events.took_ns] | map(length) | unique) == [.events.count]'
  want_report '.time.end_ns <= .time.columns * .time.column_ns'
  mezz report -o "$work/again.html" "$work/report.json" && ((status == 0)) || wrong+="$(<"$work/err")"$'\n'
}

# recorded WORD...: runs it
recorded()
{
  rm -f "$work/report.json"
  run --stats=json --report "$work/report.json" "$@"
  [[ -s $work/report.json ]] || wrong+='no recording'$'\n'
  cp "$work/err" "$work/err.run"
}

# Runs of want_sums end with the numbers of the run itself on standard error again.
same()
{
  want_sums
  cp "$work/err.run" "$work/err"
}

toucher=(--append 'mib=8 stride=4096 ring3=0' "$GUESTS/toucher.elf")

recorded "${toucher[@]}"
want_status 0
same
want_report '.run.command == "run" and .run.status == 0 and (.run.image | endswith("toucher.elf"))'
# The guest writes from 16 MiB to 24 MiB.
want_report '.areas[0].row_bytes as $bytes | [.cells[] | select(.[4] > 0) | .[0] * $bytes] |
  any(. >= 16777216 and . < 25165824)'
want_report '.looks.count >= 2 and $stats.resets.dirty_source != null'
want_report '[.hot.pages[] | select(.looks > 0)] | length > 0'
verdict what_a_guest_touches_and_writes_is_recorded

recorded --memory-backend plain --memory 64M "${toucher[@]}"
want_status 0
same
want_report '[.cells[] | select(.[1] == 0 and .[3] > 0)] | length >= 64'
verdict plain_memory_is_there_from_the_start

recorded "$GUESTS/mmio.elf"
want_status 0
same
want_report '.areas as $areas | [.cells[] | select(.[2] > 0) | .[0]] | unique |
  any(. as $row | any($areas[]; .kind == "device" and .row == $row))'
want_report '.latency[2].cause == "exit" and .latency[2].count == $stats.exits.mmio'
verdict accesses_to_devices_are_recorded_with_their_place

recorded --reset-loop 20 "$GUESTS/again.elf"
want_status 0
same
want_report '$stats.resets.count == 20'
verdict a_guest_that_is_reset_is_recorded

recorded --cpus 3 --pager-threads 3 "$GUESTS/mp.elf"
same
verdict many_threads_record_one_run

recorded --timeout 3 "$GUESTS/loop.elf"
want_status 103
same
want_report '.run.status == 103 and .looks.count > 3 and ([.cells[][5]] | add) > 0'
verdict a_run_that_ends_by_time_is_recorded

recorded "$GUESTS/wild.elf"
want_status 102
same
want_report '.events.elsewhere == 1 and ($stats.denials.no_region == 1) and (.run.end | contains("nothing is"))'
verdict a_touch_of_nothing_is_recorded

run --stats=json --report "$work/page.html" "${toucher[@]}"
want_status 0
sed -n 's/.*<script type="application\/json" id="recording">\(.*\)<\/script>$/\1/p' "$work/page.html" |
  jq -c .stats >"$work/embedded"
cmp -s <(tail -n 1 "$work/err" | jq -Sc .) <(jq -Sc . "$work/embedded") || wrong+='the page has other numbers'$'\n'
verdict a_page_has_the_numbers_of_its_run

rm -f "$work/page.html"
run --report "$work/none/page.html" "$GUESTS/hello.elf"
want_status 113
want_no_out
want_err_line 'mezz run: .*none/page.html'
verdict a_report_that_cannot_be_written_is_known_before_the_run

run --report "$work" "$GUESTS/hello.elf"
want_status 113
want_err_line 'is not a regular file'
verdict a_folder_is_no_report

"$MEZZ" run --snapshot "$work/snapshot" --snapshot-on mark --append mark "$GUESTS/again.elf" </dev/null >"$work/out" 2>"$work/err"
if [[ -s $work/snapshot ]]; then
  rm -f "$work/report.json"
  mezz restore --stats=json --report "$work/report.json" "$work/snapshot"
  want_status 0
  cp "$work/err" "$work/err.run"
  same
  want_report '.run.command == "restore"'
  verdict a_restored_guest_is_recorded
else
  skip a_restored_guest_is_recorded 'no snapshot could be taken'
fi
tap_end
