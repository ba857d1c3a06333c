/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Transfers of a disk's file that are under way beside the device's thread: by io_uring, where this
 * build and the kernel have it. Where they have not, nothing can be begun.
 */
#ifndef MZ_VMM_VIRTIO_BLOCK_RING_H
#define MZ_VMM_VIRTIO_BLOCK_RING_H

#include "vmm/virtio/block_file.h"

#define MZ_BLOCK_DEPTH 32u /* transfers at a time */

struct mz_block_ring;

enum mz_block_transfer { MZ_BLOCK_READ, MZ_BLOCK_WRITE, MZ_BLOCK_FLUSH };

/* NULL: there is none. */
struct mz_block_ring *mz_block_ring_open(void);
void mz_block_ring_close(struct mz_block_ring *ring);

/* What is readable once a transfer is done. */
int mz_block_ring_fd(const struct mz_block_ring *ring);

/*
 * Notes a transfer of parts that stay where they are until it is done; at most MZ_BLOCK_DEPTH at a
 * time. `durable` as in mz_block_file_write(). mz_block_ring_submit() begins all that were noted.
 * False: the kernel has stopped taking any, and nothing may be noted from now on.
 */
void mz_block_ring_add(struct mz_block_ring *ring, const struct mz_block_file *file,
		       enum mz_block_transfer kind, uint64_t offset, const struct iovec *parts,
		       unsigned count, bool durable, void *tag);
bool mz_block_ring_submit(struct mz_block_ring *ring);

/* After that: the tag of one that was noted and will never begin. NULL: none is left. */
void *mz_block_ring_take_back(struct mz_block_ring *ring);

/*
 * The tag of a transfer that is done, and its result: bytes, or an errno value below 0. NULL: there
 * is none now. `wait`: until there is one; NULL says then that the ring is broken.
 */
void *mz_block_ring_next(struct mz_block_ring *ring, bool wait, int *result);

#endif
