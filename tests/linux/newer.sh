# SPDX-License-Identifier: MPL-2.0
# What needs a newer kernel than the release's: tests/linux/newer-tests.sh in the nested machine.
. "$srcdir/tests/tap.sh"

skip_all()
{
  echo "1..0 # SKIP $1"
  exit 0
}

command -v qemu-system-x86_64 >/dev/null || skip_all 'qemu-system-x86_64 is not installed (Debian: qemu-system-x86)'
why=$("$srcdir/tests/linux/get-linux.sh" -n 2>&1) || skip_all "no newer kernel: ${why##*$'\n'}"

# One processor: see docs/deviations.md.
exec "$srcdir/tests/linux/nested" -c 1 -k newer -t 300 bash "$srcdir/tests/linux/newer-tests.sh"
