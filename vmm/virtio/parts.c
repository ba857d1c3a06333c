// SPDX-License-Identifier: MPL-2.0
/* Copies between a chain's parts and a device. */
#include "vmm/virtio/parts.h"

#include <string.h>

unsigned mz_parts_slice(const struct iovec *parts, unsigned count, uint64_t offset, uint64_t bytes,
			struct iovec *slice)
{
	unsigned made = 0;

	for (unsigned i = 0; i < count && bytes > 0; i++) {
		size_t length = parts[i].iov_len;

		if (offset >= length) {
			offset -= length;
			continue;
		}
		length -= (size_t)offset;
		if (length > bytes)
			length = (size_t)bytes;
		slice[made++] = (struct iovec) {
			.iov_base = (unsigned char *)parts[i].iov_base + offset, .iov_len = length};
		offset = 0;
		bytes -= length;
	}
	return made;
}

size_t mz_chain_copy_out(const struct mz_chain *chain, uint64_t offset, void *to, size_t bytes)
{
	struct iovec slice[MZ_QUEUE_MAX];
	unsigned count = mz_parts_slice(chain->parts, chain->out_count, offset, bytes, slice);
	size_t done = 0;

	for (unsigned i = 0; i < count; i++) {
		memcpy((unsigned char *)to + done, slice[i].iov_base, slice[i].iov_len);
		done += slice[i].iov_len;
	}
	return done;
}

size_t mz_chain_copy_in(const struct mz_chain *chain, uint64_t offset, const void *from,
			size_t bytes)
{
	struct iovec slice[MZ_QUEUE_MAX];
	unsigned count = mz_parts_slice(chain->parts + chain->out_count, chain->in_count, offset,
					bytes, slice);
	size_t done = 0;

	for (unsigned i = 0; i < count; i++) {
		memcpy(slice[i].iov_base, (const unsigned char *)from + done, slice[i].iov_len);
		done += slice[i].iov_len;
	}
	return done;
}
