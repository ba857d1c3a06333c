// SPDX-License-Identifier: MPL-2.0
/* Guest memory whose contents come when they are first wanted. */
#include "vmm/memory/lazy.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/base/file.h"

#define CHUNK_PAGES 512u /* under one lock */
#define BATCH_PAGES 64u  /* read at a time */

int mz_lazy_init(struct mz_lazy *lazy, const struct mz_ram *ram,
		 const struct mz_page_source *source, struct mz_failure *failure)
{
	uint64_t pages = ram->file_bytes / MZ_RAM_PAGE;

	*lazy = (struct mz_lazy) {.ram = ram, .source = *source, .page_count = pages};
	lazy->brought = calloc(pages / 64 + 1, sizeof(lazy->brought[0]));
	if (!lazy->brought)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "no memory");
	for (unsigned i = 0; i < MZ_LAZY_LOCKS; i++)
		pthread_mutex_init(&lazy->locks[i], NULL);
	lazy->reads = (struct mz_reads) {
		.patience_ns = source->patience_ns,
		.context = source->context,
		.stuck = source->stuck,
	};
	return mz_reads_begin(&lazy->reads, failure);
}

void mz_lazy_destroy(struct mz_lazy *lazy)
{
	if (!lazy->brought)
		return;
	for (unsigned i = 0; i < MZ_LAZY_LOCKS; i++)
		pthread_mutex_destroy(&lazy->locks[i]);
	mz_reads_end(&lazy->reads);
	free(lazy->brought);
	lazy->brought = NULL;
}

bool mz_lazy_has(const struct mz_lazy *lazy, uint64_t page)
{
	return __atomic_load_n(&lazy->brought[page / 64], __ATOMIC_ACQUIRE) >> page % 64 & 1;
}

static void note(struct mz_lazy *lazy, uint64_t page)
{
	__atomic_fetch_or(&lazy->brought[page / 64], UINT64_C(1) << page % 64, __ATOMIC_RELEASE);
}

/*
 * Written by the descriptor: a mapping of the file would want the page from us. Each page appears
 * whole, for the kernel holds it until it is written.
 */
static int put(const struct mz_lazy *lazy, const unsigned char *data, uint64_t first,
	       uint64_t count, struct mz_failure *failure)
{
	if (mz_file_write_at(lazy->ram->fd, data, count * MZ_RAM_PAGE, first * MZ_RAM_PAGE))
		return mz_fail(failure, MZ_STATUS_HOST_FAILED,
			       "cannot fill in guest memory from page %" PRIu64 " on: %s", first,
			       strerror(errno));
	return 0;
}

/* Those from `first` on that are alike: to be read, or nothing but zeros. */
static uint64_t run_at(const struct mz_lazy *lazy, uint64_t first, uint64_t end, bool *present)
{
	uint64_t page = first + 1;

	*present = lazy->source.present(lazy->source.context, first);
	while (page < end && page - first < BATCH_PAGES && !mz_lazy_has(lazy, page) &&
	       lazy->source.present(lazy->source.context, page) == *present)
		page++;
	return page - first;
}

static int read_pages(struct mz_lazy *lazy, uint64_t first, uint64_t count, void *buffer,
		      struct mz_failure *failure)
{
	struct mz_read read;
	int result;

	mz_read_begin(&lazy->reads, &read, first, count);
	result = lazy->source.read(lazy->source.context, first, count, buffer, failure);
	mz_read_done(&lazy->reads, &read);
	return result;
}

/* Of one chunk, whose lock is held. */
static int bring(struct mz_lazy *lazy, uint64_t first, uint64_t end, unsigned char *buffer,
		 struct mz_failure *failure)
{
	uint64_t count;

	for (uint64_t page = first; page < end; page += count) {
		bool present;

		count = 1;
		if (mz_lazy_has(lazy, page))
			continue;
		count = run_at(lazy, page, end, &present);
		if (present &&
		    (read_pages(lazy, page, count, buffer, failure) ||
		     put(lazy, buffer, page, count, failure)))
			return -1;
		for (uint64_t i = 0; i < count; i++)
			note(lazy, page + i);
	}
	return 0;
}

static bool has_all(const struct mz_lazy *lazy, uint64_t first, uint64_t end)
{
	while (first < end && mz_lazy_has(lazy, first))
		first++;
	return first == end;
}

/* By chunks, so that others wait for no more than they must. */
static int bring_all(struct mz_lazy *lazy, uint64_t page, uint64_t last, struct mz_failure *failure)
{
	unsigned char *buffer = malloc((size_t)BATCH_PAGES * MZ_RAM_PAGE);
	int result = 0;

	if (!buffer)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "no memory");
	while (page < last && !result) {
		uint64_t end = (page / CHUNK_PAGES + 1) * CHUNK_PAGES;
		pthread_mutex_t *lock = &lazy->locks[page / CHUNK_PAGES % MZ_LAZY_LOCKS];

		end = end < last ? end : last;
		pthread_mutex_lock(lock);
		result = bring(lazy, page, end, buffer, failure);
		pthread_mutex_unlock(lock);
		page = end;
	}
	free(buffer);
	return result;
}

int mz_lazy_try(struct mz_lazy *lazy, uint64_t offset, uint64_t bytes, struct mz_failure *failure)
{
	uint64_t page = offset / MZ_RAM_PAGE;
	uint64_t last = (offset + bytes + MZ_RAM_PAGE - 1) / MZ_RAM_PAGE;

	if (last > lazy->page_count)
		last = lazy->page_count;
	if (page >= last || has_all(lazy, page, last))
		return 0;
	return bring_all(lazy, page, last, failure);
}

int mz_lazy_bring(struct mz_lazy *lazy, uint64_t offset, uint64_t bytes, struct mz_failure *failure)
{
	if (!mz_lazy_try(lazy, offset, bytes, failure))
		return 0;
	lazy->source.failed(lazy->source.context, failure);
	return -1;
}
