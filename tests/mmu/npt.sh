# SPDX-License-Identifier: MPL-2.0
# Nested paging of AMD's SVM: under QEMU, whose processor can have 5 levels, too.
. "$srcdir/tests/mmu/lib.sh"

need x86_64-linux-gnu-gcc gcc-x86-64-linux-gnu
need qemu-system-x86_64 qemu-system-x86
build npt
run qemu-system-x86_64 -accel tcg -cpu EPYC,+svm,+npt,+la57 -m 256M -nodefaults -display none -serial stdio \
  -no-reboot -device isa-debug-exit,iobase=0xf4,iosize=4 -kernel "$folder/image.mb" 2>/dev/null
