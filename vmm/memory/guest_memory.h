/* SPDX-License-Identifier: MPL-2.0 */
/* Guest memory as the guest's processor sees it: through its own page tables. For looking only. */
#ifndef MZ_VMM_GUEST_MEMORY_H
#define MZ_VMM_GUEST_MEMORY_H

#include "core/walk.h"
#include "vmm/memory/ram.h"

#ifdef __cplusplus
extern "C" {
#endif

enum mz_paging {
	MZ_PAGING_OFF,     /* addresses are guest-physical as they are */
	MZ_PAGING_4_LEVEL, /* x86-64 */
	MZ_PAGING_OTHER,   /* 32-bit, PAE or 5-level: not followed */
};

/* How a processor translates. */
struct mz_guest_paging {
	enum mz_paging kind;
	uint64_t root;
};

/* From the control registers. Source: Intel SDM volume 3A, section 4.1.1 "Four paging modes". */
struct mz_guest_paging mz_guest_paging(uint64_t cr0, uint64_t cr3, uint64_t cr4, uint64_t efer);

/* Walks the guest's 4-level tables. Errors as for mz_walk_root(). */
enum mz_error mz_guest_walk(const struct mz_ram *ram, const struct mz_guest_paging *paging,
			    uint64_t address, struct mz_walk *walk);

/* Where a linear address leads. False: nowhere, or it can't be told. */
bool mz_guest_translate(const struct mz_ram *ram, const struct mz_guest_paging *paging,
			uint64_t address, uint64_t *gpa);

/*
 * Copies bytes at a linear address; answers how many could be had before the first that is not
 * memory.
 */
size_t mz_guest_read(const struct mz_ram *ram, const struct mz_guest_paging *paging,
		     uint64_t address, unsigned char *bytes, size_t count);

#ifdef __cplusplus
}
#endif

#endif
