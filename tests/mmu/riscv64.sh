# SPDX-License-Identifier: MPL-2.0
# The G-stage of RISC-V: HS mode under QEMU, without memory types in entries and with them.
. "$srcdir/tests/mmu/lib.sh"

# with MEMORY_TYPES: Svpbmt is true or false
with()
{
  run qemu-system-riscv64 -M virt -cpu rv64,h=true,svpbmt="$1" -m 256M -bios none -nographic -kernel "$image"
}

need riscv64-linux-gnu-gcc gcc-riscv64-linux-gnu
need qemu-system-riscv64 qemu-system-misc
build riscv64
{ with false && with true; } | one_plan 2
