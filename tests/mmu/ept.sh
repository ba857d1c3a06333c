# SPDX-License-Identifier: MPL-2.0
# Extended page tables of Intel's VMX: under Bochs.
. "$srcdir/tests/mmu/lib.sh"
. "$srcdir/tests/mmu/bochs.sh"

need x86_64-linux-gnu-gcc gcc-x86-64-linux-gnu
need_bochs
build ept
run_bochs tigerlake
