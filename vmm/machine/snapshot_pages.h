/* SPDX-License-Identifier: MPL-2.0 */
/* Pages of guest memory, on their way into a snapshot. */
#ifndef MZ_VMM_SNAPSHOT_PAGES_H
#define MZ_VMM_SNAPSHOT_PAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/base/failure.h"
#include "vmm/snapshot/snapshot_writer.h"

struct mz_vm;

struct mz_snapshot_pages {
	int file;                          /* which parts of it hold data, */
	const unsigned char *memory;       /* and what that is */
	const struct mz_vm *vm;            /* whose end ends it; NULL: nobody's */
	bool incremental;                  /* what holds nothing has become zero */
	struct mz_snapshot_writer *writer; /* NULL: pages are only counted */
	uint64_t count;
};

/* Pages [page, end), by what there is of them. MZ_STATUS_HOST_FAILED. */
int mz_snapshot_add_pages(struct mz_snapshot_pages *pages, uint64_t page, uint64_t end,
			  struct mz_failure *failure);

#endif
