/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Types of multiboot 2 information, which an image asks for by number. Source: Multiboot2
 * Specification version 2.0, section 3.6. Those that are not here are not given.
 */
#ifndef MZ_VMM_MULTIBOOT2_H
#define MZ_VMM_MULTIBOOT2_H

enum mz_multiboot2_type {
	MZ_MULTIBOOT2_END = 0,
	MZ_MULTIBOOT2_COMMAND_LINE = 1,
	MZ_MULTIBOOT2_LOADER = 2,
	MZ_MULTIBOOT2_MODULE = 3,
	MZ_MULTIBOOT2_MEMORY = 4,
	MZ_MULTIBOOT2_MEMORY_MAP = 6,
	MZ_MULTIBOOT2_RSDP_OLD = 14,
	MZ_MULTIBOOT2_RSDP = 15,
	MZ_MULTIBOOT2_LOAD_BASE = 21,
};

#endif
