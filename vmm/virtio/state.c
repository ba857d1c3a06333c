// SPDX-License-Identifier: MPL-2.0
/* The state of a virtio device: what it and its driver have told each other. */
#include "vmm/virtio/transport.h"

/* 4.2.2: the registers that select take any value. */
static void registers_state(struct mz_virtio *virtio, struct mz_state *state)
{
	mz_state_u32(state, &virtio->generation);
	mz_state_u32(state, &virtio->features_page);
	mz_state_u32(state, &virtio->driver_features_page);
	mz_state_u32(state, &virtio->queue_index);
}

/* What the driver reads as offered must be what it chose from. */
static void features_state(struct mz_virtio *virtio, struct mz_state *state)
{
	uint64_t features = virtio->features;

	mz_state_u64(state, &features);
	mz_state_check(state, features == virtio->features, "it offered other features");
	mz_state_u64(state, &virtio->driver_features);
}

/* That it needs a reset says that it is broken; the reason is not state. */
static void status_state(struct mz_virtio *virtio, struct mz_state *state)
{
	mz_state_u32(state, &virtio->status);
	mz_state_check(state, mz_virtio_status_right(virtio), "a status that can't be");
	if (!state->loading)
		return;
	virtio->broken = virtio->status & MZ_DEVICE_NEEDS_RESET ? "it was broken when it was saved"
								: NULL;
	virtio->live = (virtio->status & MZ_DEVICE_DRIVER_OK) != 0 && !virtio->broken;
}

static void interrupt_state(struct mz_virtio *virtio, struct mz_state *state)
{
	uint32_t reasons = __atomic_load_n(&virtio->interrupt, __ATOMIC_SEQ_CST);

	mz_state_u32(state, &reasons);
	mz_state_check(state, (reasons & ~(MZ_INTERRUPT_USED | MZ_INTERRUPT_CONFIG)) == 0,
		       "an interrupt for no reason");
	if (!state->loading)
		return;
	__atomic_store_n(&virtio->interrupt, reasons, __ATOMIC_SEQ_CST);
	if (reasons && !state->failed)
		mz_irq_raise(&virtio->irq);
}

void mz_virtio_state(struct mz_virtio *virtio, struct mz_state *state)
{
	mz_virtio_pause(virtio);
	mz_state_part(state, virtio->type->name, 1);
	registers_state(virtio, state);
	features_state(virtio, state);
	status_state(virtio, state);
	for (unsigned i = 0; i < virtio->type->queue_count; i++)
		mz_queue_state(&virtio->queues[i], state);
	if (virtio->type->go_over)
		virtio->type->go_over(virtio->context, state);
	interrupt_state(virtio, state);
	if (state->loading && state->failed)
		mz_virtio_reset(virtio);
	mz_virtio_resume(virtio);
}

/* What is under way would point to where memory was. */
void mz_virtio_moved(struct mz_virtio *virtio)
{
	mz_virtio_pause(virtio);
	for (unsigned i = 0; i < virtio->type->queue_count; i++)
		if (virtio->queues[i].ready)
			mz_queue_find(&virtio->queues[i]);
	mz_virtio_resume(virtio);
}
