// SPDX-License-Identifier: MPL-2.0
/* What the rows share: the state that they begin with, and steps that several take. */
#include "bench/mezz-bench.h"

#include "arch/x86/ept.h"
#include "ept/change.h"

/* A permutation of the numbers of `lg2` bits. */
static uint32_t scramble(uint32_t number, unsigned lg2)
{
	uint32_t mask = (1u << lg2) - 1;

	for (unsigned i = 0; i < 3; i++) {
		number = (number * 0x2c1b3c6du + 0x3243f6a9u) & mask;
		number ^= number >> (lg2 / 2);
	}
	return number;
}

void bench_init(struct bench *bench)
{
	pool_init(&bench->pool, POOL_BYTES);
	pool_touch(&bench->pool);
	for (uint32_t i = 0; i < DENSE_PAGES; i++)
		bench->dense[i] = scramble(i, 16);
	for (uint32_t i = 0; i < SPARSE_PAGES; i++)
		bench->sparse[i] = scramble(i, 24);
	for (uint32_t i = 0; i < SCATTERED; i++)
		bench->scattered[i] = scramble(i, 18);
	for (uint32_t i = 0; i < WRITTEN; i++) {
		bench->written[i] = scramble(i, 17) << 9 | scramble(i % 512, 9);
		bench->written_tib[i] = scramble(i, 19) << 9 | scramble(i % 512, 9);
	}
}

static void flush_range(void *context, mz_ia first, mz_ia last, bool nodes)
{
	(void)first;
	(void)last;
	(void)nodes;
	((struct bench *)context)->flush_count++;
}

void bench_begin(struct bench *bench, const struct row *row, enum subject subject)
{
	static struct mz_format runtime;

	runtime = mz_ept;
	runtime.ops = NULL;
	pool_reset(&bench->pool);
	bench->subject = subject;
	bench->config = (struct mz_config) {
		.format = subject == RUNTIME ? &runtime : &mz_ept,
		.leaf_levels = row->leaf_levels != 0 ? row->leaf_levels : LEVEL_1,
		.features = row->features,
		.memory = pool_memory(&bench->pool),
		.flush = {.context = bench, .range = flush_range},
	};
	if (BUILD == LOCKED)
		bench->config.rcu = rcu_hooks();
	expect_ok(bench, mz_table_init(&bench->table, &bench->config));
	bench->limit = (struct limit) {
		.pool = &bench->pool,
		.ops = &limit_ops,
		.linear = bench->config.memory.linear,
		.root = bench->table.root_oa.addr,
		.frames = bench->config.memory.frames,
		.first_frame = bench->config.memory.first_frame,
	};
}

void begin_space(struct bench *bench, struct mz_space *space, const struct mz_backing *backing,
		 struct mz_region *room, uint64_t bytes)
{
	const struct mz_region ram = {
		.ia = mz_ia_from(BASE), .bytes = bytes, .oa = mz_oa_from(BASE + SHIFTED)};

	expect_ok(bench, mz_space_init(space, &bench->config, backing, room, 1));
	if (bytes > 0)
		expect_ok(bench, mz_space_add(space, &ram));
	bench->limit.linear = bench->config.memory.linear;
	bench->limit.root = space->table.root_oa.addr;
}

bool resolves(struct mz_worker *worker, uint64_t ia, unsigned access)
{
	struct mz_fault_record record = mz_fault_record_of(mz_ia_from(ia), access);
	struct mz_fault fault;

	return mz_space_fault(worker, &record, &fault) == MZ_RESOLVED;
}

void expect_ok(struct bench *bench, enum mz_error error)
{
	bench->wrong |= error != MZ_OK;
}

void finish(struct mz_gather *gather)
{
	mz_gather_finish(gather);
	rcu_reclaim();
}

void expect_gib(const struct bench *bench, struct tally *tally)
{
	(void)bench;
	tally_add_range(tally, BASE, GIB, BASE + SHIFTED, 1, LIMIT_RWX);
}
