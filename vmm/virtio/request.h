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
	MZ_VIRTIO_DISK,     /* `disk` */
	MZ_VIRTIO_ENTROPY,  /* random numbers of the host */
	MZ_VIRTIO_CONSOLE,  /* on the machine's input and output, beside the serial port */
	MZ_VIRTIO_BALLOON,  /* `balloon_bytes`: what it asks the guest for */
	MZ_VIRTIO_NET_USER, /* `net`: its forwards */
	MZ_VIRTIO_NET_TAP,  /* `net`: its interface */
	MZ_VIRTIO_VSOCK,    /* `guest_cid` */
};

struct mz_disk {
	const char *path; /* a raw image, or a block device */
	bool read_only;
};

#define MZ_FORWARDS_MAX 16

/* A port of the host that leads to one of the guest. Addresses are as numbers are written. */
struct mz_forward {
	bool udp;
	uint32_t host_address, guest_address; /* guest: 0 is the one that it gets by DHCP */
	uint16_t host_port, guest_port;
};

struct mz_net_config {
	const char *tap; /* an interface of the host */
	struct mz_forward forwards[MZ_FORWARDS_MAX];
	unsigned forward_count;
};

/* 5.10.4: may a guest have this context identifier? Others are reserved, or the host's. */
static inline bool mz_cid_right(uint64_t cid)
{
	return cid > 2 && cid < UINT32_MAX;
}

struct mz_virtio_request {
	enum mz_virtio_kind kind;
	struct mz_disk disk;
	uint64_t balloon_bytes;
	uint64_t guest_cid;
	struct mz_net_config net;
};

#ifdef __cplusplus
}
#endif

#endif
