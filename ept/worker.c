// SPDX-License-Identifier: MPL-2.0
/* Workers: who faults, with what it has counted and set aside. */
#include "ept/gate.h"

void mz_worker_begin(struct mz_worker *worker, struct mz_space *space)
{
	static const struct mz_worker fresh;

	*worker = fresh;
	worker->space = space;
	mz_reserve_init(&worker->reserve);
	mz_lock_acquire(&space->list_lock);
	worker->next = space->workers;
	space->workers = worker;
	mz_lock_release(&space->list_lock);
}

enum mz_error mz_worker_top_up(struct mz_worker *worker, unsigned faults)
{
	const struct mz_space *space = worker->space;
	const struct mz_config *c = &space->table.config;
	bool shares;

	gate_enter(space);
	shares = space->table.shares;
	gate_leave(space);
	mz_reserve_need_splits(c, &worker->reserve, faults);
	/* A clone copies the nodes on the way as well. */
	for (unsigned level = 1; shares && level < c->format->levels; level++)
		worker->reserve.need[level] += faults;
	return mz_reserve_fill(c, &worker->reserve);
}

static void add(uint64_t *sum, const uint64_t *counts, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		sum[i] += mz_load_relaxed(&counts[i]);
}

static void add_stats(struct mz_space_stats *sum, const struct mz_space_stats *stats)
{
	add(sum->answers, stats->answers, MZ_ANSWERS);
	add(sum->denials, stats->denials, MZ_DENIALS);
	add(sum->mapped, stats->mapped, MZ_LEVELS_MAX + 1);
	add(sum->written, stats->written, MZ_LEVELS_MAX + 1);
	add(sum->split, stats->split, MZ_LEVELS_MAX + 1);
	add(sum->collapsed, stats->collapsed, MZ_LEVELS_MAX + 1);
	add(&sum->copied, &stats->copied, 1);
}

void mz_worker_end(struct mz_worker *worker)
{
	struct mz_space *space = worker->space;
	struct mz_worker **link = &space->workers;

	mz_reserve_drain(&space->table.config, &worker->reserve);
	mz_lock_acquire(&space->list_lock);
	while (*link != worker)
		link = &(*link)->next;
	*link = worker->next;
	add_stats(&space->gone, &worker->stats);
	mz_lock_release(&space->list_lock);
}

struct mz_space_stats mz_space_stats(struct mz_space *space)
{
	struct mz_space_stats sum;

	mz_lock_acquire(&space->list_lock);
	sum = space->gone;
	for (const struct mz_worker *worker = space->workers; worker != NULL; worker = worker->next)
		add_stats(&sum, &worker->stats);
	mz_lock_release(&space->list_lock);
	return sum;
}
