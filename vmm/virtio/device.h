/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A virtio device behind the MMIO transport: sections 2, 3.1 and 4.2. This part is the same for
 * all: registers, negotiation, queues, interrupts, and the thread that does the device's work. What
 * kind of device it is, a struct mz_virtio_type says.
 *
 * Two mutexes. `work` is held while the device does its work, and by a register that changes what
 * it works on, which asks it to pause first; `state` guards the registers and the configuration,
 * and may be taken while `work` is held.
 *
 * A driver that does what can't be right stops its device: DEVICE_NEEDS_RESET is set, it is told
 * by a configuration interrupt, and nothing is done for it until it resets the device.
 */
#ifndef MZ_VMM_VIRTIO_DEVICE_H
#define MZ_VMM_VIRTIO_DEVICE_H

#include <pthread.h>
#include <stddef.h>

#include "vmm/base/failure.h"
#include "vmm/base/state.h"
#include "vmm/device/bus.h"
#include "vmm/device/irq.h"
#include "vmm/virtio/queue.h"
#include "vmm/virtio/stats.h"
#include "vmm/virtio/watch.h"

#define MZ_VIRTIO_BASE   0xd0001000u
#define MZ_VIRTIO_BYTES  0x1000u
#define MZ_VIRTIO_NOTIFY 0x050u /* 4.2.2, QueueNotify: what is written there wakes the device */
#define MZ_VIRTIO_QUEUES 5

/* 6: features that have nothing to do with the kind of device. */
#define MZ_VIRTIO_F_INDIRECT_DESC ((uint64_t)1 << 28)
#define MZ_VIRTIO_F_EVENT_IDX     ((uint64_t)1 << 29)
#define MZ_VIRTIO_F_VERSION_1     ((uint64_t)1 << 32)

/* A kind of device. Hooks that may be NULL say so; `work` is held, but where they say otherwise. */
struct mz_virtio_type {
	const char *name;
	uint32_t id; /* 5 */
	unsigned queue_count;
	/* The driver has notified, it has just begun, or something watched has come. */
	void (*serve)(void *context, const struct mz_watch *watch);
	/* May be NULL. Adds what the device waits for. */
	void (*watch)(void *context, struct mz_watch *watch);
	/* May be NULL. Finishes all that is under way: queues are going to change. */
	void (*settle)(void *context);
	/* May be NULL. The driver has reset the device; `state` is held, too. */
	void (*reset)(void *context);
	/*
	 * May be NULL. What the driver has been told is written outlasts a crash of the host from
	 * now on, or -1; no mutex is held, and the device may be at work.
	 */
	int (*flush)(void *context, struct mz_failure *failure);
	/* The device ends: its memory and files go. No mutex is held. */
	void (*close)(void *context);
	/* May be NULL. The driver has written into the configuration; only `state` is held. */
	void (*configure)(void *context, uint32_t offset, const void *data, uint32_t bytes);
	/* May be NULL. Saves or loads what is the device's own; `state` is held, too. */
	void (*go_over)(void *context, struct mz_state *state);
};

struct mz_virtio {
	const struct mz_virtio_type *type;
	void *context;
	struct mz_queue_memory memory;
	struct mz_irq irq;
	uint64_t features; /* that are offered */
	void *config;      /* guarded by `state` */
	uint32_t config_bytes;

	pthread_mutex_t work;
	bool live; /* the driver has begun, and nothing is broken */
	struct mz_queue queues[MZ_VIRTIO_QUEUES];
	struct mz_virtio_counts counts; /* atomic */
	int pause;                      /* atomic; not 0: the device is to let go of `work` soon */

	pthread_mutex_t state;
	uint32_t status, generation;
	uint32_t interrupt; /* atomic */
	uint32_t features_page, driver_features_page, queue_index;
	uint64_t driver_features;
	const char *broken; /* why it needs a reset; NULL: it does not */

	pthread_t thread;
	struct mz_watch watched;
	int kick;     /* the driver notifies */
	bool started; /* there is a thread */
	bool quit;    /* atomic; it is to end */
};

/* Where a device is put: what it reaches, and whom it interrupts. */
struct mz_virtio_place {
	struct mz_queue_memory memory;
	struct mz_irq irq;
};

/* The parts that differ between devices of the same type. */
struct mz_virtio_setup {
	const struct mz_virtio_type *type;
	void *context;
	uint64_t features; /* beside those of the rings */
	void *config;      /* of the device's own */
	uint32_t config_bytes;
	const struct mz_virtio_place *place;
};

/*
 * Makes `virtio`, a part of the device's own structure, ready for mz_virtio_attach(), and puts it
 * into `*opened`. MZ_STATUS_HOST_FAILED: the device is closed already, and `*opened` is NULL.
 */
int mz_virtio_open(struct mz_virtio **opened, struct mz_virtio *virtio,
		   const struct mz_virtio_setup *setup, struct mz_failure *failure);

/* Ends the thread and the device, whose memory `virtio` is in. NULL is right. */
void mz_virtio_close(struct mz_virtio *virtio);

/* Puts the registers at [base, base + MZ_VIRTIO_BYTES) on the bus. Errors as for mz_bus_add(). */
int mz_virtio_attach(struct mz_virtio *virtio, struct mz_bus *bus, uint64_t base,
		     struct mz_failure *failure);

/*
 * Starts and ends the thread, as often as one likes: it looks first at what it may have missed.
 * MZ_STATUS_HOST_FAILED. Once it is stopped, nothing is under way. Stopping one that was not
 * started is right.
 */
int mz_virtio_start(struct mz_virtio *virtio, struct mz_failure *failure);
void mz_virtio_stop(struct mz_virtio *virtio);

/* Finds its rings again: the VMM's window of guest memory has moved. The thread is stopped. */
void mz_virtio_moved(struct mz_virtio *virtio);

/*
 * Saves or loads all that the driver has told the device and the device has told the driver; what
 * is in the rings is guest memory. Settles what is under way first, which writes guest memory: stop
 * the thread before that is saved or loaded. After loading, a device that has an interrupt to tell
 * of raises it once more, for it may have been on its way: the interrupt controllers' state is
 * loaded first. One whose state can't be is as after a reset. No vCPU runs.
 */
void mz_virtio_state(struct mz_virtio *virtio, struct mz_state *state);

/* One turn of what the thread does, without waiting; for tests that have no thread. */
void mz_virtio_turn_(struct mz_virtio *virtio);

/* What it did so far; exact while it has no thread. */
struct mz_virtio_stats mz_virtio_stats(struct mz_virtio *virtio);

/* Something has come that the device does not watch: it looks. From any thread. */
void mz_virtio_wake(struct mz_virtio *virtio);

/* ---- For devices, at work ---- */

/* Is the device to let go of its queues soon? For what can take long. */
bool mz_virtio_paused(const struct mz_virtio *virtio);

static inline bool mz_virtio_has(const struct mz_virtio *virtio, unsigned feature)
{
	return virtio->driver_features >> feature & 1;
}

static inline void mz_virtio_count(uint64_t *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

/* As the calls of the queue; what breaks the queue breaks the device. */
bool mz_virtio_take(struct mz_virtio *virtio, unsigned queue, struct mz_chain *chain);
void mz_virtio_give(struct mz_virtio *virtio, unsigned queue, const struct mz_chain *chain,
		    uint32_t written);
bool mz_virtio_listen(struct mz_virtio *virtio, unsigned queue);

/*
 * Takes all that the queue has and gives back what `serve` has done, which answers how much it has
 * written.
 */
void mz_virtio_drain(struct mz_virtio *virtio, unsigned queue, struct mz_chain *chain,
		     uint32_t (*serve)(void *context, struct mz_chain *chain));

/* The driver did what can't be right. */
void mz_virtio_break(struct mz_virtio *virtio, const char *why);

/* Somebody else has given chains back, and the driver wants to know. */
void mz_virtio_interrupt_used(struct mz_virtio *virtio);

/* The configuration was changed: tells the driver. `state` is not held. */
void mz_virtio_config_changed(struct mz_virtio *virtio);

#endif
