// SPDX-License-Identifier: MPL-2.0
/* RAM that machines share copy-on-write. */
#include "vmm/memory/frozen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/base/file.h"
#include "vmm/memory/contents.h"

/* Linux 5.1 and later: mappings that are there may still be written to, until they are gone. */
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW)

static int fail(struct mz_failure *failure)
{
	return mz_fail(failure, MZ_STATUS_HOST_FAILED, "cannot share guest memory: %s",
		       strerror(errno));
}

/*
 * What is written there is the mapping's own: at an address, or where there is room. Guest memory
 * is overcommitted, and so is what becomes of it.
 */
static void *map_private(void *at, uint64_t bytes, int file)
{
	return mmap(at, bytes, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_NORESERVE | (at ? MAP_FIXED : 0), file, 0);
}

static int map_own(struct mz_ram *ram, int file)
{
	return map_private(ram->guest, ram->file_bytes, file) == MAP_FAILED ? -1 : 0;
}

/* Addresses where the guest's mapping can be unmapped later. */
static int make_room(struct mz_ram *ram)
{
	uint64_t bytes = ram->file_bytes + MZ_HUGE_PAGE;
	void *room = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
			  0);

	if (room == MAP_FAILED)
		return -1;
	ram->past[0] = (struct mz_past) {room, bytes};
	return 0;
}

/* Page tables move as they are if both places begin at a multiple of MZ_HUGE_PAGE. */
static int move_away(const struct mz_ram *ram)
{
	unsigned char *room = ram->past[0].at;
	uintptr_t rest = (uintptr_t)room % MZ_HUGE_PAGE;

	room += rest ? MZ_HUGE_PAGE - rest : 0;
	return mremap(ram->guest, ram->file_bytes, ram->file_bytes, MREMAP_MAYMOVE | MREMAP_FIXED,
		      room) == MAP_FAILED
		? -1
		: 0;
}

/* What it takes to tell pages of its own from those of the file. */
static int prepare_own(struct mz_ram *ram)
{
	if (!ram->own)
		ram->own = calloc(ram->file_bytes / MZ_HUGE_PAGE / 64 + 1, sizeof(ram->own[0]));
	if (ram->pagemap < 0)
		ram->pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	return ram->own && ram->pagemap >= 0 ? 0 : -1;
}

int mz_ram_check_share(const struct mz_ram *ram, struct mz_failure *failure)
{
	if (ram->huge == MZ_HUGE_NONE && !ram->share_count)
		return 0;
	return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
		       "memory on huge pages, or with shares, cannot be shared copy-on-write");
}

int mz_ram_share(struct mz_ram *ram, struct mz_failure *failure)
{
	if (mz_ram_check_share(ram, failure))
		return -1;
	/* A file stays sealed: so what may well fail comes before. */
	if (prepare_own(ram) || make_room(ram) ||
	    fcntl(ram->fd, F_ADD_SEALS, SEALS | F_SEAL_FUTURE_WRITE) || move_away(ram) ||
	    map_own(ram, ram->fd)) {
		fail(failure);
		mz_ram_shed(ram);
		return -1;
	}
	ram->past[1] = (struct mz_past) {ram->alias, ram->window_bytes};
	ram->alias = ram->guest;
	ram->cow = true;
	return 0;
}

void mz_ram_shed(struct mz_ram *ram)
{
	for (unsigned i = 0; i < 2; i++) {
		if (ram->past[i].at)
			munmap(ram->past[i].at, ram->past[i].bytes);
		ram->past[i].at = NULL;
	}
}

/* ---- Taking ---- */

/* Where the machine has pages of its own, they go to a file, which is made for the first. */
static int copy_own(const struct mz_ram *ram, int *over)
{
	struct mz_extent own = {0};

	do {
		if (mz_contents_next_own(ram, own.offset + own.bytes, ram->file_bytes, &own))
			return -1;
		if (own.bytes && *over < 0) {
			*over = mz_huge_file(MZ_HUGE_NONE);
			if (*over < 0 || ftruncate(*over, (off_t)ram->file_bytes))
				return -1;
		}
		if (mz_file_write_at(*over, ram->guest + own.offset, own.bytes, own.offset))
			return -1;
	} while (own.bytes);
	return *over < 0 ? 0 : fcntl(*over, F_ADD_SEALS, SEALS | F_SEAL_WRITE);
}

int mz_frozen_take(struct mz_frozen *frozen, const struct mz_ram *ram, struct mz_failure *failure)
{
	frozen->over = -1;
	frozen->file = fcntl(ram->fd, F_DUPFD_CLOEXEC, 0);
	if (frozen->file >= 0 && !copy_own(ram, &frozen->over))
		return 0;
	fail(failure);
	mz_frozen_close(frozen);
	return -1;
}

void mz_frozen_close(struct mz_frozen *frozen)
{
	if (frozen->file >= 0)
		close(frozen->file);
	if (frozen->over >= 0)
		close(frozen->over);
	frozen->file = frozen->over = -1;
}

/* ---- What is done with it ---- */

static bool is_sealed(int file, uint64_t bytes)
{
	int seals = fcntl(file, F_GET_SEALS);
	struct stat stat;

	return seals >= 0 && (seals & SEALS) == SEALS &&
		(seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) != 0 && !fstat(file, &stat) &&
		S_ISREG(stat.st_mode) && (uint64_t)stat.st_size == bytes;
}

int mz_frozen_check(const struct mz_frozen *frozen, uint64_t bytes, struct mz_failure *failure)
{
	if (is_sealed(frozen->file, bytes) && (frozen->over < 0 || is_sealed(frozen->over, bytes)))
		return 0;
	return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
		       "what should be guest memory is no sealed memory file of %llu bytes",
		       (unsigned long long)bytes);
}

/* Puts what stands over the file into a mapping of it, and notes where in `own`, unless NULL. */
static int put_over(const struct mz_frozen *frozen, unsigned char *at, uint64_t bytes,
		    uint64_t *own)
{
	struct mz_extent part = {0};

	while (frozen->over >= 0) {
		if (mz_contents_next(frozen->over, part.offset + part.bytes, bytes, &part))
			return -1;
		if (part.bytes == 0)
			break;
		if (own)
			mz_contents_note_own(own, part.offset, part.bytes);
		if (mz_file_read_at(frozen->over, at + part.offset, part.bytes, part.offset) !=
		    (int64_t)part.bytes)
			return -1;
	}
	return 0;
}

int mz_frozen_map_(struct mz_ram *ram, const struct mz_frozen *frozen)
{
	ram->cow = true;
	ram->fd = fcntl(frozen->file, F_DUPFD_CLOEXEC, 0);
	if (ram->fd < 0 || prepare_own(ram) || map_own(ram, ram->fd))
		return -1;
	return put_over(frozen, ram->guest, ram->file_bytes, ram->own);
}

unsigned char *mz_frozen_view(const struct mz_frozen *frozen, uint64_t bytes)
{
	unsigned char *view = map_private(NULL, bytes, frozen->file);

	if (view == MAP_FAILED)
		return NULL;
	if (!put_over(frozen, view, bytes, NULL))
		return view;
	munmap(view, bytes);
	return NULL;
}
