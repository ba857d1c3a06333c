# SPDX-License-Identifier: MPL-2.0
# What needs a newer kernel than the release's: tests/linux/newer-tests.sh in the nested machine.
. "$srcdir/tests/linux/lib.sh"

need_machine -n
# One processor: see docs/deviations.md.
exec "$srcdir/tests/linux/nested" -c 1 -k newer -t 300 bash "$srcdir/tests/linux/newer-tests.sh"
