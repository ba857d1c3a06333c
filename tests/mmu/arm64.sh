# SPDX-License-Identifier: MPL-2.0
# Arm's stage 2: EL2 under QEMU.
. "$srcdir/tests/mmu/lib.sh"

need aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu
need qemu-system-aarch64 qemu-system-arm
build arm64
run qemu-system-aarch64 -M virt,virtualization=on -cpu max -m 512M -nographic -kernel "$image"
