// SPDX-License-Identifier: MPL-2.0
/* Files that come to be as a whole or not at all. */
#include "vmm/base/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/base/file.h"

static int fail(const struct mz_new_file *file, const char *what, struct mz_failure *failure)
{
	return mz_fail(failure, MZ_STATUS_HOST_FAILED, "%s: %s: %s", file->path, what,
		       strerror(errno));
}

static void forget(struct mz_new_file *file)
{
	/* With it goes the lock. */
	if (file->fd >= 0)
		close(file->fd);
	if (file->folder >= 0)
		close(file->folder);
	free(file->path);
	free(file->temporary);
	*file = (struct mz_new_file) {.folder = -1, .fd = -1};
}

/* Splits the path into a folder, which is opened, and a name. */
static int open_folder(struct mz_new_file *file, struct mz_failure *failure)
{
	char *slash = strrchr(file->path, '/');
	size_t length = slash ? (size_t)(slash - file->path) + 1 : 0;
	char *folder = length > 0 ? strndup(file->path, length) : strdup(".");

	file->name = file->path + length;
	if (asprintf(&file->temporary, ".%s.new", file->name) < 0)
		file->temporary = NULL;
	if (folder && file->temporary)
		file->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(folder);
	return file->folder >= 0 ? 0 : fail(file, "cannot open its folder", failure);
}

/* Better now than when all is written. */
static int check_name(const struct mz_new_file *file, struct mz_failure *failure)
{
	struct stat stat;

	if (file->name[0] == '\0')
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "\"%s\": names no file", file->path);
	if (fstatat(file->folder, file->name, &stat, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : fail(file, "cannot look at it", failure);
	if (S_ISREG(stat.st_mode))
		return 0;
	return mz_fail(failure, MZ_STATUS_HOST_FAILED,
		       "%s: is not a regular file, and will not be replaced", file->path);
}

/* Is this descriptor what the temporary name stands for? */
static bool is_named(const struct mz_new_file *file, int fd)
{
	struct stat named, opened;

	return !fstatat(file->folder, file->temporary, &named, AT_SYMLINK_NOFOLLOW) &&
		!fstat(fd, &opened) && named.st_dev == opened.st_dev &&
		named.st_ino == opened.st_ino;
}

/* Removes what has the temporary name, if nobody holds its lock. */
static int remove_leftover(const struct mz_new_file *file, struct mz_failure *failure)
{
	int result = 0;
	int fd = openat(file->folder, file->temporary,
			O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : fail(file, "cannot open what was left of it", failure);
	if (flock(fd, LOCK_EX | LOCK_NB))
		result = errno == EWOULDBLOCK
			? mz_fail(failure, MZ_STATUS_HOST_FAILED,
				  "%s: is being written by another process", file->path)
			: fail(file, "cannot lock it", failure);
	else if (is_named(file, fd) && unlinkat(file->folder, file->temporary, 0))
		result = fail(file, "cannot remove what was left of it", failure);
	close(fd);
	return result;
}

/* 1: it is there and locked; 0: try again, for another writer has taken it for a leftover. */
static int try_temporary(struct mz_new_file *file, struct mz_failure *failure)
{
	file->fd = openat(file->folder, file->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
			  S_IRUSR | S_IWUSR);
	if (file->fd < 0)
		return errno == EEXIST ? remove_leftover(file, failure)
				       : fail(file, "cannot create it", failure);
	if (!flock(file->fd, LOCK_EX | LOCK_NB))
		return is_named(file, file->fd);
	return errno == EWOULDBLOCK ? 0 : fail(file, "cannot lock it", failure);
}

static int make_temporary(struct mz_new_file *file, struct mz_failure *failure)
{
	int result;

	while ((result = try_temporary(file, failure)) == 0) {
		if (file->fd >= 0)
			close(file->fd);
		file->fd = -1;
	}
	if (result < 0 && file->fd >= 0)
		unlinkat(file->folder, file->temporary, 0);
	return result < 0 ? -1 : 0;
}

int mz_new_file_begin(struct mz_new_file *file, const char *path, struct mz_failure *failure)
{
	*file = (struct mz_new_file) {.path = strdup(path), .folder = -1, .fd = -1};
	if (!file->path)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "%s: no memory to write it", path);
	if (!open_folder(file, failure) && !check_name(file, failure) &&
	    !make_temporary(file, failure))
		return 0;
	forget(file);
	return -1;
}

int mz_new_file_write(struct mz_new_file *file, const void *bytes, uint64_t count, uint64_t offset,
		      struct mz_failure *failure)
{
	return mz_file_write_at(file->fd, bytes, count, offset)
		? fail(file, "cannot write it", failure)
		: 0;
}

void mz_new_file_drop(struct mz_new_file *file)
{
	unlinkat(file->folder, file->temporary, 0);
	forget(file);
}

int mz_new_file_commit(struct mz_new_file *file, struct mz_failure *failure)
{
	int result = 0;

	if (fsync(file->fd)) {
		fail(file, "cannot bring it to the disk", failure);
		mz_new_file_drop(file);
		return -1;
	}
	if (renameat(file->folder, file->temporary, file->folder, file->name)) {
		fail(file, "cannot give it its name", failure);
		mz_new_file_drop(file);
		return -1;
	}
	/* It is there and whole; a crash of the host may still bring the old one back. */
	if (fsync(file->folder))
		result = fail(file, "is written, but cannot bring its name to the disk", failure);
	forget(file);
	return result;
}
