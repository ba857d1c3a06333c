// SPDX-License-Identifier: MPL-2.0
/* The regions that a guest shares with its fuzzer. */
#include "vmm/fuzz/regions.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/base/text.h"

/* The map begins at a multiple of MZ_HUGE_PAGE, so the input may take that much. */
static const struct {
	const char *name;
	uint64_t least, most; /* bytes */
} kinds[MZ_FUZZ_REGIONS] = {
	[MZ_FUZZ_INPUT] = {"fuzz-input", 8, MZ_HUGE_PAGE},
	[MZ_FUZZ_MAP] = {"fuzz-map", MZ_FUZZ_MAP_BYTES, 32 * MZ_HUGE_PAGE},
};

static int check(int kind, uint64_t bytes, struct mz_failure *failure)
{
	if (bytes >= kinds[kind].least && bytes <= kinds[kind].most)
		return 0;
	return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
		       "%s: AFL++ offers %" PRIu64 " bytes of memory, not from %" PRIu64
		       " to %" PRIu64 ": see AFL_MAP_SIZE",
		       kinds[kind].name, bytes, kinds[kind].least, kinds[kind].most);
}

/* POSIX shared memory has its files there: shm_overview(7). */
static int use_name(struct mz_fuzz_regions *regions, int kind, const char *name,
		    struct mz_failure *failure)
{
	struct stat stat_;

	snprintf(regions->paths[kind], sizeof(regions->paths[kind]), "/dev/shm%s", name);
	regions->shares[kind].path = regions->paths[kind];
	if (stat(regions->paths[kind], &stat_))
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT, "%s: %s: %s", kinds[kind].name,
			       regions->paths[kind], strerror(errno));
	return check(kind, (uint64_t)stat_.st_size, failure);
}

static int use_segment(struct mz_fuzz_regions *regions, int kind, const char *id,
		       struct mz_failure *failure)
{
	struct shmid_ds stat;
	uint64_t number = 0;

	errno = EINVAL;
	if (!mz_number_parse(id, &number) || number > INT_MAX ||
	    shmctl((int)number, IPC_STAT, &stat))
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
			       "%s: there is no System V segment '%s': %s", kinds[kind].name, id,
			       strerror(errno));
	regions->shares[kind].segment = (int)number;
	return check(kind, stat.shm_segsz, failure);
}

static int make_file(struct mz_fuzz_regions *regions, int kind, struct mz_failure *failure)
{
	uint64_t bytes = kind == MZ_FUZZ_INPUT ? sizeof(struct mz_fuzz_input) : MZ_FUZZ_MAP_BYTES;
	int fd = memfd_create(kinds[kind].name, MFD_CLOEXEC);
	void *at = MAP_FAILED;

	regions->fds[kind] = fd;
	if (fd >= 0 && !ftruncate(fd, (off_t)bytes))
		at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "%s: no memory: %s",
			       kinds[kind].name, strerror(errno));
	if (kind == MZ_FUZZ_INPUT)
		regions->filled = at;
	else
		munmap(at, bytes);
	snprintf(regions->paths[kind], sizeof(regions->paths[kind]), "/proc/self/fd/%d", fd);
	regions->shares[kind].path = regions->paths[kind];
	return 0;
}

static int make(struct mz_fuzz_regions *regions, int kind, const char *id,
		struct mz_failure *failure)
{
	if (!id)
		return make_file(regions, kind, failure);
	return *id == '/' ? use_name(regions, kind, id, failure)
			  : use_segment(regions, kind, id, failure);
}

int mz_fuzz_regions_make(struct mz_fuzz_regions *regions, const char *const ids[MZ_FUZZ_REGIONS],
			 struct mz_failure *failure)
{
	*regions = (struct mz_fuzz_regions) {.filled = NULL};
	for (int kind = 0; kind < MZ_FUZZ_REGIONS; kind++) {
		regions->fds[kind] = -1;
		regions->shares[kind].name = kinds[kind].name;
		regions->shares[kind].read_only = kind == MZ_FUZZ_INPUT;
	}
	for (int kind = 0; kind < MZ_FUZZ_REGIONS; kind++)
		if (make(regions, kind, ids[kind], failure)) {
			mz_fuzz_regions_drop(regions);
			return -1;
		}
	return 0;
}

void mz_fuzz_regions_drop(struct mz_fuzz_regions *regions)
{
	if (regions->filled)
		munmap(regions->filled, sizeof(*regions->filled));
	for (int kind = 0; kind < MZ_FUZZ_REGIONS; kind++)
		if (regions->fds[kind] >= 0)
			close(regions->fds[kind]);
}

/* Answers how much was read, one byte more than fits at most; -1: errno. */
static ssize_t read_all(int fd, struct mz_fuzz_input *input)
{
	unsigned char beyond;
	size_t done = 0;
	ssize_t got;

	do {
		size_t room = sizeof(input->data) - done;

		got = read(fd, room ? input->data + done : &beyond, room ? room : 1);
		if (got > 0)
			done += (size_t)got;
	} while ((got > 0 && done <= sizeof(input->data)) || (got < 0 && errno == EINTR));
	return got < 0 ? -1 : (ssize_t)done;
}

int mz_fuzz_regions_fill(struct mz_fuzz_regions *regions, const char *path,
			 struct mz_failure *failure)
{
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
	const char *name = path ? path : "standard input";
	ssize_t bytes = -1;

	/* AFL++ writes the file behind standard input anew for each case. */
	if (!path)
		(void)lseek(fd, 0, SEEK_SET);
	if (fd >= 0)
		bytes = read_all(fd, regions->filled);
	if (bytes < 0)
		mz_fail(failure, MZ_STATUS_BAD_ARGUMENT, "%s: %s", name, strerror(errno));
	else if ((size_t)bytes > sizeof(regions->filled->data))
		mz_fail(failure, MZ_STATUS_BAD_ARGUMENT, "%s: an input is %u bytes long at most",
			name, MZ_FUZZ_INPUT_MAX);
	else
		regions->filled->bytes = (uint32_t)bytes;
	if (path && fd >= 0)
		close(fd);
	return bytes >= 0 && (size_t)bytes <= sizeof(regions->filled->data) ? 0 : -1;
}
