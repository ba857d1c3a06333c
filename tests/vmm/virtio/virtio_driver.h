/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A small driver for virtio devices over MMIO, for tests: it does what a driver should, through the
 * registers and the rings alone, and lets a test reach into both to do what one should not.
 */
#ifndef MZ_TESTS_VMM_VIRTIO_VIRTIO_DRIVER_H
#define MZ_TESTS_VMM_VIRTIO_VIRTIO_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/virtio/device.h"

#define DRIVER_RAM     ((uint64_t)32 << 20)
#define DRIVER_BUFFERS ((uint64_t)1 << 20) /* guest memory from here on is for buffers */

/* Registers of table 4.1, for the driver's side. */
enum {
	REG_MAGIC = 0x000,
	REG_VERSION = 0x004,
	REG_DEVICE_ID = 0x008,
	REG_DEVICE_FEATURES = 0x010,
	REG_DEVICE_FEATURES_SEL = 0x014,
	REG_DRIVER_FEATURES = 0x020,
	REG_DRIVER_FEATURES_SEL = 0x024,
	REG_QUEUE_SEL = 0x030,
	REG_QUEUE_NUM_MAX = 0x034,
	REG_QUEUE_NUM = 0x038,
	REG_QUEUE_READY = 0x044,
	REG_QUEUE_NOTIFY = 0x050,
	REG_INTERRUPT_STATUS = 0x060,
	REG_INTERRUPT_ACK = 0x064,
	REG_STATUS = 0x070,
	REG_QUEUE_DESC = 0x080,
	REG_QUEUE_DRIVER = 0x090,
	REG_QUEUE_DEVICE = 0x0a0,
	REG_SHM_LEN = 0x0b0,
	REG_GENERATION = 0x0fc,
	REG_CONFIG = 0x100,
};

/* 2.7.5 */
enum { DESC_NEXT = 1, DESC_WRITE = 2, DESC_INDIRECT = 4 };

struct driver_descriptor {
	uint64_t gpa;
	uint32_t bytes;
	uint16_t flags, next;
};

/* A queue as the driver keeps it: where it lies in guest memory, and how far it is. */
struct driver_queue {
	unsigned size;
	uint64_t table_gpa, available_gpa, used_gpa;
	struct driver_descriptor *table;
	uint16_t *available; /* flags, index, the ring, used_event */
	uint16_t *used;      /* flags, index, the ring of 8 bytes an element, avail_event */
	uint16_t next;       /* index of the next chain */
	uint16_t seen;       /* of what was given back */
	unsigned free;       /* the next descriptor; they are used in turn */
};

struct driver {
	struct mz_ram ram;
	struct mz_bus bus;
	struct mz_virtio *virtio;
	struct mz_virtio_place place;
	uint64_t features; /* negotiated */
	struct driver_queue queues[MZ_VIRTIO_QUEUES];
};

/* A part of a chain, by its place in guest memory. */
struct driver_part {
	uint64_t gpa;
	uint32_t bytes;
	bool in; /* the device writes it */
};

/* Makes guest memory, an interrupt line and a bus: what a device is set up with. */
void driver_open(struct driver *driver);
void driver_close(struct driver *driver);

/* Puts the device on the bus and starts its thread. */
void driver_attach(struct driver *driver, struct mz_virtio *virtio);

/* The same without a thread: mz_virtio_turn_() does the work. */
void driver_attach_idle(struct driver *driver, struct mz_virtio *virtio);

/* 3.1.1: resets the device, negotiates all of `features` that it offers, sets all queues up,
 * begins. */
void driver_begin(struct driver *driver, uint64_t features);

uint32_t driver_read(struct driver *driver, uint32_t offset);
void driver_write(struct driver *driver, uint32_t offset, uint32_t data);
uint64_t driver_offered(struct driver *driver);
void driver_set_up_queue(struct driver *driver, unsigned index, unsigned size);

void *driver_at(struct driver *driver, uint64_t gpa);

/* Makes a chain available, and notifies if the device wants to know. Answers its head. */
uint16_t driver_send(struct driver *driver, unsigned queue, const struct driver_part *parts,
		     unsigned count);
void driver_make_available(struct driver *driver, unsigned queue, uint16_t head);
void driver_notify(struct driver *driver, unsigned queue);

/* Waits for interrupts until the device gives a chain back. Fails the test after ten seconds. */
uint16_t driver_wait(struct driver *driver, unsigned queue, uint32_t *written);
bool driver_given(struct driver *driver, unsigned queue, uint16_t *head, uint32_t *written);

/* Waits for interrupts until InterruptStatus has one of these bits, and acknowledges it. */
void driver_wait_interrupt(struct driver *driver, uint32_t bits);

/* Sends and waits: how much the device has written. */
uint32_t driver_do(struct driver *driver, unsigned queue, const struct driver_part *parts,
		   unsigned count);

/* Does the device say that it needs a reset, within ten seconds? Its interrupt must come, too. */
void driver_expect_broken(struct driver *driver);

#endif
