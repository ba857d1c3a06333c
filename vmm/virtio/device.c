// SPDX-License-Identifier: MPL-2.0
/* A virtio device: its life, and what it does with its queues. */
#include "vmm/virtio/device.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/virtio/transport.h"

#define RING_FEATURES (MZ_VIRTIO_F_INDIRECT_DESC | MZ_VIRTIO_F_EVENT_IDX | MZ_VIRTIO_F_VERSION_1)

int mz_virtio_open(struct mz_virtio **opened, struct mz_virtio *virtio,
		   const struct mz_virtio_setup *setup, struct mz_failure *failure)
{
	*opened = NULL;
	memset(virtio, 0, sizeof(*virtio));
	virtio->type = setup->type;
	virtio->context = setup->context;
	virtio->memory = setup->place->memory;
	virtio->irq = setup->place->irq;
	virtio->features = setup->features | RING_FEATURES;
	virtio->config = setup->config;
	virtio->config_bytes = setup->config_bytes;
	virtio->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&virtio->work, NULL);
	pthread_mutex_init(&virtio->state, NULL);
	mz_virtio_forget(virtio);
	if (virtio->kick < 0) {
		mz_fail(failure, MZ_STATUS_HOST_FAILED,
			"cannot make an event descriptor for %s: %s", virtio->type->name,
			strerror(errno));
		mz_virtio_close(virtio);
		return -1;
	}
	*opened = virtio;
	return 0;
}

void mz_virtio_close(struct mz_virtio *virtio)
{
	if (!virtio)
		return;
	mz_virtio_stop(virtio);
	if (virtio->kick >= 0)
		close(virtio->kick);
	free(virtio->watched.fds);
	pthread_mutex_destroy(&virtio->work);
	pthread_mutex_destroy(&virtio->state);
	virtio->type->close(virtio->context);
}

/* An interrupt for a reason that the driver reads in InterruptStatus. */
static void interrupt(struct mz_virtio *virtio, uint32_t reason)
{
	__atomic_fetch_or(&virtio->interrupt, reason, __ATOMIC_SEQ_CST);
	mz_virtio_count(&virtio->counts.interrupts);
	mz_irq_raise(&virtio->irq);
}

void mz_virtio_interrupt_used(struct mz_virtio *virtio)
{
	interrupt(virtio, MZ_INTERRUPT_USED);
}

/* 2.1.2: a driver that has begun is told. */
void mz_virtio_break_locked(struct mz_virtio *virtio, const char *why)
{
	mz_virtio_count(&virtio->counts.breaks);
	virtio->live = false;
	virtio->broken = why;
	virtio->status |= MZ_DEVICE_NEEDS_RESET;
	if (virtio->status & MZ_DEVICE_DRIVER_OK)
		interrupt(virtio, MZ_INTERRUPT_CONFIG);
}

void mz_virtio_break(struct mz_virtio *virtio, const char *why)
{
	pthread_mutex_lock(&virtio->state);
	mz_virtio_break_locked(virtio, why);
	pthread_mutex_unlock(&virtio->state);
}

void mz_virtio_config_changed(struct mz_virtio *virtio)
{
	pthread_mutex_lock(&virtio->state);
	virtio->generation++;
	if (virtio->status & MZ_DEVICE_DRIVER_OK)
		interrupt(virtio, MZ_INTERRUPT_CONFIG);
	pthread_mutex_unlock(&virtio->state);
}

static uint64_t look(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

struct mz_virtio_stats mz_virtio_stats(struct mz_virtio *virtio)
{
	struct mz_virtio_stats stats = {.name = virtio->type->name};

	/* Not `work`: who has it may wait for who reads the guest's output. */
	stats.counts.wakes = look(&virtio->counts.wakes);
	stats.counts.chains = look(&virtio->counts.chains);
	stats.counts.interrupts = look(&virtio->counts.interrupts);
	stats.counts.breaks = look(&virtio->counts.breaks);
	pthread_mutex_lock(&virtio->state);
	stats.broken = virtio->broken;
	pthread_mutex_unlock(&virtio->state);
	return stats;
}

void mz_virtio_wake(struct mz_virtio *virtio)
{
	eventfd_write(virtio->kick, 1);
}

bool mz_virtio_paused(const struct mz_virtio *virtio)
{
	return __atomic_load_n(&virtio->pause, __ATOMIC_ACQUIRE) != 0 ||
		__atomic_load_n(&virtio->quit, __ATOMIC_ACQUIRE);
}

static void look_after(struct mz_virtio *virtio, unsigned queue)
{
	if (virtio->live && virtio->queues[queue].broken)
		mz_virtio_break(virtio, virtio->queues[queue].broken);
}

bool mz_virtio_take(struct mz_virtio *virtio, unsigned queue, struct mz_chain *chain)
{
	if (!virtio->live || mz_virtio_paused(virtio))
		return false;
	if (!mz_queue_take(&virtio->queues[queue], chain)) {
		look_after(virtio, queue);
		return false;
	}
	mz_virtio_count(&virtio->counts.chains);
	return true;
}

void mz_virtio_give(struct mz_virtio *virtio, unsigned queue, const struct mz_chain *chain,
		    uint32_t written)
{
	/* It was broken since, but memory is what it was made. */
	if (!virtio->live) {
		mz_queue_tell(&virtio->queues[queue], chain);
		return;
	}
	mz_queue_give(&virtio->queues[queue], chain, written);
	if (mz_queue_wants_interrupt(&virtio->queues[queue]))
		interrupt(virtio, MZ_INTERRUPT_USED);
}

bool mz_virtio_listen(struct mz_virtio *virtio, unsigned queue)
{
	bool more = virtio->live && mz_queue_listen(&virtio->queues[queue]);

	look_after(virtio, queue);
	return more && !mz_virtio_paused(virtio);
}

void mz_virtio_drain(struct mz_virtio *virtio, unsigned queue, struct mz_chain *chain,
		     uint32_t (*serve)(void *context, struct mz_chain *chain))
{
	do {
		mz_queue_quiet(&virtio->queues[queue]);
		while (mz_virtio_take(virtio, queue, chain))
			mz_virtio_give(virtio, queue, chain, serve(virtio->context, chain));
	} while (mz_virtio_listen(virtio, queue));
}
