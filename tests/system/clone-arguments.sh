# SPDX-License-Identifier: MPL-2.0
# The command line of mezz clone, which needs no KVM to be wrong.
. "$srcdir/tests/system/lib.sh"

command=clone

refused no_socket_is_refused 110 'which socket\?'
refused two_sockets_are_refused 110 "more than one socket: 'b'" a b
refused an_unknown_option_is_refused 110 'unrecognized option .*--snapshots' --snapshots a
refused a_time_that_is_none_is_refused 110 "--timeout: 'soon'" --timeout soon a

refused a_socket_that_is_not_there_is_told 112 "no run can be asked at $work/none: No such file" "$work/none"
: >"$work/file"
refused a_file_is_no_run 112 "no run can be asked at $work/file: Connection refused" "$work/file"
refused a_name_that_is_too_long_is_refused 110 "can't be the name of a socket" "$work/$(printf 'x%.0s' {1..200})"

mezz clone --help
want_status 0
want_out_line '^Usage: mezz clone \[OPTION\.\.\.\] SOCKET'
want_no_err
verdict help_is_there
tap_end
