# SPDX-License-Identifier: MPL-2.0
# The library: core, arch and ept.

# Freestanding: it needs nothing but memcpy, memmove, memset and memcmp.
lib_LTLIBRARIES = libmezz.la
libmezz_la_CPPFLAGS = -I$(top_srcdir) $(DEBUG_CPPFLAGS)
libmezz_la_CFLAGS = -std=c17 -ffreestanding -fno-semantic-interposition -fno-stack-protector $(WARN_CFLAGS) \
	$(SANITIZE_CFLAGS)
libmezz_la_LDFLAGS = -no-undefined -export-symbols-regex '^mz_' -version-info 0:0:0
# What knows no format, and the formats.
format_free_sources = \
	core/body/arguments.h \
	core/body/cursor.h \
	core/body/drop.h \
	core/body/entry.h \
	core/body/fill.h \
	core/body/find.h \
	core/body/harvest.h \
	core/body/items.h \
	core/body/map.h \
	core/body/protect.h \
	core/body/range.h \
	core/body/split.h \
	core/body/unmap.h \
	core/body/write.h \
	core/check.c \
	core/child.c \
	core/clone.c \
	core/cursor.c \
	core/debug.c \
	core/dump.c \
	core/dump_json.c \
	core/entry.c \
	core/error.c \
	core/format_check.c \
	core/gather.c \
	core/guard.c \
	core/huge.c \
	core/mark.c \
	core/instance.h \
	core/node.c \
	core/reserve.c \
	core/runtime.c \
	core/table.c \
	core/text.h \
	core/visit.c \
	core/walk.c \
	ept/age.c \
	ept/change.c \
	ept/clone.c \
	ept/copies.h \
	ept/dirty.c \
	ept/fault.c \
	ept/fault.h \
	ept/fault_write.c \
	ept/gate.h \
	ept/huge.c \
	ept/pages.c \
	ept/pages_node.h \
	ept/pages_visit.c \
	ept/populate.c \
	ept/range.h \
	ept/regions.c \
	ept/space.c \
	ept/worker.c \
	ept/written.h
libmezz_la_SOURCES = \
	arch/arm/arm-format.h \
	arch/arm/entry.h \
	arch/arm/formats.c \
	arch/arm/hardware.c \
	arch/arm/s1_4k.c \
	arch/arm/s2_16k.c \
	arch/arm/s2_4k.c \
	arch/arm/s2_4k_40.c \
	arch/arm/s2_4k_full.c \
	arch/arm/s2_64k.c \
	arch/riscv/entry.h \
	arch/riscv/hardware.c \
	arch/riscv/sv39.c \
	arch/riscv/sv39x4.c \
	arch/riscv/sv48.c \
	arch/riscv/sv48x4.c \
	arch/riscv/sv57.c \
	arch/riscv/sv57x4.c \
	arch/x86/ept-format.h \
	arch/x86/ept.c \
	arch/x86/ept5.c \
	arch/x86/ept5_mbe.c \
	arch/x86/ept5_soft.c \
	arch/x86/ept_hardware.c \
	arch/x86/ept_mbe.c \
	arch/x86/ept_soft.c \
	arch/x86/ia32e.c \
	arch/x86/ia32e5.c \
	arch/x86/npt.c \
	arch/x86/npt5.c \
	arch/x86/npt5_gmet.c \
	arch/x86/npt_gmet.c \
	arch/x86/paging-format.h \
	arch/x86/paging_hardware.c \
	$(format_free_sources)

mezz_headersdir = $(includedir)/mezz
nobase_mezz_headers_HEADERS = \
	arch/arm/arm.h \
	arch/riscv/riscv.h \
	arch/x86/ept.h \
	arch/x86/ia32e.h \
	arch/x86/npt.h \
	arch/x86/pat.h \
	core/check.h \
	core/child.h \
	core/clone.h \
	core/config.h \
	core/cursor.h \
	core/debug.h \
	core/entry.h \
	core/env.h \
	core/error.h \
	core/fault.h \
	core/format.h \
	core/frame.h \
	core/gather.h \
	core/geometry.h \
	core/guard.h \
	core/huge.h \
	core/node.h \
	core/reserve.h \
	core/table.h \
	core/types.h \
	core/visit.h \
	core/walk.h \
	ept/age.h \
	ept/change.h \
	ept/clone.h \
	ept/dirty.h \
	ept/huge.h \
	ept/pages.h \
	ept/regions.h \
	ept/space.h

pkgconfig_DATA = libmezz.pc
