# SPDX-License-Identifier: MPL-2.0
include guest/mmu/x86/x86.mk
# There is no nested guest.
SOURCES := $(filter-out guest/mmu/x86/guest.c guest/mmu/x86/stub.S,$(SOURCES))
LIBRARY := $(wildcard arch/x86/npt*.c) arch/x86/ia32e.c arch/x86/ia32e5.c arch/x86/paging_hardware.c
