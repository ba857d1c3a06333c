/* SPDX-License-Identifier: MPL-2.0 */
/* What virtio devices a machine is to have. */
#ifndef MZ_VMM_VIRTIO_REQUEST_H
#define MZ_VMM_VIRTIO_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MZ_VIRTIO_DEVICES 16

enum mz_virtio_kind {
	MZ_VIRTIO_DISK,    /* `disk` */
	MZ_VIRTIO_ENTROPY, /* random numbers of the host */
	MZ_VIRTIO_CONSOLE, /* on the machine's input and output, beside the serial port */
	MZ_VIRTIO_BALLOON, /* `balloon_bytes`: what it asks the guest for */
};

struct mz_disk {
	const char *path; /* a raw image, or a block device */
	bool read_only;
};

struct mz_virtio_request {
	enum mz_virtio_kind kind;
	struct mz_disk disk;
	uint64_t balloon_bytes;
};

#ifdef __cplusplus
}
#endif

#endif
