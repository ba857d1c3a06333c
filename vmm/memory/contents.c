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

#define ENTRIES (MZ_HUGE_PAGE / MZ_RAM_PAGE) /* read at a time */

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

void mz_contents_note_own(uint64_t *own, uint64_t offset, uint64_t bytes)
{
	for (uint64_t huge = offset / MZ_HUGE_PAGE; huge <= (offset + bytes - 1) / MZ_HUGE_PAGE;
	     huge++)
		__atomic_fetch_or(&own[huge / 64], UINT64_C(1) << huge % 64, __ATOMIC_RELEASE);
}

/* Where pages around `offset` may be the machine's own. */
static bool may_own(const struct mz_ram *ram, uint64_t offset)
{
	uint64_t huge = offset / MZ_HUGE_PAGE;

	return !ram->paged ||
		(__atomic_load_n(&ram->own[huge / 64], __ATOMIC_ACQUIRE) >> huge % 64 & 1);
}

static uint64_t huge_end(uint64_t offset, uint64_t end)
{
	uint64_t next = (offset / MZ_HUGE_PAGE + 1) * MZ_HUGE_PAGE;

	return next < end ? next : end;
}

static bool is_own(uint64_t entry)
{
	return (entry & (PAGE_PRESENT | PAGE_SWAPPED)) != 0 && (entry & PAGE_OF_FILE) == 0;
}

/* Reads what the kernel tells of pages of one MZ_HUGE_PAGE; answers of how many, or -1. */
static ssize_t look(const struct mz_ram *ram, uint64_t from, uint64_t end, uint64_t *entries)
{
	uint64_t count = (end - from) / MZ_RAM_PAGE;
	uint64_t page = ((uintptr_t)ram->guest + from) / MZ_RAM_PAGE;
	ssize_t got;

	got = pread(ram->pagemap, entries, count * sizeof(entries[0]),
		    (off_t)(page * sizeof(entries[0])));
	if (got >= 0 && got < (ssize_t)sizeof(entries[0])) {
		errno = EIO;
		return -1;
	}
	return got < 0 ? -1 : got / (ssize_t)sizeof(entries[0]);
}

/* Goes on with an extent over pages from `at` on. True: it has ended there. */
static bool extend(struct mz_extent *extent, uint64_t at, const uint64_t *entries, ssize_t count)
{
	for (ssize_t i = 0; i < count; i++, at += MZ_RAM_PAGE) {
		if (is_own(entries[i]) && extent->bytes == 0)
			extent->offset = at;
		if (is_own(entries[i]))
			extent->bytes += MZ_RAM_PAGE;
		else if (extent->bytes)
			return true;
	}
	return false;
}

int mz_contents_next_own(const struct mz_ram *ram, uint64_t from, uint64_t end,
			 struct mz_extent *extent)
{
	uint64_t entries[ENTRIES], at = from;

	*extent = (struct mz_extent) {.offset = end};
	while (at < end) {
		uint64_t stop = huge_end(at, end);
		ssize_t count;

		if (!may_own(ram, at)) {
			if (extent->bytes)
				return 0;
			at = stop;
			continue;
		}
		count = look(ram, at, stop, entries);
		if (count < 0)
			return -1;
		if (extend(extent, at, entries, count))
			return 0;
		at += (uint64_t)count * MZ_RAM_PAGE;
	}
	return 0;
}
