// SPDX-License-Identifier: MPL-2.0
/*
 * A guest of 256 GiB in 4 KiB leaves: what depends on what it has written, and not on what it has.
 * The guest is made once for the rows that leave it fit for the next run.
 */
#include <math.h>

#include "arch/x86/ept.h"
#include "bench/mezz-bench.h"
#include "ept/clone.h"
#include "ept/dirty.h"

#define BYTES         (256 * GIB)
#define PAGES         (BYTES / PAGE)
#define NODE_BYTES    ((uint64_t)1 << 30) /* 514 MiB are nodes of it; who waits needs some more */
#define REPEATS       3u
#define CLONE_REPEATS 50u
#define FRESH_OA      (BASE + SHIFTED + BYTES) /* the frames behind the guest's own */

static struct {
	struct pool pool;
	uint64_t alloc_count; /* nodes that were asked for */
	uint64_t fresh_oa;    /* the next frame for a copy */
	const char *made_for; /* the guest of this name is there */
	struct mz_space space, empty;
	struct mz_region room[1], empty_room[1];
	struct mz_worker worker;
	struct mz_dirty dirty;
	struct limit limit;
} large;

static enum mz_error count_alloc(void *context, unsigned size_lg2, mz_oa *pa)
{
	large.alloc_count++;
	return pool_alloc(context, size_lg2, pa);
}

static enum mz_error copy_page(void *context, const struct mz_region *region, mz_ia ia,
			       struct mz_item from, mz_oa *to)
{
	(void)context;
	(void)region;
	(void)ia;
	(void)from;
	*to = mz_oa_from(large.fresh_oa);
	large.fresh_oa += PAGE;
	return MZ_OK;
}

static void release_page(void *context, const struct mz_region *region, mz_oa oa, unsigned level)
{
	(void)region;
	(void)oa;
	(void)level;
	((struct bench *)context)->wrong = true; /* nobody else is at work */
}

/* The guest for the rows of a name. True: it is new. */
static bool make_guest(struct bench *bench, const char *made_for)
{
	static const struct row plain = {.name = NULL};
	struct mz_backing backing = {.context = bench, .copy = copy_page, .release = release_page};

	if (large.made_for == made_for)
		return false;
	if (large.made_for == NULL)
		pool_init(&large.pool, NODE_BYTES);
	pool_reset(&large.pool);
	large.made_for = made_for;
	large.fresh_oa = FRESH_OA;
	bench_begin(bench, &plain, OURS);
	bench->config.memory = pool_memory(&large.pool);
	bench->config.memory.alloc = count_alloc;
	begin_space(bench, &large.empty, &backing, large.empty_room, 0);
	begin_space(bench, &large.space, &backing, large.room, BYTES);
	large.limit = bench->limit;
	expect_ok(bench,
		  mz_table_map(&large.space.table, mz_ia_from(BASE), BYTES,
			       mz_oa_from(BASE + SHIFTED), prop_rwx()));
	mz_worker_begin(&large.worker, &large.space);
	return true;
}

/* What was told of. */
struct heard {
	uint64_t page_count, ia_sum;
};

static bool hear(void *context, mz_ia ia, uint64_t bytes)
{
	struct heard *heard = context;

	for (uint64_t end = ia.addr + bytes; ia.addr < end; ia.addr += PAGE) {
		heard->page_count++;
		heard->ia_sum += ia.addr;
	}
	return true;
}

static struct heard write_pages(struct bench *bench)
{
	struct heard written = {WRITTEN, 0};

	for (unsigned i = 0; i < WRITTEN; i++) {
		uint64_t ia = page_address(bench->written[i]);

		bench->wrong |= !resolves(&large.worker, ia, MZ_WRITE);
		written.ia_sum += ia;
	}
	return written;
}

static double collect(struct bench *bench)
{
	struct heard written = write_pages(bench), heard = {0, 0};
	double start = now_ns();

	expect_ok(bench, mz_dirty_collect(&large.dirty, mz_ia_from(BASE), BYTES));
	mz_dirty_each(&large.dirty, mz_ia_from(BASE), BYTES, hear, &heard);
	start = now_ns() - start;
	bench->wrong |= heard.page_count != written.page_count || heard.ia_sum != written.ia_sum;
	mz_dirty_commit(&large.dirty);
	return start;
}

static double read_all(struct bench *bench)
{
	double start = now_ns();
	uint64_t sum = limit_read_range(&large.limit, BASE, BYTES);

	start = now_ns() - start;
	bench->wrong |= sum != PAGES * (BASE + SHIFTED) + PAGE * (PAGES * (PAGES - 1) / 2);
	return start;
}

static double measure_collect(struct bench *bench, enum subject subject)
{
	double best = INFINITY;

	if (subject == RUNTIME)
		return NAN;
	if (make_guest(bench, "collect"))
		expect_ok(bench, mz_dirty_start(&large.dirty, &large.space, 0));
	if (subject == LIMIT)
		return read_all(bench);
	for (unsigned i = 0; i < REPEATS; i++)
		best = fmin(best, collect(bench));
	return best;
}

/* Lets a page be written, so that a clone finds what it finds in a guest that runs. */
static void write_somewhere(struct bench *bench)
{
	uint64_t ia = page_address(bench->written[0]);
	struct mz_fault_record record = mz_fault_record_of(mz_ia_from(ia), MZ_WRITE);
	struct mz_fault fault;
	enum mz_answer answer = mz_space_fault(&large.worker, &record, &fault);

	bench->wrong |= answer != MZ_RESOLVED && answer != MZ_RETRY;
	rcu_reclaim();
}

static void make_clone(struct bench *bench, struct mz_space *clone, struct mz_space *space,
		       struct mz_region *room)
{
	expect_ok(bench, mz_space_clone(clone, space, &space->table.config.flush, room, 1));
}

/* Both map the same, and nobody may write it; none of it was copied but the root. */
static void check_clone(struct bench *bench, const struct mz_space *clone,
			const struct mz_space *space, uint64_t nodes_before)
{
	uint64_t root_index = BASE >> 39;

	for (unsigned i = 0; i < WRITTEN; i++) {
		mz_ia ia = mz_ia_from(page_address(bench->written[i]));

		bench->wrong |= mz_table_query(&clone->table, ia).oa.addr !=
			mz_table_query(&space->table, ia).oa.addr;
	}
	bench->wrong |= ((clone->table.root[root_index] | space->table.root[root_index]) &
			 LIMIT_WRITE) != 0;
	bench->wrong |= clone->table.root[root_index] != space->table.root[root_index];
	bench->wrong |= pool_live_nodes(&large.pool) != nodes_before + 1;
}

static double time_clone(struct bench *bench, struct mz_space *space)
{
	struct mz_region room[1];
	struct mz_space clone;
	uint64_t nodes = pool_live_nodes(&large.pool);
	double ns, start = now_ns();

	make_clone(bench, &clone, space, room);
	ns = now_ns() - start;
	check_clone(bench, &clone, space, nodes);
	mz_space_destroy(&clone);
	bench->wrong |= pool_live_nodes(&large.pool) != nodes;
	return ns;
}

static double measure_clone(struct bench *bench, enum subject subject)
{
	double best = INFINITY;

	if (subject == RUNTIME)
		return NAN;
	make_guest(bench, "clone");
	for (unsigned i = 0; i < CLONE_REPEATS; i++) {
		if (subject == OURS)
			write_somewhere(bench);
		best = fmin(best, time_clone(bench, subject == OURS ? &large.space : &large.empty));
	}
	return best;
}

/* How many nodes a clone takes for its first write; the page goes to a frame of its own. */
static double measure_first_write(struct bench *bench, enum subject subject)
{
	mz_ia ia = mz_ia_from(page_address(bench->written[1]));
	struct mz_region room[1];
	struct mz_worker worker;
	struct mz_space clone;
	uint64_t asked, fresh_oa;

	if (subject != OURS)
		return subject == LIMIT ? mz_ept.levels - 1 : NAN;
	make_guest(bench, "clone");
	make_clone(bench, &clone, &large.space, room);
	mz_worker_begin(&worker, &clone);
	asked = large.alloc_count;
	fresh_oa = large.fresh_oa;
	bench->wrong |= !resolves(&worker, ia.addr, MZ_WRITE);
	asked = large.alloc_count - asked;
	bench->wrong |= mz_table_query(&clone.table, ia).oa.addr != fresh_oa;
	bench->wrong |= mz_table_query(&large.space.table, ia).oa.addr != ia.addr + SHIFTED;
	mz_worker_end(&worker);
	rcu_reclaim();
	mz_space_destroy(&clone);
	return (double)asked;
}

static const struct row rows[] = {
	{.name = "collect-sparse",
	 .reference = "read every leaf of 256 GiB",
	 .goals = BOTH(1e-2),
	 .measure = measure_collect},
	{.name = "clone-256g",
	 .reference = "clone of an empty space",
	 .goals = BOTH(2.0),
	 .measure = measure_clone},
	{.name = "clone-first-write",
	 .reference = "a node a level below the root",
	 .goals = BOTH(1.0),
	 .unit = "nodes",
	 .measure = measure_first_write},
};

const struct row_set large_rows = ROW_SET(rows);
