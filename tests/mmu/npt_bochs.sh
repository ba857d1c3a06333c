# SPDX-License-Identifier: MPL-2.0
# Nested paging of AMD's SVM once more, under Bochs: it takes reserved bits for what the manual says they are.
. "$srcdir/tests/mmu/lib.sh"
. "$srcdir/tests/mmu/bochs.sh"

need x86_64-linux-gnu-gcc gcc-x86-64-linux-gnu
need_bochs
# The image is that of QEMU's run; these may go on side by side.
builddir=$builddir/mmu-images/bochs
build npt
run_bochs ryzen
