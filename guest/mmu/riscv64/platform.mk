# SPDX-License-Identifier: MPL-2.0
TOOLS := riscv64-linux-gnu-
CPU_FLAGS := -march=rv64imac_zicsr_zifencei -mabi=lp64 -mcmodel=medany -mno-relax
LIBRARY := $(wildcard arch/riscv/*.c)
LINK_FLAGS := -Wl,--no-relax
