# SPDX-License-Identifier: MPL-2.0
# The G-stage of RISC-V: HS mode under QEMU.
. "$srcdir/tests/mmu/lib.sh"

need riscv64-linux-gnu-gcc gcc-riscv64-linux-gnu
need qemu-system-riscv64 qemu-system-misc
build riscv64
run qemu-system-riscv64 -M virt -cpu rv64,h=true -m 256M -bios none -nographic -kernel "$image"
