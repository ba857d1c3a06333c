# SPDX-License-Identifier: MPL-2.0
# What KVM does otherwise where there is no nested paging: tests/linux/shadow-tests.sh in the nested machine.
. "$srcdir/tests/tap.sh"

skip_all()
{
  echo "1..0 # SKIP $1"
  exit 0
}

command -v qemu-system-x86_64 >/dev/null || skip_all 'qemu-system-x86_64 is not installed (Debian: qemu-system-x86)'
why=$("$srcdir/tests/linux/get-linux.sh" 2>&1) || skip_all "no kernel: ${why##*$'\n'}"

# One processor: see docs/deviations.md.
exec "$srcdir/tests/linux/nested" -c 1 -s -t 200 bash "$srcdir/tests/linux/shadow-tests.sh"
