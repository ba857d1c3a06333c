/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A split virtqueue, seen from the device: section 2.7 of the OASIS "Virtual I/O Device (VIRTIO)
 * Version 1.2", whose sections all of vmm/virtio/ names.
 *
 * The driver is not trusted. What it says is read once and checked then, and whatever it does, only
 * guest RAM is read or written. What can't be right breaks the queue: it yields nothing from then
 * on, and `broken` says why. One thread at a time uses a queue; the guest may change all of it at
 * any moment.
 */
#ifndef MZ_VMM_VIRTIO_QUEUE_H
#define MZ_VMM_VIRTIO_QUEUE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "ept/space.h"
#include "vmm/base/state.h"
#include "vmm/memory/ram.h"

#define MZ_QUEUE_MAX 256 /* descriptors in a queue, and in a chain */

/* Where the rings and buffers of all queues are. */
struct mz_queue_memory {
	const struct mz_ram *ram;
	struct mz_space *space; /* told of what devices write; NULL: nobody is */
	bool populated;         /* pages that a device takes out stay in the table */
};

/* A chain of buffers: those that the device reads, then those that it writes. */
struct mz_chain {
	uint16_t head;
	unsigned out_count, in_count;
	uint64_t out_bytes, in_bytes;
	struct iovec parts[MZ_QUEUE_MAX]; /* the first out_count are read, the next in_count written
					   */
	uint64_t gpas[MZ_QUEUE_MAX];
};

struct mz_queue {
	const struct mz_queue_memory *memory;

	/* what the driver says */
	uint32_t size;
	uint64_t table_gpa, available_gpa, used_gpa;
	bool indirect, event; /* VIRTIO_F_INDIRECT_DESC, VIRTIO_F_EVENT_IDX were negotiated */

	bool ready;
	const char *broken; /* NULL: it is not */
	const unsigned char *table, *available;
	unsigned char *used;
	uint16_t taken; /* chains since the start, modulo 2^16; so are the others */
	uint16_t given;
	uint16_t told; /* what was given when an interrupt was last thought of */
};

/* Makes the queue ready if what the driver says is right, and breaks it if not. */
bool mz_queue_start(struct mz_queue *queue);

/* Finds the rings of a queue that is ready again, once the VMM's window has moved. */
bool mz_queue_find(struct mz_queue *queue);

/* Takes the next chain that the driver has made available. False: there is none now. */
bool mz_queue_take(struct mz_queue *queue, struct mz_chain *chain);

/*
 * Gives a chain back; `written` bytes at the start of its writable parts are the device's. Chains
 * may be given back in any order.
 */
void mz_queue_give(struct mz_queue *queue, const struct mz_chain *chain, uint32_t written);

/* Tells of all that the device may have written into a chain, which is not given back. */
void mz_queue_tell(const struct mz_queue *queue, const struct mz_chain *chain);

/* Puts the chain that was taken last back, as if it had not been. */
void mz_queue_put_back(struct mz_queue *queue);

/* Is an interrupt due for what was given since this was last asked? */
bool mz_queue_wants_interrupt(struct mz_queue *queue);

/* The driver need not notify, or it need; true: something came before it knew. */
void mz_queue_quiet(struct mz_queue *queue);
bool mz_queue_listen(struct mz_queue *queue);

/* Reads the chain that begins at `head`. False: the queue is broken now. */
bool mz_chain_read(struct mz_queue *queue, uint16_t head, struct mz_chain *chain);

/* Breaks the queue; answers false. */
bool mz_queue_break(struct mz_queue *queue, const char *why);

/*
 * Saves or loads what the driver said and how far the queue is; one that is ready is looked at as
 * mz_queue_start() does. Nothing that was taken is under way.
 */
void mz_queue_state(struct mz_queue *queue, struct mz_state *state);

#endif
