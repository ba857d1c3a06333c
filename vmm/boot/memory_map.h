/* SPDX-License-Identifier: MPL-2.0 */
/* What a guest is told about its memory, by whatever protocol. */
#ifndef MZ_VMM_MEMORY_MAP_H
#define MZ_VMM_MEMORY_MAP_H

#include "vmm/memory/ram.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Where a PC's conventional memory ends, where its firmware keeps tables, and where memory goes on.
 */
#define MZ_MEMORY_LOWER_END   0x9fc00u
#define MZ_MEMORY_TABLES_BASE 0xe0000u
#define MZ_MEMORY_UPPER_BASE  0x100000u

/* As PC firmware numbers them: ACPI Specification 6.5, table 15.6. */
enum mz_memory_use {
	MZ_MEMORY_USABLE = 1,
	MZ_MEMORY_RESERVED = 2,
};

struct mz_memory_run {
	uint64_t base, bytes;
	enum mz_memory_use use;
};

#define MZ_MEMORY_RUN_MAX (MZ_BANK_MAX + 4 + MZ_SHARE_MAX) /* four in the low bank, the ROM */

/*
 * Lists the runs in ascending order, none of them empty; answers how many there are. What the boot
 * protocols have put below MZ_MEMORY_LOWER_END counts as usable: it is the guest's once it was
 * read.
 */
unsigned mz_memory_map(const struct mz_ram *ram, struct mz_memory_run runs[MZ_MEMORY_RUN_MAX]);

/* KiB of usable memory from 1 MiB on, up to the first hole. */
uint32_t mz_memory_upper_kib(const struct mz_ram *ram);

#ifdef __cplusplus
}
#endif

#endif
