# SPDX-License-Identifier: MPL-2.0
# What `mezz control` and `mezz snapshot` say to arguments that they can't use, and where no run can be asked. Needs no KVM.
. "$srcdir/tests/system/lib.sh"

# refused NAME STATUS COMMAND REGEX WORD...: no output, the status, and a message
refused()
{
  local name=$1 wanted=$2 command=$3 message=$4
  shift 4
  mezz "$command" "$@"
  want_status "$wanted"
  want_no_out
  want_err_line "^mezz $command: .*$message"
  verdict "$name"
}

long=$(printf 'n%.0s' {1..108})
for command in control snapshot; do
  refused "$command: no_socket_is_refused" 110 "$command" 'which socket'
  refused "$command: an_unknown_option_is_refused" 110 "$command" "'--force'" --force socket x
  refused "$command: a_socket_that_is_not_there_is_told" 112 "$command" "$work/none: No such file" "$work/none" help
  refused "$command: a_name_that_is_too_long_is_refused" 110 "$command" "can't be the name of a socket" "$long" help
  refused "$command: an_empty_name_is_refused" 110 "$command" "'' can't be the name of a socket" '' help
  : >"$work/file"
  refused "$command: a_file_is_no_run" 112 "$command" "no run can be asked at $work/file" "$work/file" help
done
refused no_command_is_refused 110 control 'which command' "$work/none"
refused a_command_of_two_lines_is_refused 110 control 'a line feed ends a command' "$work/none" $'help\nquit'
refused a_command_that_is_too_long_is_refused 110 control 'more than 8191 bytes' "$work/none" "$(head -c 9000 /dev/zero | tr '\0' x)"
refused no_file_is_refused 110 snapshot 'which file' "$work/none"
refused an_empty_file_is_refused 110 snapshot 'which file' "$work/none" ''
refused two_files_are_refused 110 snapshot "more than one file: 'b'" "$work/none" a b
refused live_and_incremental_are_refused 110 snapshot "--live can't be --incremental" --live --incremental "$work/none" a
refused no_run_is_saved_live 112 snapshot "no run can be asked at $work/none" --live "$work/none" a
refused a_file_with_a_line_feed_is_refused 110 snapshot 'a line feed ends a command' "$work/none" $'a\nb'

# The words of a command are its own, whatever they look like.
refused options_behind_the_command_are_its_own 112 control 'No such file' "$work/none" help --version
tap_end
