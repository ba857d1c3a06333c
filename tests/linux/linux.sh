# SPDX-License-Identifier: MPL-2.0
# Linux guests under a stock KVM with nested paging: tests/linux/guests.sh in the nested machine.
. "$srcdir/tests/tap.sh"

skip_all()
{
  echo "1..0 # SKIP $1"
  exit 0
}

command -v qemu-system-x86_64 >/dev/null || skip_all 'qemu-system-x86_64 is not installed (Debian: qemu-system-x86)'
why=$("$srcdir/tests/linux/get-linux.sh" 2>&1) || skip_all "no kernel: ${why##*$'\n'}"

# One processor: see docs/deviations.md.
# The end of what KVM and the kernels say goes to the output, for whoever looks at a failure.
exec "$srcdir/tests/linux/nested" -c 1 -t 800 bash "$srcdir/tests/linux/guests.sh"
