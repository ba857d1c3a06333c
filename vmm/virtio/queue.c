// SPDX-License-Identifier: MPL-2.0
/* A split virtqueue: its two rings. */
#include "vmm/virtio/queue.h"

#include <string.h>

#include "vmm/memory/written.h"

/* 2.7.6 and 2.7.8: the rings begin with flags and an index; the event field is behind the last. */
#define RING_INDEX      2u
#define RING_ENTRIES    4u
#define AVAILABLE_ENTRY 2u
#define USED_ENTRY      8u
#define TABLE_ENTRY     16u
#define EVENT_BYTES     2u
#define AVAILABLE_ALIGN 2u
#define USED_ALIGN      4u
#define NO_INTERRUPT    1u /* 2.7.6, VIRTQ_AVAIL_F_NO_INTERRUPT */
#define NO_NOTIFY       1u /* 2.7.8, VIRTQ_USED_F_NO_NOTIFY */

static uint16_t load(const unsigned char *at)
{
	return __atomic_load_n((const uint16_t *)(const void *)at, __ATOMIC_ACQUIRE);
}

static void store(unsigned char *at, uint16_t value)
{
	__atomic_store_n((uint16_t *)(void *)at, value, __ATOMIC_RELEASE);
}

bool mz_queue_break(struct mz_queue *queue, const char *why)
{
	if (!queue->broken)
		queue->broken = why;
	return false;
}

static uint32_t available_event(const struct mz_queue *queue)
{
	return RING_ENTRIES + AVAILABLE_ENTRY * queue->size;
}

static uint32_t used_event(const struct mz_queue *queue)
{
	return RING_ENTRIES + USED_ENTRY * queue->size;
}

static void *place(const struct mz_queue *queue, uint64_t gpa, uint32_t bytes, uint32_t align)
{
	return gpa % align == 0 ? mz_ram_at(queue->memory->ram, gpa, bytes) : NULL;
}

bool mz_queue_find(struct mz_queue *queue)
{
	queue->table = place(queue, queue->table_gpa, TABLE_ENTRY * queue->size, TABLE_ENTRY);
	queue->available = place(queue, queue->available_gpa, available_event(queue) + EVENT_BYTES,
				 AVAILABLE_ALIGN);
	queue->used = place(queue, queue->used_gpa, used_event(queue) + EVENT_BYTES, USED_ALIGN);
	if (!queue->table || !queue->available || !queue->used)
		return mz_queue_break(queue, "a queue is misaligned or not in RAM");
	return true;
}

bool mz_queue_start(struct mz_queue *queue)
{
	if (queue->size == 0 || queue->size > MZ_QUEUE_MAX ||
	    (queue->size & (queue->size - 1)) != 0)
		return mz_queue_break(queue, "a queue's size is no power of 2 or too large");
	if (!mz_queue_find(queue))
		return false;
	queue->taken = queue->given = queue->told = 0;
	queue->ready = true;
	return true;
}

/* How many chains wait. An index that is further ahead than the ring is long can't be meant. */
static unsigned waiting(struct mz_queue *queue)
{
	uint16_t ahead = (uint16_t)(load(queue->available + RING_INDEX) - queue->taken);

	if (ahead <= queue->size)
		return ahead;
	mz_queue_break(queue, "the index of an available ring jumped");
	return 0;
}

bool mz_queue_take(struct mz_queue *queue, struct mz_chain *chain)
{
	uint32_t slot = queue->taken & (queue->size - 1);

	if (!queue->ready || queue->broken || waiting(queue) == 0)
		return false;
	if (!mz_chain_read(queue, load(queue->available + RING_ENTRIES + AVAILABLE_ENTRY * slot),
			   chain))
		return false;
	queue->taken++;
	return true;
}

void mz_queue_put_back(struct mz_queue *queue)
{
	queue->taken--;
}

void mz_queue_tell(const struct mz_queue *queue, const struct mz_chain *chain)
{
	for (unsigned i = chain->out_count; i < chain->out_count + chain->in_count; i++)
		mz_tell_written(queue->memory->space, chain->gpas[i], chain->parts[i].iov_len);
}

void mz_queue_give(struct mz_queue *queue, const struct mz_chain *chain, uint32_t written)
{
	uint32_t at = RING_ENTRIES + USED_ENTRY * (queue->given & (queue->size - 1));
	uint32_t element[2] = {chain->head, written};

	if (written > 0)
		mz_queue_tell(queue, chain);
	if (!queue->ready || queue->broken)
		return;
	memcpy(queue->used + at, element, sizeof(element));
	store(queue->used + RING_INDEX, ++queue->given);
	mz_tell_written(queue->memory->space, queue->used_gpa + at, USED_ENTRY);
	mz_tell_written(queue->memory->space, queue->used_gpa, RING_ENTRIES);
}

/*
 * 2.7.7: with events, an interrupt is due once the index that the driver names is passed; without,
 * unless a flag forbids it. The fence pairs with the driver's, which says what it wants and looks
 * at the index then.
 */
bool mz_queue_wants_interrupt(struct mz_queue *queue)
{
	uint16_t before = queue->told;
	uint16_t event;

	if (!queue->ready || queue->broken || queue->given == before)
		return false;
	queue->told = queue->given;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!queue->event)
		return (load(queue->available) & NO_INTERRUPT) == 0;
	event = load(queue->available + available_event(queue));
	return (uint16_t)(queue->given - event - 1) < (uint16_t)(queue->given - before);
}

/* With events, an index that has been passed is silence enough. */
void mz_queue_quiet(struct mz_queue *queue)
{
	if (!queue->ready || queue->broken || queue->event)
		return;
	store(queue->used, NO_NOTIFY);
	mz_tell_written(queue->memory->space, queue->used_gpa, RING_ENTRIES);
}

bool mz_queue_listen(struct mz_queue *queue)
{
	uint32_t event = used_event(queue);

	if (!queue->ready || queue->broken)
		return false;
	if (queue->event) {
		store(queue->used + event, queue->taken);
		mz_tell_written(queue->memory->space, queue->used_gpa + event, EVENT_BYTES);
	} else {
		store(queue->used, 0);
		mz_tell_written(queue->memory->space, queue->used_gpa, RING_ENTRIES);
	}
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return waiting(queue) > 0;
}

static void places_state(struct mz_queue *queue, struct mz_state *state)
{
	mz_state_u32(state, &queue->size);
	mz_state_u64(state, &queue->table_gpa);
	mz_state_u64(state, &queue->available_gpa);
	mz_state_u64(state, &queue->used_gpa);
	mz_state_bool(state, &queue->indirect);
	mz_state_bool(state, &queue->event);
}

/* Any of them is right: what they lead to lies in a ring. */
static void positions_state(struct mz_queue *queue, struct mz_state *state)
{
	mz_state_u16(state, &queue->taken);
	mz_state_u16(state, &queue->given);
	mz_state_u16(state, &queue->told);
}

void mz_queue_state(struct mz_queue *queue, struct mz_state *state)
{
	bool ready = queue->ready, broken = queue->broken;

	places_state(queue, state);
	mz_state_bool(state, &ready);
	mz_state_bool(state, &broken);
	if (state->loading) {
		queue->ready = false;
		queue->broken = NULL;
		mz_state_check(state, !ready || mz_queue_start(queue),
			       "a queue is not where one can be");
		if (broken)
			mz_queue_break(queue, "it was broken when it was saved");
	}
	positions_state(queue, state);
}
