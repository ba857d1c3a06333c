/* SPDX-License-Identifier: MPL-2.0 */
/* Copies between a chain's parts and a device, from any place in them on. */
#ifndef MZ_VMM_VIRTIO_PARTS_H
#define MZ_VMM_VIRTIO_PARTS_H

#include "vmm/virtio/queue.h"

/* Each answers how much could be copied: less than `bytes` where the parts end. */
size_t mz_chain_copy_out(const struct mz_chain *chain, uint64_t offset, void *to, size_t bytes);
size_t mz_chain_copy_in(const struct mz_chain *chain, uint64_t offset, const void *from,
			size_t bytes);

/*
 * The parts of [offset, offset + bytes) of `count` parts, as parts of their own in `slice`, which
 * has room for as many. Answers their number.
 */
unsigned mz_parts_slice(const struct iovec *parts, unsigned count, uint64_t offset, uint64_t bytes,
			struct iovec *slice);

#endif
