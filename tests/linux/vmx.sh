# SPDX-License-Identifier: MPL-2.0
# Guests where KVM stands on Intel's VMX: tests/linux/vmx-tests.sh in a machine of Bochs.
. "$srcdir/tests/mmu/lib.sh"
. "$srcdir/tests/mmu/bochs.sh"
. "$srcdir/tests/linux/lib.sh"

need_bochs
need x86_64-linux-gnu-gcc gcc-x86-64-linux-gnu
if ! ldd "$MEZZ" >/dev/null 2>&1; then
  echo '1..0 # SKIP mezz is not built on this host, or with shared libraries'
  exit
fi
need_kernels
# A hypervisor of Intel's, as a guest that has one. The image is that of another test too; these may go on side by side.
builddir=$builddir/mmu-images/vmx build ept
exec "$srcdir/tests/linux/nested-vmx" -t 500 "$srcdir/tests/linux/vmx-tests.sh" "$folder/image.mb"
