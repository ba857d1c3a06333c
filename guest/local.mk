# SPDX-License-Identifier: MPL-2.0
# Guests.

# A guest is one word in one of these lists. guest/NAME.elf is made from guest/NAME.c and guest/lib/: GUESTS64 for long
# mode, GUESTS32 for a multiboot loader, GUESTS_MULTIBOOT2, GUESTS_PVH and GUESTS_PLAIN32 for what their names say.
# GUESTS_LINUX32 are made into the bzImages guest/NAME.bin. GUESTS_FLAT and GUESTS_FLAT32 are built a second time, as the
# flat image guest/NAME.bin; GUESTS_FLAT16 are nothing else. GUESTS_LOW are guest/NAME.elf, too, from assembly alone, for low
# memory. GUESTS_INSIDE are for a guest that is Linux: guest/NAME.
GUESTS64 = \
	again \
	demo \
	echo \
	fuzzed \
	halt \
	hello \
	loop \
	mmio \
	nested \
	ports \
	registers \
	ring3 \
	rom \
	share \
	status \
	steps \
	toucher \
	triple \
	wild \
	wildmmio \
	writer
GUESTS32 = \
	hello32 \
	mp
GUESTS_MULTIBOOT2 = \
	multiboot2
GUESTS_PVH = \
	pvh
GUESTS_PLAIN32 = \
	plain32
GUESTS_LINUX32 = \
	linux32
GUESTS_FLAT = \
	hello
GUESTS_FLAT32 = \
	plain32
GUESTS_INSIDE = \
	mark \
	vsock
GUESTS_FLAT16 = \
	real16
GUESTS_LOW = \
	leave32
FLAT_ADDRESS = 0x200000
FLAT16_ADDRESS = 0x7c00
LOW_ADDRESS = 0x8000
# So that what is behind the setup part lies at 1 MiB: see guest/lib/start_linux32.S.
LINUX32_ADDRESS = 0xffc00

guests_all32 = $(GUESTS32) $(GUESTS_MULTIBOOT2) $(GUESTS_PVH) $(GUESTS_PLAIN32)
guest_images = $(GUESTS64:%=guest/%.elf) $(guests_all32:%=guest/%.elf) $(GUESTS_FLAT:%=guest/%.bin) \
	$(GUESTS_FLAT32:%=guest/%.bin) $(GUESTS_FLAT16:%=guest/%.bin) $(GUESTS_LINUX32:%=guest/%.bin) \
	$(GUESTS_LOW:%=guest/%.elf) $(GUESTS_INSIDE:%=guest/%)
guest_sources = $(GUESTS64:%=guest/%.c) $(guests_all32:%=guest/%.c) $(GUESTS_FLAT16:%=guest/%.S) \
	$(GUESTS_LINUX32:%=guest/%.c) $(GUESTS_LOW:%=guest/%.S) $(GUESTS_INSIDE:%=guest/%.S) \
	$(guest_headers) $(guest_layout) $(guest_lib:%=guest/lib/%.c) $(guest_lib64:%=guest/lib/%.S) \
	$(guest_lib32:%=guest/lib/%.S)
guest_headers = guest/fuzz.h guest/lib/enter32.S guest/lib/guest.h guest/lib/machine.h guest/lib/mode32.h guest/lib/ports.h
guest_layout = guest/lib/image.lds
guest_lib = finish print serial words
guest_lib64 = ring3 start64
guest_lib32 = start32 start_linux32 start_multiboot2 start_plain32 start_pvh

# The guest that has a guest. The memory functions are what compilers call for structs.
nested_sources = guest/nested/mark.S guest/nested/nested.h $(nested_own:%=guest/nested/%.c)
nested_own = inner processor stage svm vmx
nested_objects = guest/64/nested/mark.o $(nested_own:%=guest/64/nested/%.o) guest/64/mmu/ept/enter.o \
	guest/64/mmu/npt/enter.o guest/64/lib/memory.o
guest/64/nested.o $(nested_objects): guest/nested/nested.h guest/mmu/ept/cpu.h guest/mmu/ept/enter.h guest/mmu/ept/vmcs.h \
	guest/mmu/npt/enter.h guest/mmu/npt/vmcb.h guest/mmu/x86/cpu.h

# Fixed, whatever the host's programs are built with: nothing here may need a library or the vector registers.
GUEST_COMPILER_FLAGS = -std=c17 $(WARN_CFLAGS) -O2 -ffreestanding -fno-pic -fno-pie -fno-stack-protector -fcf-protection=none \
	-fno-asynchronous-unwind-tables -mgeneral-regs-only -mno-red-zone
GUEST_LINKER_FLAGS = -nostdlib -static -Wl,-T,$(srcdir)/$(guest_layout) -Wl,--build-id=none \
	-Wl,-z,max-page-size=4096 -Wl,-z,noexecstack
GUEST_COMPILE = $(AM_V_CC)$(MKDIR_P) $(@D) && $(CC) -I$(top_srcdir) $(GUEST_COMPILER_FLAGS)
GUEST_LINK = $(AM_V_CCLD)$(CC) $(GUEST_LINKER_FLAGS)

guest_common64 = $(guest_lib64:%=guest/64/lib/%.o) $(guest_lib:%=guest/64/lib/%.o)
guest_common32 = $(guest_lib:%=guest/32/lib/%.o)

# What a fuzzer is to see of a guest.
guest/64/fuzzed.o: GUEST_COMPILER_FLAGS += -fsanitize-coverage=trace-pc
guest/64/%.o: $(srcdir)/guest/%.c $(guest_headers) Makefile
	$(GUEST_COMPILE) -m64 -c -o $@ $<
guest/64/%.o: $(srcdir)/guest/%.S $(guest_headers) Makefile
	$(GUEST_COMPILE) -m64 -c -o $@ $<
guest/32/%.o: $(srcdir)/guest/%.c $(guest_headers) Makefile
	$(GUEST_COMPILE) -m32 -c -o $@ $<
guest/32/%.o: $(srcdir)/guest/%.S $(guest_headers) Makefile
	$(GUEST_COMPILE) -m32 -c -o $@ $<

$(GUESTS64:%=guest/%.elf): guest/%.elf: guest/64/%.o $(guest_common64) $(guest_layout)
	$(GUEST_LINK) -m64 -o $@ $(filter %.o,$^)
guest/nested.elf: $(nested_objects)
$(GUESTS32:%=guest/%.elf): guest/%.elf: guest/32/lib/start32.o
$(GUESTS_MULTIBOOT2:%=guest/%.elf): guest/%.elf: guest/32/lib/start_multiboot2.o
$(GUESTS_PVH:%=guest/%.elf): guest/%.elf: guest/32/lib/start_pvh.o
$(GUESTS_PLAIN32:%=guest/%.elf): guest/%.elf: guest/32/lib/start_plain32.o
$(guests_all32:%=guest/%.elf): guest/%.elf: guest/32/%.o $(guest_common32) $(guest_layout)
	$(GUEST_LINK) -m32 -o $@ $(filter %.o,$^)
$(GUESTS_FLAT32:%=guest/%.bin): guest/%.bin: guest/32/%.o guest/32/lib/start_plain32.o $(guest_common32) $(guest_layout)
	$(GUEST_LINK) -m32 -Wl,-Ttext=$(FLAT_ADDRESS) -o $@.elf $(filter %.o,$^)
	$(AM_V_at)$(OBJCOPY) -O binary $@.elf $@ && rm -f $@.elf
$(GUESTS_LINUX32:%=guest/%.bin): guest/%.bin: guest/32/%.o guest/32/lib/start_linux32.o $(guest_common32) $(guest_layout)
	$(GUEST_LINK) -m32 -Wl,-Ttext=$(LINUX32_ADDRESS) -o $@.elf $(filter %.o,$^)
	$(AM_V_at)$(OBJCOPY) -O binary $@.elf $@ && rm -f $@.elf
$(GUESTS_FLAT16:%=guest/%.bin): guest/%.bin: guest/32/%.o $(guest_layout)
	$(GUEST_LINK) -m32 -Wl,-Ttext=$(FLAT16_ADDRESS) -o $@.elf $(filter %.o,$^)
	$(AM_V_at)$(OBJCOPY) -O binary $@.elf $@ && rm -f $@.elf
$(GUESTS_LOW:%=guest/%.elf): guest/%.elf: guest/32/%.o $(guest_layout)
	$(GUEST_LINK) -m32 -Wl,-Ttext=$(LOW_ADDRESS) -o $@ $<
$(GUESTS_INSIDE:%=guest/%): guest/%: guest/64/%.o
	$(AM_V_CCLD)$(CC) -nostdlib -static -no-pie -Wl,--build-id=none -o $@ $<
$(GUESTS_FLAT:%=guest/%.bin): guest/%.bin: guest/64/%.o $(guest_common64) $(guest_layout)
	$(GUEST_LINK) -m64 -Wl,-Ttext=$(FLAT_ADDRESS) -o $@.elf $(guest_common64) guest/64/$*.o
	$(AM_V_at)$(OBJCOPY) -O binary $@.elf $@ && rm -f $@.elf

# A hypervisor on bare metal that runs one of GUESTS64 itself: guest/bare.mb, which a multiboot loader takes for what it
# wants, a 32-bit file. The sanitizers' libmezz is not for bare metal.
bare_sources = $(bare_own:%=guest/bare/%.c) guest/bare/bare.h
bare_own = load main move report run space
bare_shared = mmu/npt/svm mmu/x86/machine lib/memory lib/print lib/serial
bare_assembly = mmu/npt/enter mmu/x86/start
bare_objects = $(bare_assembly:%=guest/64/%.o) $(bare_shared:%=guest/64/%.o) $(bare_own:%=guest/64/bare/%.o)
$(bare_objects): guest/bare/bare.h guest/mmu/npt/enter.h guest/mmu/npt/svm.h guest/mmu/npt/vmcb.h guest/mmu/x86/machine.h guest/mmu/x86/x86.h

guest/bare.mb: $(bare_objects) libmezz.la $(guest_layout)
	$(GUEST_LINK) -m64 -o $@.elf $(bare_objects) .libs/libmezz.a
	$(AM_V_at)$(OBJCOPY) --strip-debug -O elf32-i386 $@.elf $@ && rm -f $@.elf

if !SANITIZERS
guest_images += guest/bare.mb
endif

if BUILD_VMM
guestsdir = $(pkgdatadir)/guests
guests_DATA = $(guest_images)
endif

CLEANFILES = $(guest_images) vmm/picture/template.c
clean-local:
	rm -rf guest/32 guest/64 mmu-images

EXTRA_DIST += \
	$(bare_sources) \
	$(guest_sources) \
	$(nested_sources) \
	guest/README.md
