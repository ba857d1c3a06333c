# SPDX-License-Identifier: MPL-2.0
# What `mezz restore` says to arguments and files that it can't use. Needs no KVM: all this comes before it.
. "$srcdir/tests/system/lib.sh"

command=restore

refused a_socket_without_a_name_is_refused 110 "--control: ''" --control '' x
refused tracking_takes_no_value 110 '--track' --track=yes x
head -c 100000 /dev/zero >"$work/zeros"
: >"$work/empty"

refused no_snapshot_is_refused 110 'which snapshot'
refused two_snapshots_are_refused 110 "'b'" a b
refused an_unknown_option_is_refused 110 "'--append'" --append x "$work/zeros"
refused a_file_that_is_not_there_is_refused 111 'No such file' "$work/none"
refused a_folder_is_refused 111 "$work" "$work"
refused an_empty_file_is_refused 111 "$work/empty" "$work/empty"
refused what_is_no_snapshot_is_refused 111 "$work/zeros" "$work/zeros"
refused an_image_is_no_snapshot 111 'hello.elf' "$GUESTS/hello.elf"
tap_end
