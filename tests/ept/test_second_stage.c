/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Random steps of guests, consumers and changes on a space and its clones, over every format, held
 * against a flat model and against caches that keep all they may. MZ_SEED and MZ_STEPS have a run
 * again, or a longer one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/ept/second_stage_model.h"
#include "tests/suite.h"

/* Of each format, in all its modes. */
#define STEPS 10000

/* By how many steps all nodes of all spaces are looked at, and not those of one alone. */
#define ALL_NODES_EVERY 32

/* What a run is doing, for who waits for its end. */
struct note {
	unsigned step;
	char text[160];
};

static struct note *note;

static unsigned number_of(const struct mz_table *table)
{
	for (unsigned s = 0; s < SPACES; s++)
		if (&world.members[s].guest.space.table == table)
			return s;
	ck_abort_msg("a flush of no space's table");
	return 0;
}

/*
 * While the change is under way, processors write by what they have cached, or walk and write: that
 * leaves its flag behind a collection that has passed there.
 */
static void write_before_flush(struct mz_table *table, uint64_t first, uint64_t last)
{
	struct member *member = &world.members[number_of(table)];
	uint64_t ia = world.probes[rng_below(&world.rng, world.probe_count)];
	struct mz_item item;
	bool written = false, walked = false;

	if (!member->alive)
		return;
	if (chance(2))
		written = tlb_writable(table, first, last, rng_next(&world.rng) % 1024, &ia, &item);
	else if (chance(2))
		written = walked = tlb_access(table, 0, ia, MZ_WRITE, &item);
	for (unsigned p = 0; written && p < world.probe_count; p++) {
		/* What is written to a region that comes to nothing is nobody's. */
		if (world.probes[p] != ia || (world.adding && !member->pages[p].there))
			continue;
		page_written(member, p, item.oa.addr);
		if (walked)
			world.late |= (uint64_t)1 << p;
	}
}

static void step(unsigned number)
{
	struct member *touched;

	journal_clear(&world.x.journal);
	world.nested = world.refused = false;
	world.late = 0;
	if (chance(12))
		track_fail(&world.x.track, 1 + rng_below(&world.rng, 8));
	note->step = number;
	touched = second_stage_step(note->text, sizeof(note->text));
	track_fail(&world.x.track, 0);
	world_check(touched->alive ? touched : NULL, number % ALL_NODES_EVERY == 0);
	if (chance(4))
		witness_reclaim(&world.x.witness);
}

static void run(int number, enum mode mode, uint64_t seed, unsigned steps)
{
	world_begin(number, mode, seed);
	tlb_before_flush(write_before_flush);
	for (unsigned i = 0; i < steps; i++)
		step(i);
	for (unsigned s = 0; s < SPACES; s++)
		if (world.members[s].alive)
			retire_member(&world.members[s]);
	world_end();
}

/* Formats that break before they make do so in each mode. */
static unsigned modes_of(int number)
{
	return case_at(number)->format->break_before_make ? MODE_BREAKING : MODES;
}

/* In a process of its own, so that what it was doing can be told. */
static void run_apart(int number, enum mode mode)
{
	uint64_t seed = rng_seed();
	unsigned steps = rng_steps(STEPS / modes_of(number) + 1);
	int status = 0;
	pid_t child;

	note = mmap(NULL, sizeof(*note), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(note != MAP_FAILED);
	fflush(NULL);
	child = fork();
	must(child >= 0);
	if (child == 0) {
		run(number, mode, seed, steps);
		_exit(0);
	}
	must_equal(waitpid(child, &status, 0), child);
	if (status != 0)
		printf("# %s, mode %d: MZ_SEED=%#llx fails in step %u: %s\n", case_at(number)->name,
		       (int)mode, (unsigned long long)seed, note->step, note->text);
	fflush(stdout);
	must(status == 0);
}

START_TEST(spaces_agree_with_the_model)
{
	if ((unsigned)_i / CASES < modes_of(_i % CASES))
		run_apart(_i % CASES, (enum mode)(_i / CASES));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("second_stage");
	TCase *tcase = tcase_create("against the model");

	/* A run that fails must end its process. */
	setenv("CK_FORK", "yes", 1);
	tcase_set_timeout(tcase, 0);
	tcase_add_loop_test(tcase, spaces_agree_with_the_model, 0, CASES * (int)MODES);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
