// SPDX-License-Identifier: MPL-2.0
/* The file behind a disk. */
#include "vmm/virtio/block_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR     512u
#define ZEROES     65536u
#define READ_ONLY  "read-only"
#define READ_WRITE "read-write"

static int check_file(struct mz_block_file *file, const char *path, struct mz_failure *failure)
{
	struct stat stat;
	off_t end;

	if (fstat(file->fd, &stat) || (!S_ISREG(stat.st_mode) && !S_ISBLK(stat.st_mode)))
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
			       "--disk: %s is neither a file nor a block device", path);
	end = lseek(file->fd, 0, SEEK_END);
	if (end < 0)
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
			       "--disk: cannot tell the size of "
			       "%s: %s",
			       path, strerror(errno));
	if (end % SECTOR != 0)
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
			       "--disk: the size of %s is no multiple of %u bytes", path, SECTOR);
	file->bytes = (uint64_t)end;
	return 0;
}

int mz_block_file_open(struct mz_block_file *file, const char *path, bool read_only,
		       struct mz_failure *failure)
{
	file->read_only = read_only;
	file->fd = open(path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK);
	if (file->fd < 0)
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT, "--disk: cannot open %s %s: %s",
			       path, read_only ? READ_ONLY : READ_WRITE, strerror(errno));
	if (!check_file(file, path, failure))
		return 0;
	mz_block_file_close(file);
	return -1;
}

void mz_block_file_close(struct mz_block_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
}

void mz_parts_skip(struct iovec **parts, unsigned *count, size_t bytes)
{
	while (*count > 0 && bytes >= (*parts)->iov_len) {
		bytes -= (*parts)->iov_len;
		(*parts)++;
		(*count)--;
	}
	if (*count > 0) {
		(*parts)->iov_base = (unsigned char *)(*parts)->iov_base + bytes;
		(*parts)->iov_len -= bytes;
	}
}

int mz_block_file_read(const struct mz_block_file *file, uint64_t offset, struct iovec *parts,
		       unsigned count)
{
	while (count > 0) {
		ssize_t got = preadv(file->fd, parts, (int)count, (off_t)offset);

		if (got < 0 && errno != EINTR)
			return errno;
		if (got == 0) /* the file has become shorter */
			return EIO;
		if (got < 0)
			continue;
		offset += (uint64_t)got;
		mz_parts_skip(&parts, &count, (size_t)got);
	}
	return 0;
}

int mz_block_file_write(const struct mz_block_file *file, uint64_t offset, struct iovec *parts,
			unsigned count, bool durable)
{
	while (count > 0) {
		ssize_t put = pwritev2(file->fd, parts, (int)count, (off_t)offset,
				       durable ? RWF_DSYNC : 0);

		if (put < 0 && errno != EINTR)
			return errno;
		if (put < 0)
			continue;
		offset += (uint64_t)put;
		mz_parts_skip(&parts, &count, (size_t)put);
	}
	return 0;
}

int mz_block_file_flush(const struct mz_block_file *file)
{
	return fdatasync(file->fd) ? errno : 0;
}

int mz_block_file_discard(const struct mz_block_file *file, uint64_t offset, uint64_t bytes)
{
	return fallocate(file->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset,
			 (off_t)bytes)
		? errno
		: 0;
}

static int write_zeroes(const struct mz_block_file *file, uint64_t offset, uint64_t bytes)
{
	static const unsigned char zeroes[ZEROES];
	int error = 0;

	while (bytes > 0 && !error) {
		uint64_t step = bytes < ZEROES ? bytes : ZEROES;
		struct iovec part = {.iov_base = (void *)(uintptr_t)zeroes, .iov_len = step};

		error = mz_block_file_write(file, offset, &part, 1, false);
		offset += step;
		bytes -= step;
	}
	return error;
}

int mz_block_file_zero(const struct mz_block_file *file, uint64_t offset, uint64_t bytes, bool keep)
{
	int mode = keep ? FALLOC_FL_ZERO_RANGE : FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;

	if (!fallocate(file->fd, mode, (off_t)offset, (off_t)bytes))
		return 0;
	return errno == EOPNOTSUPP ? write_zeroes(file, offset, bytes) : errno;
}
