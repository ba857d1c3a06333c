/* SPDX-License-Identifier: MPL-2.0 */
/* The file behind a disk. Each call answers 0 or an errno value, and does all or says so. */
#ifndef MZ_VMM_VIRTIO_BLOCK_FILE_H
#define MZ_VMM_VIRTIO_BLOCK_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "vmm/base/failure.h"

struct mz_block_file {
	int fd;
	bool read_only;
	uint64_t bytes;
};

/*
 * A regular file or a block device whose size is a multiple of 512 bytes; MZ_STATUS_BAD_ARGUMENT,
 * if it is none.
 */
int mz_block_file_open(struct mz_block_file *file, const char *path, bool read_only,
		       struct mz_failure *failure);
void mz_block_file_close(struct mz_block_file *file);

/* The parts are used up. `durable`: writing returns once the file has it for good. */
int mz_block_file_read(const struct mz_block_file *file, uint64_t offset, struct iovec *parts,
		       unsigned count);
int mz_block_file_write(const struct mz_block_file *file, uint64_t offset, struct iovec *parts,
			unsigned count, bool durable);
int mz_block_file_flush(const struct mz_block_file *file);

/* `keep`: the file keeps its blocks. */
int mz_block_file_zero(const struct mz_block_file *file, uint64_t offset, uint64_t bytes,
		       bool keep);
int mz_block_file_discard(const struct mz_block_file *file, uint64_t offset, uint64_t bytes);

/* Drops the first `bytes` bytes of the parts. */
void mz_parts_skip(struct iovec **parts, unsigned *count, size_t bytes);

#endif
