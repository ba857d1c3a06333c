// SPDX-License-Identifier: MPL-2.0
/* States as bytes: what is saved is loaded, and nothing else is. */
#include <string.h>

#include "tests/suite.h"
#include "vmm/base/state.h"

struct thing {
	bool yes;
	uint8_t small;
	uint16_t middle;
	uint32_t large;
	uint64_t huge;
	unsigned char bytes[5];
};

static void thing_state(struct thing *thing, struct mz_state *state)
{
	mz_state_part(state, "thing", 3);
	mz_state_bool(state, &thing->yes);
	mz_state_u8(state, &thing->small);
	mz_state_u16(state, &thing->middle);
	mz_state_u32(state, &thing->large);
	mz_state_u64(state, &thing->huge);
	mz_state_bytes(state, thing->bytes, sizeof(thing->bytes));
	mz_state_check(state, thing->small != 13, "13 things");
}

static const struct thing example = {true, 7, 0x1234, 0x89abcdef, 0x0123456789abcdef, "abcd"};

static struct mz_state saved(void)
{
	struct mz_failure failure;
	struct thing thing = example;
	struct mz_state state;

	mz_state_save(&state);
	thing_state(&thing, &state);
	ck_assert_int_eq(mz_state_end(&state, &failure), 0);
	return state;
}

static int load(const void *bytes, size_t size, struct thing *thing, struct mz_failure *failure)
{
	struct mz_state state;

	memset(thing, 0xee, sizeof(*thing));
	mz_state_load(&state, bytes, size);
	thing_state(thing, &state);
	return mz_state_end(&state, failure);
}

START_TEST(what_is_saved_is_loaded)
{
	struct mz_state state = saved();
	struct mz_failure failure;
	struct thing thing;

	ck_assert_int_eq(load(state.bytes, state.size, &thing, &failure), 0);
	ck_assert(thing.yes == example.yes && thing.small == example.small);
	ck_assert(thing.middle == example.middle && thing.large == example.large);
	ck_assert(thing.huge == example.huge);
	ck_assert_mem_eq(thing.bytes, example.bytes, sizeof(thing.bytes));
	mz_state_free(&state);
}
END_TEST

START_TEST(numbers_are_little_endian_behind_the_name_and_version)
{
	static const unsigned char expected[] = "thing\0\0\0\0\0\0\0\0\0\0\0\3\0\0\0\1\7\x34\x12";
	struct mz_state state = saved();

	ck_assert_mem_eq(state.bytes, expected, sizeof(expected) - 1);
	mz_state_free(&state);
}
END_TEST

START_TEST(a_state_that_ends_early_or_late_is_refused)
{
	unsigned char longer[128] = {0};
	struct mz_state state = saved();
	struct mz_failure failure;
	struct thing thing;

	for (size_t size = 0; size < state.size; size++) {
		ck_assert_int_eq(load(state.bytes, size, &thing, &failure), -1);
		ck_assert_int_eq(failure.status, MZ_STATUS_BAD_IMAGE);
		ck_assert_uint_eq(thing.bytes[4], 0);
	}
	memcpy(longer, state.bytes, state.size);
	ck_assert_int_eq(load(longer, state.size + 1, &thing, &failure), -1);
	ck_assert_str_eq(failure.text, "thing: the state goes on behind its last part");
	mz_state_free(&state);
}
END_TEST

START_TEST(what_can_not_be_is_refused_by_name)
{
	static const struct {
		size_t at;
		unsigned char value;
		const char *text;
	} cases[] = {
		{0, 'T', "thing: another part is here: the state is of another machine"},
		{15, 'x', "thing: another part is here: the state is of another machine"},
		{16, 2, "thing: its state is of another version"},
		{20, 2, "thing: neither yes nor no"},
		{21, 13, "thing: 13 things"},
	};
	struct mz_state state = saved();
	struct mz_failure failure;
	struct thing thing;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned char before = state.bytes[cases[i].at];

		state.bytes[cases[i].at] = cases[i].value;
		ck_assert_int_eq(load(state.bytes, state.size, &thing, &failure), -1);
		ck_assert_str_eq(failure.text, cases[i].text);
		state.bytes[cases[i].at] = before;
	}
	mz_state_free(&state);
}
END_TEST

START_TEST(much_can_be_saved)
{
	static unsigned char bytes[100000];
	struct mz_state state;
	struct mz_failure failure;

	mz_state_save(&state);
	for (unsigned i = 0; i < 5; i++) {
		memset(bytes, (int)i + 1, sizeof(bytes));
		mz_state_bytes(&state, bytes, sizeof(bytes));
	}
	ck_assert_int_eq(mz_state_end(&state, &failure), 0);
	ck_assert_uint_eq(state.size, 5 * sizeof(bytes));
	for (unsigned i = 0; i < 5; i++)
		ck_assert_uint_eq(state.bytes[(i + 1) * sizeof(bytes) - 1], i + 1);
	mz_state_free(&state);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("state");
	TCase *tests = tcase_create("state");

	tcase_add_test(tests, what_is_saved_is_loaded);
	tcase_add_test(tests, numbers_are_little_endian_behind_the_name_and_version);
	tcase_add_test(tests, a_state_that_ends_early_or_late_is_refused);
	tcase_add_test(tests, what_can_not_be_is_refused_by_name);
	tcase_add_test(tests, much_can_be_saved);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
