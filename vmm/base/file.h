/* SPDX-License-Identifier: MPL-2.0 */
/* Files that the user names: regular ones. Anything wrong is MZ_STATUS_BAD_IMAGE. */
#ifndef MZ_VMM_FILE_H
#define MZ_VMM_FILE_H

#include <stdint.h>

#include "vmm/base/failure.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Opens a regular file for reading and says how long it is. Answers a descriptor for the caller to
 * close, or -1.
 */
int mz_file_open(const char *path, uint64_t *bytes, struct mz_failure *failure);

/* Reads `bytes` bytes from an offset. A file that has become shorter is an error. */
int mz_file_read(int fd, const char *path, void *buffer, uint64_t bytes, uint64_t offset,
		 struct mz_failure *failure);

/*
 * Reads from an offset. Answers how many bytes it got, fewer than `bytes` only where the file ends,
 * or -1 with errno set.
 */
int64_t mz_file_read_at(int fd, void *buffer, uint64_t bytes, uint64_t offset);

/* Writes all of it to an offset. 0, or -1 with errno set. */
int mz_file_write_at(int fd, const void *buffer, uint64_t bytes, uint64_t offset);

#ifdef __cplusplus
}
#endif

#endif
