// SPDX-License-Identifier: MPL-2.0
#include "arch/linux/rcu.h"

#include <stddef.h>
#include <stdlib.h>
#include <urcu/urcu-bp.h>

#include "core/node.h"
#include "core/table.h"

struct mz_urcu_job {
	struct rcu_head head;
	struct mz_urcu *urcu;
};

static void enter(void *context)
{
	(void)context;
	urcu_bp_read_lock();
}

static void leave(void *context)
{
	(void)context;
	urcu_bp_read_unlock();
}

/* Puts the list `front` before the list `back`. A list is not read by readers: only its nodes are.
 */
static uint32_t join(const struct mz_table *table, uint32_t front, uint32_t back)
{
	const struct mz_config *c = &table->config;
	uint32_t *end = &front;

	while (*end != MZ_FRAME_NONE)
		end = &mz_frame_at(c->format, c, mz_page_address(c->format, *end))->next;
	*end = back;
	return front;
}

static void grace_period_over(struct rcu_head *head);

/* Begins a grace period for the waiting nodes. The mutex is held. */
static void begin_grace_period(struct mz_urcu *urcu)
{
	urcu->retired = urcu->waiting;
	urcu->waiting = MZ_FRAME_NONE;
	if (urcu->retired != MZ_FRAME_NONE)
		urcu_bp_call_rcu(&urcu->job->head, grace_period_over);
}

static void grace_period_over(struct rcu_head *head)
{
	struct mz_urcu *urcu = caa_container_of(head, struct mz_urcu_job, head)->urcu;
	struct mz_table table;
	uint32_t nodes;

	pthread_mutex_lock(&urcu->mutex);
	table = urcu->table;
	nodes = urcu->retired;
	pthread_mutex_unlock(&urcu->mutex);
	mz_table_reclaim(&table, nodes);
	pthread_mutex_lock(&urcu->mutex);
	begin_grace_period(urcu);
	pthread_mutex_unlock(&urcu->mutex);
}

/* Called inside a reader's section too: the mutex is never held for long, nor over a wait. */
static void retire(void *context, struct mz_table *table, uint32_t nodes)
{
	struct mz_urcu *urcu = context;

	pthread_mutex_lock(&urcu->mutex);
	/* Whichever: nodes of all are alike. */
	urcu->table.config = table->config;
	urcu->waiting = join(table, nodes, urcu->waiting);
	if (urcu->retired == MZ_FRAME_NONE)
		begin_grace_period(urcu);
	pthread_mutex_unlock(&urcu->mutex);
}

static void wait_for_readers(void *context)
{
	(void)context;
	urcu_bp_synchronize_rcu();
}

enum mz_error mz_urcu_init(struct mz_urcu *urcu)
{
	*urcu = (struct mz_urcu) {
		.hooks = {.context = urcu,
			  .enter = enter,
			  .leave = leave,
			  .retire = retire,
			  .wait = wait_for_readers},
		.job = calloc(1, sizeof(*urcu->job)),
		.waiting = MZ_FRAME_NONE,
		.retired = MZ_FRAME_NONE,
	};
	if (urcu->job == NULL)
		return MZ_NO_MEMORY;
	urcu->job->urcu = urcu;
	pthread_mutex_init(&urcu->mutex, NULL);
	/* Starts the thread that calls back, so that retiring need not. */
	urcu_bp_get_default_call_rcu_data();
	return MZ_OK;
}

void mz_urcu_barrier(struct mz_urcu *urcu)
{
	(void)urcu;
	/*
	 * The first waits for the grace period that runs, the second for that of waiting nodes.
	 * Nodes that clones gave up at a time are retired once more by each of these.
	 */
	for (unsigned i = 0; i < 4; i++)
		urcu_bp_barrier();
}

static bool is_idle(struct mz_urcu *urcu)
{
	bool idle;

	pthread_mutex_lock(&urcu->mutex);
	idle = urcu->retired == MZ_FRAME_NONE;
	pthread_mutex_unlock(&urcu->mutex);
	return idle;
}

void mz_urcu_destroy(struct mz_urcu *urcu)
{
	do
		mz_urcu_barrier(urcu);
	while (!is_idle(urcu));
	pthread_mutex_destroy(&urcu->mutex);
	free(urcu->job);
}
