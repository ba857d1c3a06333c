/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Huge pages behind guest memory: 2 MiB, with which the host maps, and KVM maps, what takes 512
 * pages otherwise. Sources: admin-guide/mm/transhuge and admin-guide/mm/hugetlbpage of the Linux
 * documentation, madvise(2), memfd_create(2).
 */
#ifndef MZ_VMM_HUGE_H
#define MZ_VMM_HUGE_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/base/failure.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MZ_HUGE_PAGE ((uint64_t)1 << 21)

enum mz_huge {
	MZ_HUGE_NONE,
	MZ_HUGE_THP,  /* transparent: where the kernel finds free ones */
	MZ_HUGE_POOL, /* hugetlb: of those that the administrator has reserved, all up front */
};

/* "none", "thp" or "hugetlb". */
const char *mz_huge_text(enum mz_huge huge);

/* Makes an empty memory file on such pages, which can be sealed. Answers the descriptor, or -1 with
 * errno. */
int mz_huge_file(enum mz_huge huge);

/*
 * Transparent ones: MZ_STATUS_HOST_LACKS if the kernel gives none to memory files, with what would
 * change that.
 */
int mz_huge_check(enum mz_huge huge, struct mz_failure *failure);

/* Why a mapping of `bytes` on the pool's pages was refused, and what would help. */
int mz_huge_explain(uint64_t bytes, int error, struct mz_failure *failure);

/* Asks for transparent huge pages in a mapping of a memory file. */
void mz_huge_advise(void *at, uint64_t bytes);

/* Maps a whole huge page that the memory file holds there by one entry. False: it can't. */
bool mz_huge_collapse(void *at);

/* How much of this mapping is mapped by huge pages, as the kernel tells. */
uint64_t mz_huge_mapped(const void *at, uint64_t bytes);

#ifdef __cplusplus
}
#endif

#endif
