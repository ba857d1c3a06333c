# SPDX-License-Identifier: MPL-2.0
# What KVM does otherwise where there is no nested paging: tests/linux/shadow-tests.sh in the nested machine.
. "$srcdir/tests/linux/lib.sh"

need_machine
# One processor: see docs/deviations.md.
exec "$srcdir/tests/linux/nested" -c 1 -s -t 200 bash "$srcdir/tests/linux/shadow-tests.sh"
