// SPDX-License-Identifier: MPL-2.0
#include "tests/explore/grace.h"

#include "core/table.h"
#include "tests/explore/memory.h"
#include "tests/explore/search.h"

#include <string.h>

/* One retirement, or, of a thread, one time that it waits. */
struct batch {
	struct mz_table *table;
	uint32_t nodes;
	unsigned waits_for; /* readers, as bits */
	struct clock order; /* the steps that it comes after, */
	struct clock seen;  /* and all that was done before them */
};

static struct batch batches[TASKS_MAX];
static unsigned retired[THREADS_MAX]; /* by thread: its retirements */
static unsigned depth[TASKS_MAX];     /* sections within sections */

/* Of all sections that have ended; of all retirements. */
static struct clock left_order, left_seen, retired_seen;

void grace_clear(void)
{
	memset(batches, 0, sizeof(batches));
	memset(retired, 0, sizeof(retired));
	memset(depth, 0, sizeof(depth));
	left_order = left_seen = retired_seen = (struct clock) {{0}};
}

bool grace_over(unsigned task)
{
	return batches[task].waits_for == 0;
}

const struct clock *grace_order(unsigned task)
{
	return &batches[task].order;
}

/* A section that a grace period does not wait for sees all that was done before that began. */
static void enter(void *context)
{
	(void)context;
	if (current < 0)
		return;
	if (depth[current] == 0) {
		task_point(OP_ENTER, MEMORY_READERS);
		memory_see(&retired_seen);
	}
	depth[current]++;
}

static void leave(void *context)
{
	(void)context;
	if (current < 0)
		return;
	if (depth[current] > 1) {
		depth[current]--;
		return;
	}
	task_point(OP_LEAVE, MEMORY_READERS);
	depth[current]--;
	clock_join(&left_order, search_order());
	memory_show(&left_seen);
	for (unsigned i = 0; i < TASKS_MAX; i++) {
		struct batch *batch = &batches[i];

		if ((batch->waits_for >> current & 1) == 0)
			continue;
		batch->waits_for &= ~(1u << current);
		clock_join(&batch->order, search_order());
		memory_show(&batch->seen);
	}
}

static void reclaim(unsigned task)
{
	memory_see(&batches[task].seen);
	mz_table_reclaim(batches[task].table, batches[task].nodes);
}

/*
 * A grace period begins. Sections that have ended come before it too: had the leave been a little
 * later, it would have waited for it, and nothing else would be different.
 */
static void begin_grace(struct batch *batch)
{
	for (unsigned i = 0; i < THREADS_MAX; i++)
		if (depth[i] > 0)
			batch->waits_for |= 1u << i;
	batch->order = left_order;
	clock_join(&batch->order, search_order());
	batch->seen = left_seen;
	memory_show(&batch->seen);
	memory_show(&retired_seen);
}

/* A reclaimer may retire nodes anew. */
static unsigned running_thread(void)
{
	unsigned task = (unsigned)current;

	return task < THREADS_MAX ? task : (task - THREADS_MAX) / RETIRES_MAX;
}

static void retire(void *context, struct mz_table *table, uint32_t nodes)
{
	struct batch *batch;
	unsigned task;

	(void)context;
	if (current < 0) {
		mz_table_reclaim(table, nodes);
		return;
	}
	task_point(OP_RETIRE, MEMORY_READERS);
	if (retired[running_thread()] == RETIRES_MAX)
		fail("a thread retires nodes more than %d times", RETIRES_MAX);
	task = THREADS_MAX + running_thread() * RETIRES_MAX + retired[running_thread()]++;
	batch = &batches[task];
	batch->table = table;
	batch->nodes = nodes;
	begin_grace(batch);
	task_prepare(task, reclaim, (struct op) {OP_GRACE, MEMORY_READERS});
}

static void wait_for_readers(void *context)
{
	(void)context;
	if (current < 0)
		return;
	if (depth[current] > 0)
		fail("a reader waits for readers");
	task_point(OP_RETIRE, MEMORY_READERS);
	begin_grace(&batches[current]);
	task_point(OP_GRACE, MEMORY_READERS);
	memory_see(&batches[current].seen);
}

struct mz_rcu grace_hooks(void)
{
	return (struct mz_rcu) {
		.enter = enter, .leave = leave, .retire = retire, .wait = wait_for_readers};
}
