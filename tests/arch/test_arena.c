/* SPDX-License-Identifier: MPL-2.0 */
/* The arena of node frames: alignment, exhaustion, reuse, and tables that live in it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "arch/linux/arena.h"
#include "core/check.h"
#include "core/geometry.h"
#include "core/table.h"
#include "tests/cases.h"
#include "tests/must.h"
#include "tests/rng.h"
#include "tests/suite.h"

#define PAGE_LG2 12
#define PAGE     ((uint64_t)1 << PAGE_LG2)

static struct mz_arena arena;

static enum mz_error take(unsigned order, uint64_t *offset)
{
	mz_oa pa;
	enum mz_error error = arena.memory.alloc(arena.memory.context, arena.page_lg2 + order, &pa);

	*offset = pa.addr;
	return error;
}

static void give(unsigned order, uint64_t offset)
{
	arena.memory.free(arena.memory.context, mz_oa_from(offset), arena.page_lg2 + order);
}

static unsigned char *bytes_at(uint64_t offset)
{
	return (unsigned char *)(arena.memory.linear + offset);
}

START_TEST(sizes_that_are_no_multiple_are_refused)
{
	const uint64_t bad[] = {0,         1,        PAGE, 8 * PAGE, 15 * PAGE, 16 * PAGE + 1,
				17 * PAGE, 24 * PAGE};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		must_equal(mz_arena_init(&arena, bad[i], PAGE_LG2), MZ_BAD_CONFIG);
}
END_TEST

START_TEST(address_space_that_is_not_there_is_no_memory)
{
	must_equal(mz_arena_init(&arena, (uint64_t)1 << 56, 30), MZ_NO_MEMORY);
}
END_TEST

/* Room for the blocks, and none for their frames. */
START_TEST(what_could_not_be_made_has_no_place)
{
	const uint64_t bytes = (uint64_t)4 << 30;
	FILE *file = fopen("/proc/self/statm", "r");
	struct rlimit limit;
	uint64_t used;

	must(file && fscanf(file, "%" SCNu64, &used) == 1);
	fclose(file);
	must(!getrlimit(RLIMIT_AS, &limit));
	limit.rlim_cur = used * (uint64_t)sysconf(_SC_PAGESIZE) + bytes + (8 << 20);
	must(!setrlimit(RLIMIT_AS, &limit));
	must_equal(mz_arena_init(&arena, bytes, PAGE_LG2), MZ_NO_MEMORY);
	must(arena.base == NULL);
	limit.rlim_cur = limit.rlim_max;
	must(!setrlimit(RLIMIT_AS, &limit));
}
END_TEST

START_TEST(blocks_are_aligned_and_do_not_overlap)
{
	uint64_t offsets[200];
	unsigned orders[200];
	struct rng rng = {rng_seed()};
	uint64_t live = 0;

	must_equal(mz_arena_init(&arena, 4096 * PAGE, PAGE_LG2), MZ_OK);
	must_equal(arena.live_bytes, 0);
	for (unsigned i = 0; i < 200; i++) {
		uint64_t bytes;

		orders[i] = (unsigned)rng_below(&rng, MZ_ARENA_ORDERS);
		bytes = PAGE << orders[i];
		must_equal(take(orders[i], &offsets[i]), MZ_OK);
		must_equal(offsets[i] % bytes, 0);
		must(offsets[i] != 0);
		must(offsets[i] + bytes <= arena.bytes);
		must(offsets[i] >> PAGE_LG2 >= arena.memory.first_frame);
		must((offsets[i] >> PAGE_LG2) - arena.memory.first_frame <
		     arena.memory.frame_count);
		memset(bytes_at(offsets[i]), (int)i, bytes);
		memset(&arena.memory.frames[(offsets[i] >> PAGE_LG2) - arena.memory.first_frame],
		       (int)i, sizeof(struct mz_frame));
		live += bytes;
		must_equal(arena.live_bytes, live);
		must(arena.used_bytes >= live);
	}
	for (unsigned i = 0; i < 200; i++) {
		const unsigned char *at = bytes_at(offsets[i]);

		for (uint64_t b = 0; b < PAGE << orders[i]; b += 64)
			must_equal(at[b], i);
		must_equal(at[(PAGE << orders[i]) - 1], i);
		give(orders[i], offsets[i]);
	}
	must_equal(arena.live_bytes, 0);
	mz_arena_destroy(&arena);
}
END_TEST

START_TEST(an_arena_ends)
{
	uint64_t offset;
	unsigned count = 0;

	must_equal(mz_arena_init(&arena, 16 * PAGE, PAGE_LG2), MZ_OK);
	/* The first page is never handed out, so a block of all pages never fits. */
	must_equal(take(4, &offset), MZ_NO_MEMORY);
	while (take(0, &offset) == MZ_OK)
		count++;
	must_equal(count, 15);
	for (unsigned order = 0; order < MZ_ARENA_ORDERS; order++)
		must_equal(take(order, &offset), MZ_NO_MEMORY);
	must_equal(arena.live_bytes, 15 * PAGE);
	give(0, 7 * PAGE);
	must_equal(take(0, &offset), MZ_OK);
	must_equal(offset, 7 * PAGE);
	must_equal(take(0, &offset), MZ_NO_MEMORY);
	mz_arena_destroy(&arena);
}
END_TEST

START_TEST(freed_blocks_are_used_again)
{
	uint64_t first[MZ_ARENA_ORDERS], used, offset;

	must_equal(mz_arena_init(&arena, 256 * PAGE, PAGE_LG2), MZ_OK);
	for (unsigned order = 0; order < MZ_ARENA_ORDERS; order++)
		must_equal(take(order, &first[order]), MZ_OK);
	used = arena.used_bytes;
	for (int round = 0; round < 1000; round++) {
		for (unsigned order = 0; order < MZ_ARENA_ORDERS; order++)
			give(order, first[order]);
		for (unsigned order = 0; order < MZ_ARENA_ORDERS; order++) {
			must_equal(take(order, &offset), MZ_OK);
			must_equal(offset % (PAGE << order), 0);
			first[order] = offset;
		}
	}
	must_equal(arena.used_bytes, used);
	mz_arena_destroy(&arena);
}
END_TEST

/* Does an arena have blocks as large as the format's root? */
static bool root_fits(const struct mz_format *f)
{
	return mz_node_lg2(f, f->levels) - f->page_lg2 < MZ_ARENA_ORDERS;
}

START_TEST(tables_of_every_format_live_in_an_arena)
{
	const struct mz_format *f = case_at(_i)->format;
	struct mz_config config = {.format = f};
	uint64_t page = (uint64_t)1 << f->page_lg2;
	struct mz_table table;

	must_equal(mz_arena_init(&arena, 4096 * page, f->page_lg2), MZ_OK);
	config.memory = arena.memory;
	if (!root_fits(f)) {
		must_equal(mz_table_init(&table, &config), MZ_NO_MEMORY);
		mz_arena_destroy(&arena);
		return;
	}
	must_equal(mz_table_init(&table, &config), MZ_OK);
	for (uint64_t i = 0; i < 300; i++) {
		mz_ia ia = mz_ia_from(i * 37 * mz_span(f, 2));

		must_equal(
			mz_table_map(&table, ia, page, mz_oa_from(i * page), mz_prop_from(MZ_READ)),
			MZ_OK);
		must_equal(mz_table_query(&table, ia).oa.addr, i * page);
	}
	must_equal(mz_table_check(&table).rule, MZ_RULE_NONE);
	mz_table_destroy(&table);
	must_equal(arena.live_bytes, 0);
	mz_arena_destroy(&arena);
}
END_TEST

START_TEST(a_table_that_exhausts_its_arena_stays_sound)
{
	const struct mz_format *f = case_at(_i)->format;
	struct mz_config config = {.format = f};
	uint64_t page = (uint64_t)1 << f->page_lg2;
	struct mz_table table;
	enum mz_error error = MZ_OK;
	uint64_t count = 0;

	must_equal(mz_arena_init(&arena, 32 * page, f->page_lg2), MZ_OK);
	config.memory = arena.memory;
	if (!root_fits(f)) {
		must_equal(mz_table_init(&table, &config), MZ_NO_MEMORY);
		mz_arena_destroy(&arena);
		return;
	}
	must_equal(mz_table_init(&table, &config), MZ_OK);
	while (error == MZ_OK) {
		error = mz_table_map(&table, mz_ia_from(count * mz_span(f, 2)), page, mz_oa_from(0),
				     mz_prop_from(MZ_READ));
		count += error == MZ_OK;
	}
	must_equal(error, MZ_NO_MEMORY);
	must_equal(mz_table_check(&table).rule, MZ_RULE_NONE);
	for (uint64_t i = 0; i < count; i++)
		must_equal(mz_table_query(&table, mz_ia_from(i * mz_span(f, 2))).level, 1);
	mz_table_destroy(&table);
	must_equal(arena.live_bytes, 0);
	mz_arena_destroy(&arena);
}
END_TEST

static void *churn(void *argument)
{
	struct rng rng = {(uint64_t)(uintptr_t)argument};
	uint64_t held[64] = {0};

	for (int i = 0; i < 20000; i++) {
		uint64_t *slot = &held[rng_below(&rng, 64)];

		if (*slot != 0) {
			must_equal(*bytes_at(*slot), (uintptr_t)argument);
			give(0, *slot);
			*slot = 0;
		} else if (take(0, slot) == MZ_OK) {
			*bytes_at(*slot) = (unsigned char)(uintptr_t)argument;
		}
	}
	for (int i = 0; i < 64; i++)
		if (held[i] != 0)
			give(0, held[i]);
	return NULL;
}

START_TEST(threads_share_an_arena)
{
	pthread_t threads[4];

	must_equal(mz_arena_init(&arena, 512 * PAGE, PAGE_LG2), MZ_OK);
	for (uintptr_t i = 0; i < 4; i++)
		must_equal(pthread_create(&threads[i], NULL, churn, (void *)(i + 1)), 0);
	for (int i = 0; i < 4; i++)
		must_equal(pthread_join(threads[i], NULL), 0);
	must_equal(arena.live_bytes, 0);
	mz_arena_destroy(&arena);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("arena");
	TCase *tcase = tcase_create("arena");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, sizes_that_are_no_multiple_are_refused);
	tcase_add_test(tcase, address_space_that_is_not_there_is_no_memory);
	tcase_add_test(tcase, what_could_not_be_made_has_no_place);
	tcase_add_test(tcase, blocks_are_aligned_and_do_not_overlap);
	tcase_add_test(tcase, an_arena_ends);
	tcase_add_test(tcase, freed_blocks_are_used_again);
	tcase_add_loop_test(tcase, tables_of_every_format_live_in_an_arena, 0, CASES);
	tcase_add_loop_test(tcase, a_table_that_exhausts_its_arena_stays_sound, 0, CASES);
	tcase_add_test(tcase, threads_share_an_arena);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
