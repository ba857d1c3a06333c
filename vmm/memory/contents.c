// SPDX-License-Identifier: MPL-2.0
/* Which parts of RAM hold anything. */
#include "vmm/memory/contents.h"

#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

/* admin-guide/mm/pagemap of the Linux documentation. */
#define PAGE_OF_FILE (UINT64_C(1) << 61)
#define PAGE_SWAPPED (UINT64_C(1) << 62)
#define PAGE_PRESENT (UINT64_C(1) << 63)

#define ENTRIES 512u /* read at a time */

int mz_contents_next(int file, uint64_t from, uint64_t end, struct mz_extent *extent)
{
	off_t data = lseek(file, (off_t)from, SEEK_DATA);
	off_t hole = data < 0 ? 0 : lseek(file, data, SEEK_HOLE);

	*extent = (struct mz_extent) {.offset = end};
	if (data < 0)
		return errno == ENXIO ? 0 : -1;
	if (hole < 0)
		return -1;
	if ((uint64_t)data < end) {
		extent->offset = (uint64_t)data;
		extent->bytes = ((uint64_t)hole < end ? (uint64_t)hole : end) - extent->offset;
	}
	return 0;
}

static bool is_own(uint64_t entry)
{
	return (entry & (PAGE_PRESENT | PAGE_SWAPPED)) != 0 && (entry & PAGE_OF_FILE) == 0;
}

/* Reads what the kernel tells of pages from `from` on; answers of how many, or -1. */
static ssize_t look(const struct mz_ram *ram, uint64_t from, uint64_t end, uint64_t *entries)
{
	uint64_t count = (end - from) / MZ_RAM_PAGE;
	uint64_t page = ((uintptr_t)ram->guest + from) / MZ_RAM_PAGE;
	ssize_t got;

	count = count < ENTRIES ? count : ENTRIES;
	got = pread(ram->pagemap, entries, count * sizeof(entries[0]),
		    (off_t)(page * sizeof(entries[0])));
	if (got >= 0 && got < (ssize_t)sizeof(entries[0])) {
		errno = EIO;
		return -1;
	}
	return got < 0 ? -1 : got / (ssize_t)sizeof(entries[0]);
}

int mz_contents_next_own(const struct mz_ram *ram, uint64_t from, uint64_t end,
			 struct mz_extent *extent)
{
	uint64_t entries[ENTRIES], at = from;

	*extent = (struct mz_extent) {.offset = end};
	while (at < end) {
		ssize_t count = look(ram, at, end, entries);

		if (count < 0)
			return -1;
		for (ssize_t i = 0; i < count; i++, at += MZ_RAM_PAGE) {
			if (is_own(entries[i]) && extent->bytes == 0)
				extent->offset = at;
			if (is_own(entries[i]))
				extent->bytes += MZ_RAM_PAGE;
			else if (extent->bytes)
				return 0;
		}
	}
	return 0;
}
