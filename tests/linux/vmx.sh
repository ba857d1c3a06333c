# SPDX-License-Identifier: MPL-2.0
# Guests where KVM stands on Intel's VMX: tests/linux/vmx-tests.sh in a machine of Bochs.
. "$srcdir/tests/mmu/bochs.sh"
. "$srcdir/tests/linux/lib.sh"

need_bochs
if ! ldd "$MEZZ" >/dev/null 2>&1; then
  echo '1..0 # SKIP mezz is not built on this host, or with shared libraries'
  exit
fi
need_kernels
exec "$srcdir/tests/linux/nested-vmx" -t 500 "$srcdir/tests/linux/vmx-tests.sh"
