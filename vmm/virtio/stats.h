/* SPDX-License-Identifier: MPL-2.0 */
/* What a virtio device did, in numbers. */
#ifndef MZ_VMM_VIRTIO_STATS_H
#define MZ_VMM_VIRTIO_STATS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mz_virtio_counts {
	uint64_t wakes;      /* of the device's thread */
	uint64_t chains;     /* taken from the driver */
	uint64_t interrupts; /* asked for */
	uint64_t breaks;     /* how often the driver did what can't be right */
};

struct mz_virtio_stats {
	const char *name; /* of the kind of device */
	struct mz_virtio_counts counts;
	const char *broken; /* why it waits for a reset; NULL: it does not */
};

#ifdef __cplusplus
}
#endif

#endif
