// SPDX-License-Identifier: MPL-2.0
/* Write-protect events. */
#include "vmm/memory/protection.h"

#include <errno.h>
#include <stdlib.h>

#include "ept/dirty.h"
#include "vmm/memory/uffd.h"

#define WORD_PAGES 64u

/* Who waits to protect goes first: a guest that writes and writes must not keep him out. */
static int make_lock(pthread_rwlock_t *lock)
{
	pthread_rwlockattr_t attributes;
	int error = pthread_rwlockattr_init(&attributes);

	if (error)
		return error;
	pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	error = pthread_rwlock_init(lock, &attributes);
	pthread_rwlockattr_destroy(&attributes);
	return error;
}

int mz_protection_init(struct mz_protection *protection, const struct mz_ram *ram,
		       struct mz_failure *failure)
{
	uint64_t words = (ram->file_bytes / MZ_RAM_PAGE + WORD_PAGES - 1) / WORD_PAGES;

	*protection = (struct mz_protection) {.ram = ram};
	protection->written = calloc(words, sizeof(protection->written[0]));
	if (protection->written && !make_lock(&protection->lock))
		return 0;
	free(protection->written);
	protection->written = NULL;
	return mz_fail(failure, MZ_STATUS_HOST_FAILED, "no memory");
}

void mz_protection_destroy(struct mz_protection *protection)
{
	if (!protection->written)
		return;
	pthread_rwlock_destroy(&protection->lock);
	free(protection->written);
	protection->written = NULL;
}

int mz_protection_begin(struct mz_protection *protection, int uffd)
{
	const struct mz_ram *ram = protection->ram;
	int error;

	pthread_rwlock_wrlock(&protection->lock);
	error = mz_uffd_protect(uffd, ram->guest, ram->file_bytes, true);
	protection->on = !error;
	pthread_rwlock_unlock(&protection->lock);
	return error;
}

int mz_protection_let_in(struct mz_protection *protection, int uffd, uint64_t offset,
			 uint64_t bytes)
{
	const struct mz_ram *ram = protection->ram;
	int error;

	pthread_rwlock_rdlock(&protection->lock);
	error = mz_uffd_continue(uffd, ram->guest + offset, bytes, mz_ram_grain(ram),
				 protection->on);
	pthread_rwlock_unlock(&protection->lock);
	return error;
}

/* ---- Noting ---- */

static void note(const struct mz_protection *protection, uint64_t first, uint64_t count)
{
	for (uint64_t page = first; page < first + count; page++)
		__atomic_fetch_or(&protection->written[page / WORD_PAGES],
				  UINT64_C(1) << page % WORD_PAGES, __ATOMIC_RELAXED);
}

/*
 * Under the lock, for else the guest could write, and be held, and whoever then asks would not hear
 * of it yet.
 */
int mz_protection_lift(struct mz_protection *protection, int uffd, uint64_t offset)
{
	const struct mz_ram *ram = protection->ram;
	uint64_t grain = mz_ram_grain(ram);
	int error;

	offset -= offset % grain;
	pthread_rwlock_rdlock(&protection->lock);
	error = mz_uffd_protect(uffd, ram->guest + offset, grain, false);
	if (!error)
		note(protection, offset / MZ_RAM_PAGE, grain / MZ_RAM_PAGE);
	pthread_rwlock_unlock(&protection->lock);
	return error;
}

/* ---- Telling ---- */

static bool is_noted(const struct mz_protection *protection, uint64_t page)
{
	return protection->written[page / WORD_PAGES] >> page % WORD_PAGES & 1;
}

/* The first page from `page` on that is noted, or `end`. */
static uint64_t next_noted(const struct mz_protection *protection, uint64_t page, uint64_t end)
{
	while (page < end && !is_noted(protection, page)) {
		if (protection->written[page / WORD_PAGES] >> page % WORD_PAGES)
			page++;
		else
			page = (page / WORD_PAGES + 1) * WORD_PAGES;
	}
	return page < end ? page : end;
}

static void forget(const struct mz_protection *protection, uint64_t first, uint64_t end)
{
	for (uint64_t page = first; page < end; page++)
		protection->written[page / WORD_PAGES] &= ~(UINT64_C(1) << page % WORD_PAGES);
}

/* What is written once it is protected comes with the next event. */
static enum mz_error tell_run(const struct mz_protection *protection, int uffd,
			      struct mz_space *space, const struct mz_bank *bank, uint64_t first,
			      uint64_t end)
{
	uint64_t offset = first * MZ_RAM_PAGE, bytes = (end - first) * MZ_RAM_PAGE;
	enum mz_error error;

	errno = mz_uffd_protect(uffd, protection->ram->guest + offset, bytes, true);
	if (errno)
		return MZ_BAD_HOOKS;
	error = mz_space_written(space, mz_ia_from(bank->gpa + offset - bank->offset), bytes);
	if (!error)
		forget(protection, first, end);
	return error;
}

static enum mz_error tell_bank(const struct mz_protection *protection, int uffd,
			       struct mz_space *space, const struct mz_bank *bank)
{
	uint64_t page = bank->offset / MZ_RAM_PAGE, end = page + bank->bytes / MZ_RAM_PAGE;
	enum mz_error error = MZ_OK;

	while (!error && (page = next_noted(protection, page, end)) < end) {
		uint64_t first = page;

		while (page < end && is_noted(protection, page))
			page++;
		error = tell_run(protection, uffd, space, bank, first, page);
	}
	return error;
}

enum mz_error mz_protection_tell(struct mz_protection *protection, int uffd, struct mz_space *space)
{
	const struct mz_ram *ram = protection->ram;
	enum mz_error error = MZ_OK;

	pthread_rwlock_wrlock(&protection->lock);
	for (unsigned i = 0; i < ram->bank_count && !error; i++)
		error = tell_bank(protection, uffd, space, &ram->banks[i]);
	pthread_rwlock_unlock(&protection->lock);
	return error;
}
