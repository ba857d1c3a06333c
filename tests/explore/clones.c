// SPDX-License-Identifier: MPL-2.0
/* The words about clones. */
#include "tests/explore/clones.h"

#include "core/clone.h"
#include "ept/clone.h"
#include "tests/explore/contents.h"
#include "tests/explore/mmu.h"
#include "tests/explore/outside.h"
#include "tests/explore/search.h"
#include "tests/explore/world.h"

void clones_share_gate(void)
{
	outside_share(&world.spaces[0].changing);
	outside_share(&world.spaces[0].change_lock);
}

void clones_make(const struct action *action, unsigned thread)
{
	struct mz_flush flush = mmu_hooks(1);
	unsigned begin = search_turn();

	(void)action, (void)thread;
	if (mz_space_clone(&world.spaces[1], &world.spaces[0], &flush, &world.regions[1], 1) !=
	    MZ_OK)
		fail("the space cannot be cloned");
	world.cloned = true;
	contents_cloned(begin);
	for (unsigned i = 0; i <= THREADS_MAX && current < 0; i++)
		mz_worker_begin(&world.workers[1][i], &world.spaces[1]);
}

void clones_own(const struct action *action, unsigned thread)
{
	struct mz_gather gather;

	mz_gather_init(&gather, table_of(thread));
	if (mz_table_own(table_of(thread), mz_ia_from(action->first * TINY_PAGE),
			 action->count * TINY_PAGE, true, &gather) != MZ_OK)
		fail("nodes cannot be owned");
	mz_gather_finish(&gather);
}

void clones_switch(const struct action *action, unsigned thread)
{
	(void)action, (void)thread;
}

void clones_drop(const struct action *action, unsigned thread)
{
	(void)action, (void)thread;
	world.cloned = false;
	mz_table_destroy(&world.spaces[1].table);
}
