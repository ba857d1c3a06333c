// SPDX-License-Identifier: MPL-2.0
/* Files that the user names. */
#include "vmm/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of a read or a write at most: the kernel takes no more in a call. */
#define CALL_MAX 0x7ffff000u

static int check_regular(int fd, const char *path, uint64_t *bytes, struct mz_failure *failure)
{
	struct stat stat;

	if (fstat(fd, &stat))
		return mz_fail(failure, MZ_STATUS_BAD_IMAGE, "%s: cannot look at it: %s", path,
			       strerror(errno));
	if (S_ISDIR(stat.st_mode))
		return mz_fail(failure, MZ_STATUS_BAD_IMAGE, "%s: is a directory", path);
	if (!S_ISREG(stat.st_mode))
		return mz_fail(failure, MZ_STATUS_BAD_IMAGE, "%s: is not a regular file", path);
	*bytes = (uint64_t)stat.st_size;
	return 0;
}

int mz_file_open(const char *path, uint64_t *bytes, struct mz_failure *failure)
{
	/* Not to wait for the other end of a pipe that is refused anyway. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return mz_fail(failure, MZ_STATUS_BAD_IMAGE, "%s: cannot open it: %s", path,
			       strerror(errno));
	if (check_regular(fd, path, bytes, failure)) {
		close(fd);
		return -1;
	}
	return fd;
}

int64_t mz_file_read_at(int fd, void *buffer, uint64_t bytes, uint64_t offset)
{
	unsigned char *to = buffer;
	uint64_t done = 0;

	while (done < bytes) {
		uint64_t left = bytes - done;
		ssize_t got = pread(fd, to + done, left < CALL_MAX ? left : CALL_MAX,
				    (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		done += (uint64_t)got;
	}
	return (int64_t)done;
}

int mz_file_write_at(int fd, const void *buffer, uint64_t bytes, uint64_t offset)
{
	const unsigned char *from = buffer;
	uint64_t done = 0;

	while (done < bytes) {
		uint64_t left = bytes - done;
		ssize_t wrote = pwrite(fd, from + done, left < CALL_MAX ? left : CALL_MAX,
				       (off_t)(offset + done));

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return -1;
		done += (uint64_t)wrote;
	}
	return 0;
}

int mz_file_read(int fd, const char *path, void *buffer, uint64_t bytes, uint64_t offset,
		 struct mz_failure *failure)
{
	int64_t got = mz_file_read_at(fd, buffer, bytes, offset);

	if (got < 0)
		return mz_fail(failure, MZ_STATUS_BAD_IMAGE, "%s: cannot read it: %s", path,
			       strerror(errno));
	if ((uint64_t)got < bytes)
		return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
			       "%s: ended after %" PRIu64 " of %" PRIu64
			       " bytes: it was changed meanwhile",
			       path, offset + (uint64_t)got, offset + bytes);
	return 0;
}
