/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The gate between faults and changes of what a space consists of. Faults pass in readers'
 * sections and cost nothing but these; a change shuts the gate, waits for the readers inside, and
 * has the regions to itself until it opens the gate. So a fault acts on the regions as they were
 * when it came in, and when a change is made, no fault acts on them as they were before.
 */
#ifndef MZ_EPT_GATE_H
#define MZ_EPT_GATE_H

#include "ept/space.h"

/* With one thread, or no RCU hooks, nothing else is under way. */
static inline bool gate_needed(const struct mz_space *space)
{
	return !MZ_ONE_THREAD && space->table.config.rcu.enter != NULL;
}

static inline void gate_enter(const struct mz_space *space)
{
	for (;;) {
		mz_reader_enter(&space->table);
		if (MZ_ONE_THREAD || MZ_LIKELY(mz_load_acquire(&space->changing) == 0))
			return;
		mz_reader_leave(&space->table);
		while (mz_load_relaxed(&space->changing) != 0)
			mz_relax();
	}
}

static inline void gate_leave(const struct mz_space *space)
{
	mz_reader_leave(&space->table);
}

/* The change lock is held. */
static inline void gate_shut(struct mz_space *space)
{
	mz_store_release(&space->changing, 1);
	if (gate_needed(space))
		space->table.config.rcu.wait(space->table.config.rcu.context);
	space->version++;
}

static inline void gate_open(struct mz_space *space)
{
	mz_store_release(&space->changing, 0);
}

#endif
