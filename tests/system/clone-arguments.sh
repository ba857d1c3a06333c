# SPDX-License-Identifier: MPL-2.0
# The command line of mezz clone, which needs no KVM to be wrong.
. "$srcdir/tests/system/lib.sh"

# refused STATUS REGEX WORD...
refused()
{
  local wanted=$1 message=$2
  shift 2
  mezz clone "$@"
  want_status "$wanted"
  want_no_out
  want_err_line "$message"
}

refused 110 '^mezz clone: which socket\?'
refused 110 "^mezz clone: more than one socket: 'b'" a b
refused 110 'unrecognized option .*--snapshots' --snapshots a
refused 110 "^mezz clone: --timeout: 'soon'" --timeout soon a
verdict bad_arguments_are_told

refused 112 "^mezz clone: no run can be asked at $work/none: No such file" "$work/none"
: >"$work/file"
refused 112 "^mezz clone: no run can be asked at $work/file: Connection refused" "$work/file"
refused 110 "can't be the name of a socket" "$work/$(printf 'x%.0s' {1..200})"
verdict where_no_run_is_there_is_no_clone

mezz clone --help
want_status 0
want_out_line '^Usage: mezz clone \[OPTION\.\.\.\] SOCKET'
want_no_err
verdict help_is_there
tap_end
