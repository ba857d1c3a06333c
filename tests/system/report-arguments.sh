# SPDX-License-Identifier: MPL-2.0
# What `mezz report` says to arguments and recordings that it can't use.
. "$srcdir/tests/system/lib.sh"

command=report

: >"$work/empty.json"
echo 'these are no braces' >"$work/text.json"
printf '{"mezz_report": 1,\n"run": \033[31m}\n' >"$work/escape.json"
echo '[1, 2]' >"$work/array.json"
echo '{"backend": "uffd"}' >"$work/stats.json"
echo '{"mezz_report": 1, "mezz_report": 1}' >"$work/twice.json"
truncate -s 65M "$work/huge.json"

refused no_recording_is_refused 110 'which recording'
refused two_recordings_are_refused 110 "'b'" a b
refused an_unknown_option_is_refused 110 "'--stats'" --stats "$work/text.json"
refused an_output_without_a_name_is_refused 110 'which file' --output= "$work/text.json"
refused a_file_that_is_not_there_is_refused 111 'none.json: .*No such file' "$work/none.json"
refused a_folder_is_refused 111 'is a directory' "$work"
refused a_device_is_refused 111 'not a regular file' /dev/zero
refused an_empty_file_is_refused 111 'empty.json: is no JSON: line 1, column 0' "$work/empty.json"
refused a_text_is_refused 111 'text.json: is no JSON: line 1, column 5' "$work/text.json"
refused what_is_no_json_is_told_by_its_place 111 'escape.json: is no JSON: line 2, column 8' "$work/escape.json"
! grep -q $'\033' "$work/err" || wrong+='a terminal would be steered'$'\n'
verdict no_byte_that_steers_a_terminal_is_told
refused an_array_is_refused 111 'array.json: it is no recording' "$work/array.json"
refused statistics_are_no_recording 111 'stats.json: it is no recording' "$work/stats.json"
refused a_member_that_comes_twice_is_refused 111 'twice.json: is no JSON: .*duplicate' "$work/twice.json"
refused a_file_that_is_too_large_is_refused 111 'huge.json: 68157440 bytes are more' "$work/huge.json"
refused an_image_is_no_recording 111 'hello.elf: is no JSON' "$GUESTS/hello.elf"

if ! command -v jq >/dev/null; then
  skip spoilt_recordings_are_refused 'jq is not installed'
  tap_end
  exit
fi

jq -cn --argjson events 40 --arg text guest.elf -f "$srcdir/tests/picture/recording.jq" >"$work/good.json"
mezz report "$work/good.json"
want_status 0
verdict a_good_recording_is_accepted

# spoilt FILTER REGEX: a recording that is changed this way is refused, and the message says where
spoilt()
{
  jq -c "$1" "$work/good.json" >"$work/spoilt.json"
  mezz report "$work/spoilt.json"
  want_status 111
  want_no_out
  want_err_line "^mezz report: .*/spoilt.json: $2"
  verdict "refused: $1"
}

spoilt '.mezz_report = 2' 'it is of version 2, and this mezz reads version 1'
spoilt '.mezz_report = "1"' 'it is of version 0'
spoilt 'del(.run)' 'run is missing'
spoilt '.run.status = -1' 'run.status is no whole number'
spoilt '.run.status = 256' 'run.status is not from 0 to 255'
spoilt '.run.image = 7' 'run.image is no text'
spoilt '.stats = []' 'stats is no object'
spoilt 'del(.stats.faults)' 'stats.faults is missing'
spoilt '.stats.faults.exit.read.none = 1.5' 'stats.faults.exit.read.none is no whole number'
spoilt '.stats.vcpus[1].guest_ns = 9007199254740992' 'stats.vcpus\[1\].guest_ns is no whole number'
spoilt '.stats.devices[0].reads = true' 'stats.devices\[0\].reads is no whole number'
spoilt '.areas[1].row = 127' 'areas\[1\].row is not from 128 to 128'
spoilt '.areas[0].rows = 0' 'areas\[0\].rows is not from 1'
spoilt '.areas[0].row_bytes = 4096' 'areas\[0\] has more or fewer rows than bytes'
spoilt '.areas[0].bytes = 0' 'areas\[0\].bytes is not from 1'
spoilt '.areas[2].address = "javascript:1"' 'areas\[2\].address is no hexadecimal number'
spoilt '.areas[2].address = "0x"' 'areas\[2\].address is no hexadecimal number'
spoilt '.areas = [range(65) | {}]' 'areas has more elements'
spoilt '.leaf_sizes[0] = 4096' 'leaf_sizes\[0\] is no text'
spoilt 'del(.rows[0])' 'rows are more or fewer'
spoilt '.rows[5] = [0]' 'rows\[5\] has not as many elements'
spoilt '.time.columns = 257' 'time.columns is not from 1 to 256'
spoilt '.time.column_ns = 0' 'time.column_ns is not from 1'
spoilt '.looks.blind = 1' 'looks.blind is no text'
spoilt '.cells[0][0] = 131' 'cells\[0\] lies beyond'
spoilt '.cells[0][1] = 239' 'cells\[0\] lies beyond'
spoilt '.cells[3] = .cells[3] + [1]' 'cells\[3\] has not as many elements'
spoilt '.cells[0][6] = 99' 'cells\[0\] has more pages used than watched'
spoilt '.latency = []' 'events.cause\[0\] is greater'
spoilt '.latency[0].bins[0] = 3' 'latency\[0\].bins\[0\] is no array'
spoilt '.hot.bytes = 0' 'hot.bytes is not from 1'
spoilt '.hot.pages[1].address = null' 'hot.pages\[1\].address is no text'
spoilt '.events.count = 39' 'events.count is not from 40'
spoilt 'del(.events.took_ns[0])' 'events.took_ns has not as many elements'
spoilt '.events.cause[3] = 3' 'events.cause\[3\] is greater'
spoilt '.events.answer[3] = 5' 'events.answer\[3\] is greater'
spoilt '.events.write[39] = 2' 'events.write\[39\] is greater'
spoilt '.events.level[0] = "1"' 'events.level\[0\] is no whole number'
spoilt '.events |= with_entries(if .value | type == "array" and length == 40 then .value = [range(100001)] else . end)' \
  'events are more than any run keeps'

# Cut anywhere, it is no recording.
bytes=$(stat -c %s "$work/good.json")
for ((cut = 1; cut < bytes - 1; cut += bytes / 19)); do
  head -c "$cut" "$work/good.json" >"$work/cut.json"
  mezz report "$work/cut.json"
  [[ $status == 111 ]] || wrong+="$cut of $bytes bytes: status $status"$'\n'
  want_no_out
  want_err_line '^mezz report: .*/cut.json: is no JSON: line 1, column [0-9]+: '
done
verdict recordings_that_are_cut_are_refused

for output in "$work/none/page.html" "$work"; do
  mezz report -o "$output" "$work/good.json"
  want_status 113
  want_no_out
  want_err_line "^mezz report: $output: "
done
verdict an_output_that_cannot_be_written_is_told

"$MEZZ" report "$work/good.json" >/dev/full 2>"$work/err"
status=$?
want_status 113
want_err_line 'standard output'
verdict lost_output_is_noticed

echo 'an older page' >"$work/page.html"
mezz report -o "$work/page.html" "$work/spoilt.json"
want_status 111
[[ $(<"$work/page.html") == 'an older page' ]] || wrong+='the older page is gone'$'\n'
verdict what_was_there_stays_when_there_is_no_page
tap_end
