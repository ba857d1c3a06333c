# SPDX-License-Identifier: MPL-2.0
# What the platforms npt and ept share: see guest/mmu/README.md. OUT/PLATFORM/image.mb is the image for a multiboot
# loader, which takes 32-bit ELF.
TOOLS := x86_64-linux-gnu-
CPU_FLAGS := -m64 -mno-red-zone -mgeneral-regs-only -fcf-protection=none
LINK_FLAGS := -Wl,-z,max-page-size=4096
SOURCES += $(wildcard guest/mmu/x86/*.c guest/mmu/x86/*.S) guest/lib/serial.c

all: $(out)/image.mb
$(out)/image.mb: $(out)/image.elf
	$(TOOLS)objcopy -O elf32-i386 $< $@
