# SPDX-License-Identifier: MPL-2.0
# What `mezz fuzz` says to arguments and inputs that it can't use. Needs no KVM: all this comes before it.
. "$srcdir/tests/system/lib.sh"

command=fuzz

guest=$GUESTS/fuzzed.elf
printf x >"$work/input"
truncate -s $((1024 * 1024 + 1)) "$work/long"

refused no_image_is_refused 110 'which image'
refused two_inputs_are_refused 110 "more than one input: 'b'" "$guest" a b
refused what_is_no_image_is_refused 111 "$work/input" "$work/input" "$work/input"
refused an_input_that_is_not_there_is_refused 110 'No such file' "$guest" "$work/none"
refused a_folder_is_no_input 110 'directory' "$guest" "$work"
refused an_input_that_is_too_long_is_refused 110 '1048576 bytes' "$guest" "$work/long"
refused bad_options_are_as_for_run 110 "'many' is not a number" --memory many "$guest"
refused resets_are_its_own 110 "'--reset-loop=2'" --reset-loop=2 "$guest"
refused snapshots_are_not_for_it 110 "'--snapshot=x'" --snapshot=x "$guest"
shares=()
for i in 1 2 3 4 5 6 7; do
  shares+=(--share "s$i=$work/input")
done
refused two_shares_are_its_own 110 'more than 6 files' "${shares[@]}" "$guest" "$work/input"

__AFL_SHM_ID=2147483647 mezz fuzz "$guest" "$work/input"
want_status 110
want_err_line "^mezz fuzz: fuzz-map: there is no System V segment '2147483647'"
verdict a_map_that_is_not_there_is_refused
tap_end
