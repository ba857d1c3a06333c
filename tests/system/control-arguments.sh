# SPDX-License-Identifier: MPL-2.0
# What `mezz control` and `mezz snapshot` say to arguments that they can't use, and where no run can be asked. Needs no KVM.
. "$srcdir/tests/system/lib.sh"

long=$(printf 'n%.0s' {1..108})
for command in control snapshot; do
  refused "$command: no_socket_is_refused" 110 'which socket'
  refused "$command: an_unknown_option_is_refused" 110 "'--force'" --force socket x
  refused "$command: a_socket_that_is_not_there_is_told" 112 "$work/none: No such file" "$work/none" help
  refused "$command: a_name_that_is_too_long_is_refused" 110 "can't be the name of a socket" "$long" help
  refused "$command: an_empty_name_is_refused" 110 "'' can't be the name of a socket" '' help
  : >"$work/file"
  refused "$command: a_file_is_no_run" 112 "no run can be asked at $work/file" "$work/file" help
done

command=control
refused no_command_is_refused 110 'which command' "$work/none"
refused a_command_of_two_lines_is_refused 110 'a line feed ends a command' "$work/none" $'help\nquit'
refused a_command_that_is_too_long_is_refused 110 'more than 8191 bytes' "$work/none" "$(head -c 9000 /dev/zero | tr '\0' x)"
# The words of a command are its own, whatever they look like.
refused options_behind_the_command_are_its_own 112 'No such file' "$work/none" help --version

command=snapshot
refused no_file_is_refused 110 'which file' "$work/none"
refused an_empty_file_is_refused 110 'which file' "$work/none" ''
refused two_files_are_refused 110 "more than one file: 'b'" "$work/none" a b
refused live_and_incremental_are_refused 110 "--live can't be --incremental" --live --incremental "$work/none" a
refused no_run_is_saved_live 112 "no run can be asked at $work/none" --live "$work/none" a
refused a_file_with_a_line_feed_is_refused 110 'a line feed ends a command' "$work/none" $'a\nb'
tap_end
