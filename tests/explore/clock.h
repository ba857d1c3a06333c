/* SPDX-License-Identifier: MPL-2.0 */
/* Vector clocks: how far into each task an event can see. */
#ifndef MZ_TESTS_EXPLORE_CLOCK_H
#define MZ_TESTS_EXPLORE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A program has up to THREADS_MAX threads. Each has RETIRES_MAX reclaimers, the tasks that run when
 * a grace period has ended: one for each retirement, so that retirements do not get in each other's
 * way.
 */
#define THREADS_MAX 3
#define RETIRES_MAX 4
#define TASKS_MAX   (THREADS_MAX + THREADS_MAX * RETIRES_MAX)

struct clock {
	uint16_t at[TASKS_MAX];
};

static inline void clock_join(struct clock *clock, const struct clock *other)
{
	for (unsigned i = 0; i < TASKS_MAX; i++)
		clock->at[i] = clock->at[i] > other->at[i] ? clock->at[i] : other->at[i];
}

/* Does `clock` see all that `other` sees? */
static inline bool clock_covers(const struct clock *clock, const struct clock *other)
{
	unsigned beyond = 0;

	for (unsigned i = 0; i < TASKS_MAX; i++)
		beyond |= other->at[i] > clock->at[i];
	return beyond == 0;
}

#endif
