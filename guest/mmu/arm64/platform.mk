# SPDX-License-Identifier: MPL-2.0
# EL2 has its MMU off until its table is there: no unaligned accesses, and no vector registers.
TOOLS := aarch64-linux-gnu-
CPU_FLAGS := -mgeneral-regs-only -mno-outline-atomics -mstrict-align
LIBRARY := $(wildcard arch/arm/*.c)
