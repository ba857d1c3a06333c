# SPDX-License-Identifier: MPL-2.0
include guest/mmu/x86/x86.mk
LIBRARY := $(wildcard arch/x86/*.c)
