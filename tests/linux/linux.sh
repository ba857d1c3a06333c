# SPDX-License-Identifier: MPL-2.0
# Linux guests under a stock KVM with nested paging: tests/linux/guests.sh in the nested machine.
. "$srcdir/tests/linux/lib.sh"

need_machine
# One processor: see docs/deviations.md.
# The end of what KVM and the kernels say goes to the output, for whoever looks at a failure.
exec "$srcdir/tests/linux/nested" -c 1 -t 800 bash "$srcdir/tests/linux/guests.sh"
