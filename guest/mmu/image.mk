# SPDX-License-Identifier: MPL-2.0
# Builds a platform's image, from the top of the tree, with a compiler that needs nothing else:
#
#     make -f guest/mmu/image.mk PLATFORM=riscv64 OUT=/some/build/folder SEED=1
#
# makes OUT/PLATFORM/image.elf. What a platform.mk sets is in guest/mmu/README.md.
all:

out := $(OUT)/$(PLATFORM)
SEED ?= 1

SOURCES := $(wildcard guest/mmu/$(PLATFORM)/*.c guest/mmu/$(PLATFORM)/*.S)
include guest/mmu/$(PLATFORM)/platform.mk

scenarios := $(wildcard guest/mmu/*.c) guest/lib/print.c guest/lib/memory.c
library := $(wildcard core/*.c ept/*.c) $(LIBRARY)
objects := $(patsubst %,$(out)/%.o,$(SOURCES) $(scenarios) $(library)) $(out)/seed.c.o
layout := guest/mmu/$(PLATFORM)/image.lds

# As an outside embedder builds the library: freestanding, and for one processor.
CC := $(TOOLS)gcc
FLAGS := -std=c17 -O2 -ffreestanding -fno-pic -fno-pie -fno-stack-protector -fno-asynchronous-unwind-tables \
	-fno-tree-loop-distribute-patterns -Wall -Wextra -Wshadow -Wconversion -Werror -I. -DMZ_UNIPROCESSOR \
	-MMD -MP $(CPU_FLAGS)

all: $(out)/image.elf

$(out)/image.elf: $(objects) $(layout)
	$(CC) $(FLAGS) $(LINK_FLAGS) -nostdlib -static -no-pie -Wl,-T,$(layout) -Wl,--build-id=none \
		-Wl,-z,noexecstack -Wl,--no-warn-rwx-segments -o $@ $(objects) $(LINK_LIBRARIES)

$(out)/%.o: % guest/mmu/image.mk guest/mmu/$(PLATFORM)/platform.mk
	@mkdir -p $(@D)
	$(CC) $(FLAGS) -c -o $@ $<

# The seed is compiled in: there is no way to hand it over that all platforms have.
$(out)/seed.c.o: $(out)/seed.c
	$(CC) $(FLAGS) -c -o $@ $<
$(out)/seed.c: $(out)/seed-$(SEED)
	echo '#include "guest/mmu/seed.h"' >$@
	echo 'const uint64_t mmu_seed = $(SEED);' >>$@
$(out)/seed-$(SEED):
	@mkdir -p $(@D)
	rm -f $(out)/seed-*
	touch $@

-include $(objects:.o=.d)
.PHONY: all
