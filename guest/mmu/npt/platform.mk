# SPDX-License-Identifier: MPL-2.0
include guest/mmu/x86/x86.mk
LIBRARY := $(wildcard arch/x86/npt*.c) arch/x86/ia32e.c arch/x86/ia32e5.c arch/x86/paging_hardware.c
