// SPDX-License-Identifier: MPL-2.0
/* Pages of guest memory, on their way into a snapshot. */
#include "vmm/machine/snapshot_pages.h"

#include <errno.h>
#include <string.h>

#include "vmm/machine/machine.h"
#include "vmm/memory/contents.h"

#define PIECE 4096u /* pages */

/* In pieces, so that the end of the run need not wait for all of them. */
static int add(struct mz_snapshot_pages *pages, uint64_t first, uint64_t count, bool present,
	       struct mz_failure *failure)
{
	pages->count += count;
	while (pages->writer && count) {
		uint64_t piece = count < PIECE ? count : PIECE;

		if (pages->vm && mz_vm_over(pages->vm))
			return mz_fail(failure, MZ_STATUS_HOST_FAILED,
				       "the run has ended before all was saved");
		if (mz_snapshot_add(pages->writer, first, piece,
				    present ? pages->memory + first * MZ_RAM_PAGE : NULL, failure))
			return -1;
		first += piece;
		count -= piece;
	}
	return 0;
}

int mz_snapshot_add_pages(struct mz_snapshot_pages *pages, uint64_t page, uint64_t end,
			  struct mz_failure *failure)
{
	struct mz_extent part;
	uint64_t first;

	for (; page < end; page = first + part.bytes / MZ_RAM_PAGE) {
		if (mz_contents_next(pages->file, page * MZ_RAM_PAGE, end * MZ_RAM_PAGE, &part))
			return mz_fail(failure, MZ_STATUS_HOST_FAILED,
				       "cannot look at guest memory: %s", strerror(errno));
		first = part.offset / MZ_RAM_PAGE;
		if (pages->incremental && first > page &&
		    add(pages, page, first - page, false, failure))
			return -1;
		if (add(pages, first, part.bytes / MZ_RAM_PAGE, true, failure))
			return -1;
	}
	return 0;
}
