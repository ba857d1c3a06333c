// SPDX-License-Identifier: MPL-2.0
/* A memory balloon. */
#include "vmm/virtio/balloon.h"

#include <fcntl.h>
#include <linux/virtio_balloon.h>
#include <linux/virtio_ids.h>
#include <stdlib.h>
#include <string.h>

#include "ept/change.h"
#include "vmm/memory/written.h"
#include "vmm/virtio/parts.h"

/* 5.5.2. Drivers differ in where reporting is, behind queues that are not offered here. */
enum { INFLATE, DEFLATE, REPORT_FIRST, QUEUES = 5 };

#define PAGE_BYTES ((uint64_t)1 << VIRTIO_BALLOON_PFN_SHIFT)
#define PFN_RUN    64u /* are read at a time */

struct mz_balloon {
	struct mz_virtio virtio;
	struct virtio_balloon_config config; /* only its first two members are offered */
	uint64_t taken_bytes, failed_bytes;  /* atomic */
	struct mz_chain chain;
	uint64_t run_gpa, run_bytes; /* of pages that are to be taken */
};

static struct mz_balloon *balloon_of(struct mz_virtio *virtio)
{
	return virtio->context;
}

/* Where no node can be had to split a leaf, the page stays: it is the guest's until it asks. */
static bool unmap(const struct mz_queue_memory *memory, uint64_t gpa, uint64_t bytes)
{
	const struct mz_request request = {
		.change = MZ_CHANGE_INVALIDATE, .ia = mz_ia_from(gpa), .bytes = bytes};

	return !memory->space || memory->populated ||
		mz_space_change(memory->space, &request, NULL) == MZ_OK;
}

/* Out of the table first: what is touched in between finds a page again, and loses it once more. */
static bool take_out(const struct mz_queue_memory *memory, uint64_t gpa, uint64_t bytes)
{
	const struct mz_ram *ram = memory->ram;
	const unsigned char *at = mz_ram_at(ram, gpa, bytes);

	if (!unmap(memory, gpa, bytes) || mz_ram_drop(ram, (uint64_t)(at - ram->alias), bytes))
		return false;
	/* What was there is gone, as if something else had been written. */
	mz_tell_written(memory->space, gpa, bytes);
	return true;
}

static void take_run(struct mz_balloon *balloon)
{
	uint64_t bytes = balloon->run_bytes;

	balloon->run_bytes = 0;
	if (bytes == 0)
		return;
	if (take_out(&balloon->virtio.memory, balloon->run_gpa, bytes))
		__atomic_fetch_add(&balloon->taken_bytes, bytes, __ATOMIC_RELAXED);
	else
		__atomic_fetch_add(&balloon->failed_bytes, bytes, __ATOMIC_RELAXED);
}

/* Pages come one by one, in either direction; those side by side are taken at once. */
static bool add_page(struct mz_balloon *balloon, uint32_t pfn)
{
	uint64_t gpa = (uint64_t)pfn << VIRTIO_BALLOON_PFN_SHIFT;

	if (!mz_ram_at(balloon->virtio.memory.ram, gpa, PAGE_BYTES))
		return false;
	if (balloon->run_bytes > 0 && gpa + PAGE_BYTES == balloon->run_gpa &&
	    mz_ram_at(balloon->virtio.memory.ram, gpa, balloon->run_bytes + PAGE_BYTES)) {
		balloon->run_gpa = gpa;
		balloon->run_bytes += PAGE_BYTES;
		return true;
	}
	if (balloon->run_bytes == 0 || gpa != balloon->run_gpa + balloon->run_bytes ||
	    !mz_ram_at(balloon->virtio.memory.ram, balloon->run_gpa,
		       balloon->run_bytes + PAGE_BYTES)) {
		take_run(balloon);
		balloon->run_gpa = gpa;
	}
	balloon->run_bytes += PAGE_BYTES;
	return true;
}

static uint32_t inflate(void *context, struct mz_chain *chain)
{
	struct mz_balloon *balloon = context;
	uint32_t pfns[PFN_RUN];
	uint64_t done = 0;
	bool right = true;
	size_t got;

	while (right && (got = mz_chain_copy_out(chain, done, pfns, sizeof(pfns))) > 0 &&
	       (done == 0 || !mz_virtio_paused(&balloon->virtio))) {
		for (size_t i = 0; i < got / sizeof(pfns[0]) && right; i++)
			right = add_page(balloon, pfns[i]);
		done += got;
	}
	take_run(balloon);
	if (!right)
		mz_virtio_break(&balloon->virtio, "a balloon was given a page that is no RAM");
	return 0;
}

/* The guest has its pages back when it touches them. */
static uint32_t deflate(void *context, struct mz_chain *chain)
{
	(void)context;
	(void)chain;
	return 0;
}

/* 5.5.6.7: the parts are the free pages themselves. Only whole pages can be taken. */
static uint32_t report(void *context, struct mz_chain *chain)
{
	struct mz_balloon *balloon = context;

	for (unsigned i = chain->out_count; i < chain->out_count + chain->in_count; i++) {
		uint64_t first = (chain->gpas[i] + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
		uint64_t end = (chain->gpas[i] + chain->parts[i].iov_len) & ~(PAGE_BYTES - 1);

		balloon->run_gpa = first;
		balloon->run_bytes = end > first ? end - first : 0;
		take_run(balloon);
	}
	return 0;
}

static void serve(void *context, const struct mz_watch *watch)
{
	struct mz_balloon *balloon = context;

	(void)watch;
	mz_virtio_drain(&balloon->virtio, INFLATE, &balloon->chain, inflate);
	mz_virtio_drain(&balloon->virtio, DEFLATE, &balloon->chain, deflate);
	for (unsigned queue = REPORT_FIRST; queue < QUEUES; queue++)
		if (mz_virtio_has(&balloon->virtio, VIRTIO_BALLOON_F_REPORTING))
			mz_virtio_drain(&balloon->virtio, queue, &balloon->chain, report);
}

/* 5.5.4: the driver writes how much it gave. */
static void configure(void *context, uint32_t offset, const void *data, uint32_t bytes)
{
	struct mz_balloon *balloon = context;

	if (offset == offsetof(struct virtio_balloon_config, actual) &&
	    bytes == sizeof(balloon->config.actual))
		memcpy(&balloon->config.actual, data, bytes);
}

static void reset(void *context)
{
	((struct mz_balloon *)context)->config.actual = 0;
}

/* The pages that are out are those that guest memory has not; what is asked for stays asked for. */
static void go_over(void *context, struct mz_state *state)
{
	struct mz_balloon *balloon = context;

	mz_state_u32(state, &balloon->config.num_pages);
	mz_state_u32(state, &balloon->config.actual);
}

static const struct mz_virtio_type balloon_type = {
	.name = "virtio-balloon",
	.id = VIRTIO_ID_BALLOON,
	.queue_count = QUEUES,
	.serve = serve,
	.reset = reset,
	.configure = configure,
	.go_over = go_over,
	.close = free,
};

int mz_balloon_open(struct mz_virtio **virtio, uint64_t bytes, const struct mz_virtio_place *place,
		    struct mz_failure *failure)
{
	struct mz_balloon *balloon = calloc(1, sizeof(*balloon));
	const struct mz_virtio_setup setup = {
		.type = &balloon_type,
		.context = balloon,
		.features = (uint64_t)1 << VIRTIO_BALLOON_F_DEFLATE_ON_OOM |
			(uint64_t)1 << VIRTIO_BALLOON_F_REPORTING,
		.config = balloon ? &balloon->config : NULL,
		.config_bytes = offsetof(struct virtio_balloon_config, actual) + sizeof(uint32_t),
		.place = place,
	};

	*virtio = NULL;
	if (!balloon)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "no memory for a balloon");
	balloon->config.num_pages = (uint32_t)(bytes >> VIRTIO_BALLOON_PFN_SHIFT);
	return mz_virtio_open(virtio, &balloon->virtio, &setup, failure);
}

void mz_balloon_set(struct mz_virtio *virtio, uint64_t bytes)
{
	pthread_mutex_lock(&virtio->state);
	balloon_of(virtio)->config.num_pages = (uint32_t)(bytes >> VIRTIO_BALLOON_PFN_SHIFT);
	pthread_mutex_unlock(&virtio->state);
	mz_virtio_config_changed(virtio);
}

struct mz_balloon_stats mz_balloon_stats(struct mz_virtio *virtio)
{
	struct mz_balloon *balloon = balloon_of(virtio);
	struct mz_balloon_stats stats = {
		.taken_bytes = __atomic_load_n(&balloon->taken_bytes, __ATOMIC_RELAXED),
		.failed_bytes = __atomic_load_n(&balloon->failed_bytes, __ATOMIC_RELAXED),
	};

	pthread_mutex_lock(&virtio->state);
	stats.target_bytes = (uint64_t)balloon->config.num_pages * PAGE_BYTES;
	stats.actual_bytes = (uint64_t)balloon->config.actual * PAGE_BYTES;
	pthread_mutex_unlock(&virtio->state);
	return stats;
}
