/* SPDX-License-Identifier: MPL-2.0 */
/* A virtio device that writes what it reads, with two queues, and its driver. */
#ifndef MZ_TESTS_VMM_VIRTIO_VIRTIO_ECHO_H
#define MZ_TESTS_VMM_VIRTIO_VIRTIO_ECHO_H

#include "tests/vmm/virtio/virtio_driver.h"

#define FEATURES    (MZ_VIRTIO_F_VERSION_1 | MZ_VIRTIO_F_INDIRECT_DESC | MZ_VIRTIO_F_EVENT_IDX)
#define OUT         DRIVER_BUFFERS
#define IN          (DRIVER_BUFFERS + 0x10000)
#define OWN_FEATURE ((uint64_t)1 << 3)

struct echo {
	struct mz_virtio virtio;
	struct mz_chain chain;
	unsigned char buffer[0x8000];
	unsigned char config[8]; /* the last 4 can be written */
	unsigned resets;
	bool closed;
};

extern struct echo echo;
extern struct driver driver;

/* Fixtures: the device on its bus, with its thread. */
void echo_set_up(void);
void echo_tear_down(void);

/* The device works: what is sent comes back. */
void expect_echo(unsigned queue, uint32_t bytes);

/* An indirect table in front of whose entries stands a chain of `direct` descriptors. */
void send_indirect(unsigned direct, uint32_t entries);

#endif
