// SPDX-License-Identifier: MPL-2.0
/* Guest memory: the memory files and their two windows. */
#include "vmm/memory/ram.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "vmm/memory/frozen.h"
#include "vmm/memory/layout.h"
#include "vmm/memory/lazy.h"
#include "vmm/memory/share.h"

static uint64_t up(uint64_t value, uint64_t unit)
{
	return (value + unit - 1) / unit * unit;
}

/* More than this could never be touched, so it is refused instead of killing the run half way. */
static uint64_t host_bytes(void)
{
	struct sysinfo info;

	if (sysinfo(&info))
		return UINT64_MAX;
	return ((uint64_t)info.totalram + info.totalswap) * info.mem_unit;
}

static int check_host(uint64_t bytes, struct mz_failure *failure)
{
	uint64_t host = host_bytes();

	if (bytes > host)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED,
			       "guest memory of %" PRIu64 " MiB is more than the %" PRIu64
			       " MiB of memory and swap that the host has",
			       bytes >> 20, host >> 20);
	return 0;
}

static int check_size(uint64_t bytes, uint64_t grain, struct mz_failure *failure)
{
	if (bytes == 0)
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT, "guest memory of 0 bytes");
	if (bytes % grain != 0)
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
			       "guest memory of %" PRIu64
			       " bytes is not a multiple of the page of %" PRIu64 " bytes",
			       bytes, grain);
	return check_host(bytes, failure);
}

/*
 * Addresses for a window, with nothing behind them yet. Their alignment is that of the guest's
 * addresses, without which nobody could map by huge pages.
 */
static unsigned char *reserve(uint64_t bytes)
{
	uint64_t all = bytes + MZ_HUGE_PAGE, skip;
	unsigned char *at = mmap(NULL, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
				 -1, 0);

	if (at == MAP_FAILED)
		return NULL;
	skip = up((uintptr_t)at, MZ_HUGE_PAGE) - (uintptr_t)at;
	if (skip > 0)
		munmap(at, skip);
	munmap(at + skip + bytes, MZ_HUGE_PAGE - skip);
	return at + skip;
}

static int map_file(unsigned char *at, uint64_t bytes, int fd)
{
	return mmap(at, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED
		? -1
		: 0;
}

/* In both windows, which may be one. */
static int map_twice(const struct mz_ram *ram, uint64_t offset, uint64_t bytes, int fd)
{
	if (map_file(ram->guest + offset, bytes, fd))
		return -1;
	return ram->alias == ram->guest ? 0 : map_file(ram->alias + offset, bytes, fd);
}

static int make_windows(struct mz_ram *ram, bool one)
{
	ram->guest = reserve(ram->window_bytes);
	ram->alias = one ? ram->guest : reserve(ram->window_bytes);
	return ram->guest && ram->alias ? 0 : -1;
}

static int make_file(struct mz_ram *ram)
{
	ram->fd = mz_huge_file(ram->huge);
	if (ram->fd < 0 || ftruncate(ram->fd, (off_t)ram->file_bytes) ||
	    map_twice(ram, 0, ram->file_bytes, ram->fd))
		return -1;
	if (ram->huge == MZ_HUGE_THP) {
		mz_huge_advise(ram->guest, ram->file_bytes);
		mz_huge_advise(ram->alias, ram->file_bytes);
	}
	return 0;
}

static void fill_rom(const struct mz_ram *ram)
{
	unsigned char *rom = ram->alias + ram->rom.offset;

	for (unsigned i = 0; i < MZ_ROM_BYTES; i++)
		rom[i] = (unsigned char)(i * 7 + 3);
}

/* The mappings keep its file. */
static int make_rom(const struct mz_ram *ram)
{
	int fd = mz_huge_file(MZ_HUGE_NONE);
	int result = fd < 0 || ftruncate(fd, MZ_ROM_BYTES) ||
			map_twice(ram, ram->rom.offset, MZ_ROM_BYTES, fd)
		? -1
		: 0;

	if (fd >= 0)
		close(fd);
	if (!result)
		fill_rom(ram);
	return result;
}

static int explain(const struct mz_ram *ram, int error, struct mz_failure *failure)
{
	if (ram->huge == MZ_HUGE_POOL)
		return mz_huge_explain(ram->bytes, error, failure);
	return mz_fail(failure, MZ_STATUS_HOST_FAILED,
		       "cannot make guest memory of %" PRIu64 " MiB: %s", ram->bytes >> 20,
		       strerror(error));
}

static int open_shares(struct mz_ram *ram, const struct mz_ram_config *config,
		       struct mz_failure *failure)
{
	if (config->share_count > MZ_SHARE_MAX)
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT, "more than %d shares",
			       MZ_SHARE_MAX);
	for (; ram->share_count < config->share_count; ram->share_count++)
		if (mz_share_open_(&ram->shares[ram->share_count],
				   &config->shares[ram->share_count], failure))
			return -1;
	return 0;
}

static int prepare(struct mz_ram *ram, const struct mz_ram_config *config,
		   struct mz_failure *failure)
{
	if (config->frozen && config->huge != MZ_HUGE_NONE)
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
			       "memory that is shared copy-on-write is on small pages");
	if (check_size(config->bytes, mz_ram_grain(ram), failure) ||
	    mz_huge_check(config->huge, failure) || mz_lay_out_banks_(ram, config, failure) ||
	    check_host(ram->bytes, failure) || open_shares(ram, config, failure))
		return -1;
	mz_lay_out_rest_(ram);
	return config->frozen ? mz_frozen_check(config->frozen, ram->file_bytes, failure) : 0;
}

static int map_shares(const struct mz_ram *ram, struct mz_failure *failure)
{
	for (unsigned i = 0; i < ram->share_count; i++)
		if (mz_share_map_(ram, &ram->shares[i]))
			return mz_fail(failure, MZ_STATUS_HOST_FAILED,
				       "share %s: cannot map %s: %s", ram->shares[i].name,
				       ram->shares[i].path ? ram->shares[i].path : "its segment",
				       strerror(errno));
	return 0;
}

static int fill_windows(struct mz_ram *ram, const struct mz_frozen *frozen,
			struct mz_failure *failure)
{
	if (make_windows(ram, frozen != NULL) || make_rom(ram) ||
	    (frozen ? mz_frozen_map_(ram, frozen) : make_file(ram)))
		return explain(ram, errno, failure);
	return map_shares(ram, failure);
}

int mz_ram_make(struct mz_ram *ram, const struct mz_ram_config *config, struct mz_failure *failure)
{
	memset(ram, 0, sizeof(*ram));
	ram->fd = ram->pagemap = -1;
	ram->huge = config->huge;
	if (!prepare(ram, config, failure) && !fill_windows(ram, config->frozen, failure))
		return 0;
	mz_ram_destroy(ram);
	return -1;
}

int mz_ram_init(struct mz_ram *ram, uint64_t bytes, struct mz_failure *failure)
{
	return mz_ram_make(ram, &(struct mz_ram_config) {.bytes = bytes}, failure);
}

void mz_ram_destroy(struct mz_ram *ram)
{
	mz_ram_shed(ram);
	if (ram->guest)
		munmap(ram->guest, ram->window_bytes);
	if (ram->alias && ram->alias != ram->guest)
		munmap(ram->alias, ram->window_bytes);
	if (ram->fd >= 0)
		close(ram->fd);
	if (ram->pagemap >= 0)
		close(ram->pagemap);
	free(ram->own);
	for (unsigned i = 0; i < ram->share_count; i++)
		mz_share_close_(&ram->shares[i]);
	memset(ram, 0, sizeof(*ram));
	ram->fd = ram->pagemap = -1;
}

void mz_ram_forget(const struct mz_ram *ram, uint64_t offset, uint64_t bytes)
{
	if (!ram->cow)
		madvise(ram->guest + offset, bytes, MADV_DONTNEED);
}

int mz_ram_drop(const struct mz_ram *ram, uint64_t offset, uint64_t bytes)
{
	if (ram->cow)
		return madvise(ram->guest + offset, bytes, MADV_DONTNEED);
	return fallocate(ram->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset,
			 (off_t)bytes);
}

bool mz_ram_bring(const struct mz_ram *ram, uint64_t offset, uint64_t bytes)
{
	struct mz_failure failure;

	return !ram->lazy || !mz_lazy_bring(ram->lazy, offset, bytes, &failure);
}

static void *bank_at(const struct mz_ram *ram, const struct mz_bank *bank, uint64_t gpa,
		     uint64_t bytes)
{
	uint64_t inside = gpa - bank->gpa;

	if (gpa < bank->gpa || inside > bank->bytes || bytes > bank->bytes - inside)
		return NULL;
	if (!mz_ram_bring(ram, bank->offset + inside, bytes))
		return NULL;
	return ram->alias + bank->offset + inside;
}

void *mz_ram_at(const struct mz_ram *ram, uint64_t gpa, uint64_t bytes)
{
	void *at = NULL;

	for (unsigned i = 0; i < ram->bank_count && !at; i++)
		at = bank_at(ram, &ram->banks[i], gpa, bytes);
	return at;
}

const void *mz_ram_peek(const struct mz_ram *ram, uint64_t gpa, uint64_t bytes)
{
	const void *at = mz_ram_at(ram, gpa, bytes);

	return at ? at : bank_at(ram, &ram->rom, gpa, bytes);
}

uint64_t mz_ram_grain(const struct mz_ram *ram)
{
	return ram->huge == MZ_HUGE_POOL ? MZ_HUGE_PAGE : MZ_RAM_PAGE;
}

uint64_t mz_ram_huge_bytes(const struct mz_ram *ram)
{
	return ram->huge == MZ_HUGE_NONE ? 0 : mz_huge_mapped(ram->guest, ram->file_bytes);
}
