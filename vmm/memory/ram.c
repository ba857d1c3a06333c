// SPDX-License-Identifier: MPL-2.0
/* Guest memory: the memory file and its two mappings. */
#include "vmm/memory/ram.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <unistd.h>

static void lay_out(struct mz_ram *ram, uint64_t bytes)
{
	uint64_t low = bytes < MZ_RAM_LOW_END ? bytes : MZ_RAM_LOW_END;

	ram->bytes = bytes;
	ram->file_bytes = bytes + MZ_ROM_BYTES;
	ram->banks[0] = (struct mz_bank) {.gpa = 0, .bytes = low, .offset = 0};
	ram->bank_count = 1;
	if (bytes > low) {
		ram->banks[1] = (struct mz_bank) {
			.gpa = MZ_RAM_HIGH_BASE, .bytes = bytes - low, .offset = low};
		ram->bank_count = 2;
	}
	ram->rom = (struct mz_bank) {.gpa = MZ_ROM_BASE, .bytes = MZ_ROM_BYTES, .offset = bytes};
}

/* More than this could never be touched, so it is refused instead of killing the run half way. */
static uint64_t host_bytes(void)
{
	struct sysinfo info;

	if (sysinfo(&info))
		return UINT64_MAX;
	return ((uint64_t)info.totalram + info.totalswap) * info.mem_unit;
}

static int check_size(uint64_t bytes, struct mz_failure *failure)
{
	uint64_t host = host_bytes();

	if (bytes == 0)
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT, "guest memory of 0 bytes");
	if (bytes % MZ_RAM_PAGE != 0)
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
			       "guest memory of %" PRIu64
			       " bytes is not a multiple of the page of %u bytes",
			       bytes, MZ_RAM_PAGE);
	if (bytes > host)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED,
			       "guest memory of %" PRIu64 " MiB is more than the %" PRIu64
			       " MiB of memory and swap that the host has",
			       bytes >> 20, host >> 20);
	return 0;
}

static unsigned char *map_file(const struct mz_ram *ram)
{
	void *at = mmap(NULL, ram->file_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ram->fd, 0);

	return at == MAP_FAILED ? NULL : at;
}

static int make_file(struct mz_ram *ram)
{
	ram->fd = memfd_create("mezz-guest", MFD_CLOEXEC);
	if (ram->fd < 0 || ftruncate(ram->fd, (off_t)ram->file_bytes))
		return -1;
	ram->guest = map_file(ram);
	ram->alias = map_file(ram);
	return ram->guest && ram->alias ? 0 : -1;
}

static void fill_rom(const struct mz_ram *ram)
{
	unsigned char *rom = ram->alias + ram->rom.offset;

	for (unsigned i = 0; i < MZ_ROM_BYTES; i++)
		rom[i] = (unsigned char)(i * 7 + 3);
}

int mz_ram_init(struct mz_ram *ram, uint64_t bytes, struct mz_failure *failure)
{
	memset(ram, 0, sizeof(*ram));
	ram->fd = -1;
	if (check_size(bytes, failure))
		return -1;
	lay_out(ram, bytes);
	if (make_file(ram)) {
		int error = errno;

		mz_ram_destroy(ram);
		return mz_fail(failure, MZ_STATUS_HOST_FAILED,
			       "cannot make guest memory of %" PRIu64 " MiB: %s", bytes >> 20,
			       strerror(error));
	}
	fill_rom(ram);
	return 0;
}

void mz_ram_destroy(struct mz_ram *ram)
{
	if (ram->guest)
		munmap(ram->guest, ram->file_bytes);
	if (ram->alias)
		munmap(ram->alias, ram->file_bytes);
	if (ram->fd >= 0)
		close(ram->fd);
	memset(ram, 0, sizeof(*ram));
	ram->fd = -1;
}

static void *bank_at(const struct mz_ram *ram, const struct mz_bank *bank, uint64_t gpa,
		     uint64_t bytes)
{
	uint64_t inside = gpa - bank->gpa;

	if (gpa < bank->gpa || inside > bank->bytes || bytes > bank->bytes - inside)
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
