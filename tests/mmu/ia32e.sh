# SPDX-License-Identifier: MPL-2.0
# x86-64 stage 1, of 4 levels and of 5, under QEMU: the image is that of the platform kvm.
. "$srcdir/tests/mmu/lib.sh"

need x86_64-linux-gnu-gcc gcc-x86-64-linux-gnu
need qemu-system-x86_64 qemu-system-x86
# These may go on side by side.
builddir=$builddir/mmu-images/ia32e
build kvm
run qemu-system-x86_64 -accel tcg -cpu max -m 256M -nodefaults -display none -serial stdio -no-reboot \
  -device isa-debug-exit,iobase=0xf4,iosize=4 -kernel "$folder/image.mb" 2>/dev/null
