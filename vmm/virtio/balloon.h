/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A memory balloon: section 5.5. The pages that the driver gives, or reports to be free, are taken
 * out of the second-stage table and out of the memory file; where the guest touches one, it comes
 * back, of zeroes.
 */
#ifndef MZ_VMM_VIRTIO_BALLOON_H
#define MZ_VMM_VIRTIO_BALLOON_H

#include "vmm/virtio/device.h"

struct mz_balloon_stats {
	uint64_t target_bytes; /* what the guest is asked for */
	uint64_t actual_bytes; /* what it says that it gave */
	uint64_t taken_bytes;  /* what was taken so far, some of it again and again */
	uint64_t failed_bytes; /* what could not be */
};

/*
 * A balloon that asks for `bytes`, rounded down to pages. With `place->memory.space`, pages are
 * taken out of the table too, beside the faults of others: the table needs its RCU hooks then.
 */
int mz_balloon_open(struct mz_virtio **virtio, uint64_t bytes, const struct mz_virtio_place *place,
		    struct mz_failure *failure);

/* Asks for another size; what it did. From any thread. */
void mz_balloon_set(struct mz_virtio *virtio, uint64_t bytes);
struct mz_balloon_stats mz_balloon_stats(struct mz_virtio *virtio);

#endif
