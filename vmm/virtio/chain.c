// SPDX-License-Identifier: MPL-2.0
/* A split virtqueue: its chains of descriptors. */
#include <string.h>

#include "vmm/virtio/queue.h"

/* 2.7.5: flags of a descriptor. */
#define NEXT     1u
#define WRITE    2u
#define INDIRECT 4u

#define CHAIN_BYTES_MAX ((uint64_t)1 << 32) /* 2.7.4.2 */

/* 2.7.5, as it lies in memory. */
struct descriptor {
	uint64_t gpa;
	uint32_t bytes;
	uint16_t flags, next;
};

/* Where a chain is being read. */
struct walk {
	const unsigned char *table;
	uint32_t entries, at;
	unsigned steps, steps_max;
	bool inside; /* an indirect table */
};

/* Once and for all: the driver may be changing it, and an indirect table may lie anyhow. */
static struct descriptor read_once(const struct walk *walk)
{
	struct descriptor descriptor;

	memcpy(&descriptor, walk->table + (size_t)walk->at * sizeof(descriptor),
	       sizeof(descriptor));
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	return descriptor;
}

/* 2.7.5.3: the rest of the chain is in a table of its own. */
static bool step_inside(struct mz_queue *queue, struct walk *walk,
			const struct descriptor *descriptor)
{
	if (!queue->indirect || walk->inside)
		return mz_queue_break(queue, "a descriptor is indirect where none may be");
	if (descriptor->flags & NEXT)
		return mz_queue_break(queue, "an indirect descriptor has a next one");
	if (descriptor->bytes == 0 || descriptor->bytes % sizeof(*descriptor) != 0)
		return mz_queue_break(queue, "an indirect table's size is wrong");
	walk->table = mz_ram_at(queue->memory->ram, descriptor->gpa, descriptor->bytes);
	if (!walk->table)
		return mz_queue_break(queue, "an indirect table is not in RAM");
	walk->entries = descriptor->bytes / (uint32_t)sizeof(*descriptor);
	walk->at = 0;
	walk->steps--; /* it is no part itself */
	walk->steps_max = MZ_QUEUE_MAX;
	walk->inside = true;
	return true;
}

static bool add_part(struct mz_queue *queue, struct mz_chain *chain,
		     const struct descriptor *descriptor)
{
	unsigned count = chain->out_count + chain->in_count;
	bool in = descriptor->flags & WRITE;
	void *at;

	if (!in && chain->in_count > 0) /* 2.7.4.2 */
		return mz_queue_break(queue, "a part to read follows one to write");
	if (descriptor->bytes == 0)
		return true;
	at = mz_ram_at(queue->memory->ram, descriptor->gpa, descriptor->bytes);
	if (!at)
		return mz_queue_break(queue, "a buffer is not in RAM");
	chain->parts[count] = (struct iovec) {.iov_base = at, .iov_len = descriptor->bytes};
	chain->gpas[count] = descriptor->gpa;
	if (in) {
		chain->in_count++;
		chain->in_bytes += descriptor->bytes;
	} else {
		chain->out_count++;
		chain->out_bytes += descriptor->bytes;
	}
	return chain->in_bytes + chain->out_bytes <= CHAIN_BYTES_MAX ||
		mz_queue_break(queue, "a chain is longer than 4 GiB");
}

bool mz_chain_read(struct mz_queue *queue, uint16_t head, struct mz_chain *chain)
{
	struct walk walk = {.table = queue->table,
			    .entries = queue->size,
			    .at = head,
			    .steps_max = queue->size};
	struct descriptor descriptor;

	chain->head = head;
	chain->out_count = chain->in_count = 0;
	chain->out_bytes = chain->in_bytes = 0;
	do {
		if (walk.at >= walk.entries)
			return mz_queue_break(queue, "a descriptor is beyond its table");
		if (walk.steps++ == walk.steps_max)
			return mz_queue_break(queue, "a chain is too long or a loop");
		descriptor = read_once(&walk);
		if (descriptor.flags & INDIRECT) {
			if (!step_inside(queue, &walk, &descriptor))
				return false;
			descriptor.flags = NEXT;
			continue;
		}
		if (!add_part(queue, chain, &descriptor))
			return false;
		walk.at = descriptor.next;
	} while (descriptor.flags & NEXT);
	return true;
}
