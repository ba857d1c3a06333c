/* SPDX-License-Identifier: MPL-2.0 */
/* With MZ_DEBUG a pointer that is null, or leads to something else, is a trap and not a mystery. */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/cursor.h"
#include "core/guard.h"
#include "tests/fixture.h"
#include "tests/suite.h"

#ifdef MZ_DEBUG

#define RW (MZ_READ | MZ_WRITE)

static struct fixture x;
static struct mz_gather gather;
static struct mz_cursor cursor;
static struct mz_guard guard;
static mz_node node;

/* What the calls below are given in place of something good. */
static struct mz_table *table;

static void call_map(void)
{
	must(mz_table_map(table, mz_ia_from(x.base), x.page, mz_oa_from(0), mz_prop_from(RW)) <=
	     MZ_BAD_LEVEL);
}

static void call_unmap(void)
{
	must(mz_table_unmap(table, mz_ia_from(x.base), x.page, NULL) <= MZ_BAD_LEVEL);
}

static void call_protect(void)
{
	must(mz_table_protect(table, mz_ia_from(x.base), x.page, RW, NULL) <= MZ_BAD_LEVEL);
}

static void call_query(void)
{
	must(mz_table_query(table, mz_ia_from(x.base)).level <= MZ_LEVELS_MAX);
}

static void call_cursor_open(void)
{
	must(mz_cursor_open(&cursor, table, mz_ia_from(x.base), x.page, &gather) <= MZ_BAD_LEVEL);
}

static void call_gather_init(void)
{
	mz_gather_init(&gather, table);
}

static void call_guard_lock(void)
{
	guard = mz_guard_lock(table, mz_node_ref(&x.table.config, node));
}

static void call_activate(void)
{
	struct mz_processor processor = {NULL};

	mz_processor_activate(&processor, table);
}

static void call_root_register(void)
{
	mz_table_root_register(table);
}

static void call_destroy(void)
{
	mz_table_destroy(table);
}

static struct mz_gather *given_gather;

static void call_unmap_with_gather(void)
{
	must(mz_table_unmap(&x.table, mz_ia_from(x.base), x.page, given_gather) <= MZ_BAD_LEVEL);
}

static void call_protect_with_gather(void)
{
	must(mz_table_protect(&x.table, mz_ia_from(x.base), x.page, RW, given_gather) <=
	     MZ_BAD_LEVEL);
}

static void call_cursor_open_with_gather(void)
{
	must(mz_cursor_open(&cursor, &x.table, mz_ia_from(x.base), x.page, given_gather) <=
	     MZ_BAD_LEVEL);
}

static void call_gather_finish(void)
{
	mz_gather_finish(given_gather);
}

static struct mz_cursor *given_cursor;
static struct mz_fragment fragment;

static void call_cursor_close(void)
{
	mz_cursor_close(given_cursor);
}

static void call_cursor_query(void)
{
	fragment = mz_cursor_query(given_cursor);
}

static void call_cursor_jump(void)
{
	must(mz_cursor_jump(given_cursor, mz_ia_from(x.base)) <= MZ_BAD_LEVEL);
}

static void call_cursor_move_on(void)
{
	mz_cursor_move_on(given_cursor);
}

static void call_cursor_find_next(void)
{
	mz_cursor_find_next(given_cursor, x.page);
}

static void call_cursor_map(void)
{
	must(mz_cursor_map(given_cursor, mz_oa_from(0), 1, mz_prop_from(RW)) <= MZ_BAD_LEVEL);
}

static void call_cursor_take_next(void)
{
	must(mz_cursor_take_next(given_cursor, x.page, &fragment) <= MZ_BAD_LEVEL);
}

static void call_cursor_protect_next(void)
{
	must(mz_cursor_protect_next(given_cursor, x.page, RW, &fragment) <= MZ_BAD_LEVEL);
}

static struct mz_guard *given_guard;

static void call_guard_unlock(void)
{
	mz_guard_unlock(given_guard);
}

static void call_guard_forget(void)
{
	mz_guard_forget(given_guard);
}

static void call_guard_read(void)
{
	mz_guard_read(given_guard, 0);
}

static void call_guard_read_behind_the_node(void)
{
	mz_guard_read(given_guard, mz_entry_count(x.format, 1));
}

static void call_guard_write(void)
{
	mz_guard_write(given_guard, 0, x.format->absent);
}

static void call_guard_is_stray(void)
{
	mz_guard_is_stray(given_guard);
}

static const struct mz_config *given_config;
static struct mz_node_ref given_ref;

static void call_node_put(void)
{
	mz_node_put(given_config, node);
}

static void call_node_take(void)
{
	mz_node_take(given_config, node);
}

static void call_node_ref(void)
{
	mz_node_ref(given_config, node);
}

static void call_guard_lock_of_ref(void)
{
	guard = mz_guard_lock(&x.table, given_ref);
}

/* Whether the call ends in a trap, tried in a process of its own. */
static void expect_trap(void (*call)(void), const char *name, const char *what)
{
	static const struct rlimit no_core = {0, 0};
	int status = 0;
	pid_t child;

	fflush(NULL);
	child = fork();
	must(child >= 0);
	if (child == 0) {
		setrlimit(RLIMIT_CORE, &no_core);
		call();
		_exit(0);
	}
	must_equal(waitpid(child, &status, 0), child);
	must_say(WIFSIGNALED(status) && (WTERMSIG(status) == SIGILL || WTERMSIG(status) == SIGTRAP),
		 "%s: %s with %s: status %#x", x.test_case->name, name, what, (unsigned)status);
}

#define EXPECT_TRAP(call, what) expect_trap(call, #call, what)

static void expect_table_traps(struct mz_table *bad, const char *what)
{
	table = bad;
	EXPECT_TRAP(call_map, what);
	EXPECT_TRAP(call_unmap, what);
	EXPECT_TRAP(call_protect, what);
	EXPECT_TRAP(call_query, what);
	EXPECT_TRAP(call_cursor_open, what);
	EXPECT_TRAP(call_gather_init, what);
	EXPECT_TRAP(call_guard_lock, what);
	EXPECT_TRAP(call_activate, what);
	EXPECT_TRAP(call_root_register, what);
	EXPECT_TRAP(call_destroy, what);
}

START_TEST(a_table_that_is_none_is_a_trap)
{
	static struct mz_table foreign, copy;

	fixture_begin(&x, _i);
	expect_ok(mz_node_alloc(&x.table.config, 1, &node));
	expect_table_traps(NULL, "a null table");
	expect_table_traps(&foreign, "a table never made");
	memset(&foreign, 0xa5, sizeof(foreign));
	expect_table_traps(&foreign, "garbage");
	copy = x.table;
	copy.root_oa.addr += x.page;
	expect_table_traps(&copy, "another root");
	mz_node_put(&x.table.config, node);
	expect_ok(mz_table_init(&copy, &x.config));
	mz_table_destroy(&copy);
	expect_ok(mz_node_alloc(&x.table.config, 1, &node));
	expect_table_traps(&copy, "a destroyed table");
	mz_node_put(&x.table.config, node);
	fixture_end(&x);
}
END_TEST

START_TEST(a_gather_of_another_table_is_a_trap)
{
	static struct mz_table other;
	static struct mz_gather garbage;

	fixture_begin(&x, _i);
	expect_ok(mz_table_init(&other, &x.config));
	mz_gather_init(&gather, &other);
	memset(&garbage, 0xa5, sizeof(garbage));
	given_gather = &gather;
	EXPECT_TRAP(call_unmap_with_gather, "another table's gather");
	EXPECT_TRAP(call_protect_with_gather, "another table's gather");
	EXPECT_TRAP(call_cursor_open_with_gather, "another table's gather");
	given_gather = &garbage;
	EXPECT_TRAP(call_unmap_with_gather, "garbage");
	EXPECT_TRAP(call_protect_with_gather, "garbage");
	EXPECT_TRAP(call_cursor_open_with_gather, "garbage");
	given_gather = NULL;
	EXPECT_TRAP(call_cursor_open_with_gather, "a null gather");
	EXPECT_TRAP(call_gather_finish, "a null gather");
	mz_table_destroy(&other);
	given_gather = &gather;
	EXPECT_TRAP(call_gather_finish, "a destroyed table's gather");
	fixture_end(&x);
}
END_TEST

static void expect_cursor_traps(struct mz_cursor *bad, const char *what)
{
	given_cursor = bad;
	EXPECT_TRAP(call_cursor_close, what);
	EXPECT_TRAP(call_cursor_query, what);
	EXPECT_TRAP(call_cursor_jump, what);
	EXPECT_TRAP(call_cursor_move_on, what);
	EXPECT_TRAP(call_cursor_find_next, what);
	EXPECT_TRAP(call_cursor_map, what);
	EXPECT_TRAP(call_cursor_take_next, what);
	EXPECT_TRAP(call_cursor_protect_next, what);
}

START_TEST(a_cursor_that_is_not_open_is_a_trap)
{
	static struct mz_cursor foreign;

	fixture_begin(&x, _i);
	mz_gather_init(&gather, &x.table);
	expect_cursor_traps(NULL, "a null cursor");
	expect_cursor_traps(&foreign, "a cursor never opened");
	expect_ok(mz_cursor_open(&cursor, &x.table, mz_ia_from(x.base), x.page, &gather));
	mz_cursor_close(&cursor);
	expect_cursor_traps(&cursor, "a closed cursor");
	fixture_end(&x);
}
END_TEST

START_TEST(a_guard_that_holds_nothing_is_a_trap)
{
	static struct mz_guard foreign;

	fixture_begin(&x, _i);
	expect_ok(mz_node_alloc(&x.table.config, 1, &node));
	guard = mz_guard_lock(&x.table, mz_node_ref(&x.table.config, node));
	given_guard = &guard;
	EXPECT_TRAP(call_guard_read_behind_the_node, "an index behind the node");
	mz_guard_unlock(&guard);
	for (unsigned i = 0; i < 3; i++) {
		static struct mz_guard *const guards[] = {NULL, &foreign, &guard};

		given_guard = guards[i];
		EXPECT_TRAP(call_guard_unlock, "no guard");
		EXPECT_TRAP(call_guard_forget, "no guard");
		EXPECT_TRAP(call_guard_read, "no guard");
		EXPECT_TRAP(call_guard_write, "no guard");
		EXPECT_TRAP(call_guard_is_stray, "no guard");
	}
	mz_node_put(&x.table.config, node);
	fixture_end(&x);
}
END_TEST

static void expect_node_traps(const char *what)
{
	EXPECT_TRAP(call_node_put, what);
	EXPECT_TRAP(call_node_take, what);
	EXPECT_TRAP(call_node_ref, what);
}

START_TEST(a_node_that_is_none_is_a_trap)
{
	const struct mz_memory *memory = &x.config.memory;
	mz_node good;
	struct mz_frame *frame;

	fixture_begin(&x, _i);
	expect_ok(mz_node_alloc(&x.table.config, 1, &good));
	frame = track_frame(&x.track, good.oa);
	given_config = &x.table.config;
	node.oa = mz_oa_from((memory->first_frame - 1) * x.page);
	expect_node_traps("a node before the frames");
	node.oa = mz_oa_from((memory->first_frame + memory->frame_count) * x.page);
	expect_node_traps("a node behind the frames");
	node.oa = mz_oa_from(good.oa.addr + 8);
	expect_node_traps("a misaligned node");
	node = good;
	given_config = NULL;
	expect_node_traps("a null configuration");
	given_config = &x.table.config;
	frame->refs = 0;
	expect_node_traps("a node without an owner");
	frame->refs = 1;
	frame->level_stray = (uint8_t)(x.format->levels + 1);
	expect_node_traps("a node of no level");
	frame->level_stray = 1;

	given_ref = mz_node_ref(&x.table.config, good);
	given_ref.level = 2;
	EXPECT_TRAP(call_guard_lock_of_ref, "another level");
	given_ref = mz_node_ref(&x.table.config, good);
	given_ref.slots++;
	EXPECT_TRAP(call_guard_lock_of_ref, "another node's entries");
	given_ref = (struct mz_node_ref) {NULL, NULL, 0};
	EXPECT_TRAP(call_guard_lock_of_ref, "a null node");
	mz_node_put(&x.table.config, good);
	fixture_end(&x);
}
END_TEST

static void add_tests(TCase *tcase)
{
	tcase_add_loop_test(tcase, a_table_that_is_none_is_a_trap, 0, EACH_CASE);
	tcase_add_loop_test(tcase, a_gather_of_another_table_is_a_trap, 0, EACH_CASE);
	tcase_add_loop_test(tcase, a_cursor_that_is_not_open_is_a_trap, 0, EACH_CASE);
	tcase_add_loop_test(tcase, a_guard_that_holds_nothing_is_a_trap, 0, EACH_CASE);
	tcase_add_loop_test(tcase, a_node_that_is_none_is_a_trap, 0, EACH_CASE);
}

#else

START_TEST(bad_pointers_are_traps)
{
	printf("# SKIP bad_pointers_are_traps: only a build with MZ_DEBUG looks at pointers\n");
}
END_TEST

static void add_tests(TCase *tcase)
{
	tcase_add_test(tcase, bad_pointers_are_traps);
}

#endif

int main(void)
{
	Suite *suite = suite_create("debug");
	TCase *tcase = tcase_create("bad pointers");

	tcase_set_timeout(tcase, 60);
	add_tests(tcase);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
