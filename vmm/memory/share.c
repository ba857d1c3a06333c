// SPDX-License-Identifier: MPL-2.0
/* Shared files. */
#include "vmm/memory/share.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILE_BYTES_MAX ((uint64_t)1 << 46)

static void set_bytes(struct mz_share *share, uint64_t bytes)
{
	share->bytes = bytes;
	share->bank.bytes = (bytes + MZ_RAM_PAGE - 1) / MZ_RAM_PAGE * MZ_RAM_PAGE;
}

static int check_file(struct mz_share *share, struct mz_failure *failure)
{
	struct stat stat;

	if (fstat(share->fd, &stat) || !S_ISREG(stat.st_mode))
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
			       "share %s: %s is not a regular file", share->name, share->path);
	if (stat.st_size == 0)
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT, "share %s: %s is empty",
			       share->name, share->path);
	if ((uint64_t)stat.st_size > FILE_BYTES_MAX)
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
			       "share %s: %s is larger than a guest can reach", share->name,
			       share->path);
	set_bytes(share, (uint64_t)stat.st_size);
	return 0;
}

static int open_segment(struct mz_share *share, struct mz_failure *failure)
{
	struct shmid_ds stat;

	if (shmctl(share->segment, IPC_STAT, &stat))
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
			       "share %s: there is no System V segment %d: %s", share->name,
			       share->segment, strerror(errno));
	set_bytes(share, stat.shm_segsz);
	return 0;
}

static int open_file(struct mz_share *share, struct mz_failure *failure)
{
	/* Not to wait for the other end of a pipe that is refused anyway. */
	share->fd = open(share->path,
			 (share->read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK |
				 O_NOCTTY);
	if (share->fd < 0)
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT, "share %s: cannot open %s%s: %s",
			       share->name, share->path,
			       share->read_only ? "" : " for writing, as is usual without ,ro",
			       strerror(errno));
	if (!check_file(share, failure))
		return 0;
	mz_share_close_(share);
	return -1;
}

int mz_share_open_(struct mz_share *share, const struct mz_share_request *request,
		   struct mz_failure *failure)
{
	*share = (struct mz_share) {
		.name = request->name,
		.path = request->path,
		.fd = -1,
		.segment = request->segment,
		.read_only = request->read_only,
	};
	return share->path ? open_file(share, failure) : open_segment(share, failure);
}

void mz_share_close_(struct mz_share *share)
{
	if (share->fd >= 0)
		close(share->fd);
	share->fd = -1;
}

static int map_at(const struct mz_share *share, unsigned char *at)
{
	int protection = share->read_only ? PROT_READ : PROT_READ | PROT_WRITE;

	if (share->fd < 0)
		return shmat(share->segment, at, SHM_REMAP | (share->read_only ? SHM_RDONLY : 0)) ==
				(void *)at
			? 0
			: -1;
	return mmap(at, share->bank.bytes, protection, MAP_SHARED | MAP_FIXED, share->fd, 0) ==
			MAP_FAILED
		? -1
		: 0;
}

int mz_share_map_(const struct mz_ram *ram, const struct mz_share *share)
{
	if (map_at(share, ram->guest + share->bank.offset))
		return -1;
	return map_at(share, ram->alias + share->bank.offset);
}

const struct mz_share *mz_ram_shrunk(const struct mz_ram *ram)
{
	for (unsigned i = 0; i < ram->share_count; i++) {
		struct stat stat;

		/* A segment stays as it is. */
		if (ram->shares[i].fd < 0)
			continue;
		if (fstat(ram->shares[i].fd, &stat) ||
		    (uint64_t)stat.st_size < ram->shares[i].bytes)
			return &ram->shares[i];
	}
	return NULL;
}

/* The kernel's own copying answers with an error where a touch would kill. */
static bool copy_safely(void *at, void *data, uint64_t bytes, bool write)
{
	const struct iovec here = {.iov_base = data, .iov_len = bytes};
	const struct iovec there = {.iov_base = at, .iov_len = bytes};
	ssize_t done = write ? process_vm_writev(getpid(), &here, 1, &there, 1, 0)
			     : process_vm_readv(getpid(), &here, 1, &there, 1, 0);

	return done == (ssize_t)bytes;
}

bool mz_ram_access(const struct mz_ram *ram, uint64_t offset, void *data, uint64_t bytes,
		   bool write)
{
	unsigned char *at = ram->alias + offset;

	if (offset >= ram->rom.offset + ram->rom.bytes)
		return copy_safely(at, data, bytes, write);
	if (write)
		memcpy(at, data, bytes);
	else
		memcpy(data, at, bytes);
	return true;
}
