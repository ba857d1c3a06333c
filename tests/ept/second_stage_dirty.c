/* SPDX-License-Identifier: MPL-2.0 */
/* Consumers that start, collect, commit, put back and stop, and what each must hear of. */
#include <string.h>

#include "tests/ept/second_stage_ops.h"

static bool hear(void *context, mz_ia ia, uint64_t bytes)
{
	uint64_t *heard = context;

	*heard |= pages_in(ia.addr, ia.addr + (bytes - 1));
	return true;
}

/* All that the consumer has collected. */
static uint64_t heard_by(const struct listener *listener)
{
	uint64_t first, last, heard = 0;

	whole_range(&first, &last);
	must(mz_dirty_each(&listener->dirty, mz_ia_from(first), last - first + 1, hear, &heard));
	return heard;
}

static void check_heard(const struct listener *listener)
{
	uint64_t heard = heard_by(listener);

	must_say((listener->taken & ~heard) == 0, "writes to pages %#llx are missed",
		 (unsigned long long)(listener->taken & ~heard));
	must_say((heard & ~listener->may_taken) == 0, "pages %#llx were not written",
		 (unsigned long long)(heard & ~listener->may_taken));
}

/*
 * What was written behind the collection's back is heard of now or the next time, and so is all of
 * which there was no memory to tell.
 */
static enum mz_error collect_range(struct listener *listener, uint64_t first, uint64_t last)
{
	enum mz_error error = mz_dirty_collect(&listener->dirty, mz_ia_from(first),
					       last - first + 1);
	uint64_t pages = pages_in(first, last), next = ~heard_by(listener);

	must(error == MZ_OK || (error == MZ_NO_MEMORY && memory_fails()));
	if (error == MZ_OK)
		next &= world.late;
	listener->taken |= listener->owed & pages & ~next;
	listener->owed &= ~pages | next;
	listener->may_taken |= listener->may_owe & pages;
	if (error == MZ_OK)
		listener->may_owe &= ~pages | next;
	check_heard(listener);
	return error;
}

static void collect(struct listener *listener)
{
	uint64_t first, last;
	enum mz_error error;

	choose_range(&first, &last);
	if (chance(2))
		whole_range(&first, &last);
	op_says("consumer %d collects %#llx..%#llx", (int)(listener - world.listeners),
		(unsigned long long)first, (unsigned long long)last);
	error = collect_range(listener, first, last);
	must(flushes() <= (by_hardware() ? 2 : 1));
	/* Nothing was let be written since: nothing is left to take away. */
	if (error == MZ_OK && !by_hardware() && chance(2)) {
		journal_clear(&world.x.journal);
		(void)collect_range(listener, first, last);
		must_equal(flushes(), 0);
	}
}

static void put_back(struct listener *listener)
{
	enum mz_error error = mz_dirty_put_back(&listener->dirty);

	op_says("consumer %d puts back", (int)(listener - world.listeners));
	must(error == MZ_OK || (error == MZ_NO_MEMORY && memory_fails()));
	memory_recovers();
	if (error != MZ_OK)
		expect_ok(mz_dirty_put_back(&listener->dirty));
	must_equal(heard_by(listener), 0);
	listener->owed |= listener->taken;
	listener->may_owe |= listener->may_taken;
	listener->taken = listener->may_taken = 0;
}

static void commit(struct listener *listener)
{
	op_says("consumer %d commits", (int)(listener - world.listeners));
	mz_dirty_commit(&listener->dirty);
	must_equal(heard_by(listener), 0);
	listener->taken = listener->may_taken = 0;
}

static void start_listener(struct listener *listener)
{
	struct member *of = &world.members[below(SPACES)];
	unsigned level = chance(3) ? 0 : chance(3) ? world.big_level : 1;
	enum mz_error error;

	op_says("consumer %d starts on space %d with leaves of %u",
		(int)(listener - world.listeners), (int)(of - world.members), level);
	if (!of->alive)
		return;
	error = mz_dirty_start(&listener->dirty, &of->guest.space, level);
	must(error == MZ_OK || (error == MZ_NO_MEMORY && memory_fails()));
	must(flushes() <= (by_hardware() ? 4 : 2));
	if (error != MZ_OK)
		return;
	listener->of = of;
	listener->owed = listener->taken = listener->may_owe = listener->may_taken = 0;
}

void stop_listener(struct listener *listener)
{
	size_t flushed = flushes();

	mz_dirty_stop(&listener->dirty);
	listener->of = NULL;
	must_equal(flushes(), flushed);
}

/* By a device, past the table. */
static void write_from_outside(struct listener *listener)
{
	struct member *of = listener->of;
	uint64_t first = world.probes[below(world.probe_count)];
	uint64_t last = first + ((1 + below(3)) * world.x.page - 1);
	enum mz_error error = mz_space_written(&of->guest.space, mz_ia_from(first),
					       last - first + 1);

	op_says("%#llx..%#llx are written from outside", (unsigned long long)first,
		(unsigned long long)last);
	must(error == MZ_OK || (error == MZ_NO_MEMORY && memory_fails()));
	memory_recovers();
	if (error != MZ_OK)
		expect_ok(mz_space_written(&of->guest.space, mz_ia_from(first), last - first + 1));
	for (unsigned l = 0; l < LISTENERS; l++)
		if (world.listeners[l].of == of)
			world.listeners[l].owed |= pages_in(first, last);
	may_be_told(of, first, last);
	must_equal(flushes(), 0);
}

void op_listener(void)
{
	struct listener *listener = &world.listeners[below(LISTENERS)];

	if (listener->of == NULL) {
		if (chance(2))
			start_listener(listener);
		return;
	}
	switch (below(12)) {
	case 0:
		op_says("consumer %d stops", (int)(listener - world.listeners));
		stop_listener(listener);
		break;
	case 1:
	case 2:
		put_back(listener);
		break;
	case 3:
	case 4:
	case 5:
		commit(listener);
		break;
	case 6:
		write_from_outside(listener);
		break;
	default:
		collect(listener);
		break;
	}
}
