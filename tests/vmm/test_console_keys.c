// SPDX-License-Identifier: MPL-2.0
/* Keys that are not for the guest. */
#include <stdio.h>
#include <string.h>

#include "tests/must.h"
#include "tests/rng.h"
#include "tests/suite.h"
#include "vmm/device/console_keys.h"

static struct mz_keys keys;

static void begin(void)
{
	memset(&keys, 0, sizeof(keys));
}

/* Presses all of them; what the last one means. */
static enum mz_key press(const char *text)
{
	enum mz_key key = MZ_KEY_NOTHING;

	for (; *text; text++)
		key = mz_keys_press(&keys, (unsigned char)*text);
	return key;
}

START_TEST(all_but_ctrl_a_is_the_guests)
{
	for (unsigned byte = 0; byte < 256; byte++) {
		begin();
		must_equal(mz_keys_press(&keys, (unsigned char)byte),
			   byte == 1 ? MZ_KEY_NOTHING : MZ_KEY_GUEST);
	}
}
END_TEST

START_TEST(ctrl_a_begins_what_is_not)
{
	must_equal(press("\1"), MZ_KEY_NOTHING);
	must_equal(press("x"), MZ_KEY_QUIT);
	must_equal(press("x"), MZ_KEY_GUEST);
	must_equal(press("\1h"), MZ_KEY_HELP);
	must_equal(press("\1?"), MZ_KEY_HELP);
	must_equal(press("\1\1"), MZ_KEY_GUEST);
	must_equal(press("h"), MZ_KEY_GUEST);
	must_equal(press("\1z"), MZ_KEY_NOTHING);
	must_equal(press("z"), MZ_KEY_GUEST);
}
END_TEST

START_TEST(a_command_is_written_and_completed)
{
	must_equal(press("\1c"), MZ_KEY_EDIT);
	must(strcmp(keys.line, "") == 0);
	must_equal(press("stax"), MZ_KEY_EDIT);
	must_equal(press("\x7f"), MZ_KEY_EDIT);
	must(strcmp(keys.line, "sta") == 0);
	must_equal(press("ts"), MZ_KEY_EDIT);
	must_equal(press("\r"), MZ_KEY_COMMAND);
	must(strcmp(keys.line, "stats") == 0);
	must_equal(press("p"), MZ_KEY_EDIT);
	must(strcmp(keys.line, "p") == 0);
	must_equal(press("q\x15"), MZ_KEY_EDIT);
	must(strcmp(keys.line, "") == 0);
	must_equal(press("\b"), MZ_KEY_EDIT);
	must(strcmp(keys.line, "") == 0);
	must_equal(press("\n"), MZ_KEY_CLOSE);
	must_equal(press("p"), MZ_KEY_GUEST);
}
END_TEST

START_TEST(the_command_line_is_closed_in_several_ways)
{
	static const char *const ways[] = {"\r", "\4", "\1c", "abc\1c"};

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		must_equal(press("\1c"), MZ_KEY_EDIT);
		must_equal(press(ways[i]), MZ_KEY_CLOSE);
		must_equal(press("a"), MZ_KEY_GUEST);
	}
	must_equal(press("\1c"), MZ_KEY_EDIT);
	must(strcmp(keys.line, "") == 0);
	must_equal(press("a\4"), MZ_KEY_NOTHING);
	must_equal(press("b"), MZ_KEY_EDIT);
}
END_TEST

START_TEST(ctrl_a_works_in_the_command_line_too)
{
	must_equal(press("\1cab\1h"), MZ_KEY_HELP);
	must_equal(press("\1\1"), MZ_KEY_NOTHING);
	must_equal(press("c"), MZ_KEY_EDIT);
	must(strcmp(keys.line, "abc") == 0);
	must_equal(press("\1x"), MZ_KEY_QUIT);
}
END_TEST

START_TEST(a_line_has_its_length_and_holds_what_can_be_shown)
{
	press("\1c\033\200\t");
	must(strcmp(keys.line, "") == 0);
	for (unsigned i = 0; i < 2 * MZ_KEYS_LINE; i++)
		press("a");
	must_equal(strlen(keys.line), MZ_KEYS_LINE - 1);
	must_equal(press("\r"), MZ_KEY_COMMAND);
	must_equal(strlen(keys.line), MZ_KEYS_LINE - 1);
}
END_TEST

START_TEST(whatever_is_pressed_the_line_is_one)
{
	static const char often[] = "\1\1cxh\r\177\25\4ab ";
	struct rng rng = {.state = rng_seed()};

	printf("# MZ_SEED=%ju\n", (uintmax_t)rng.state);
	for (unsigned step = 0; step < rng_steps(100000); step++) {
		unsigned char byte =
			(unsigned char)(rng_below(&rng, 4)
						? often[rng_below(&rng, sizeof(often) - 1)]
						: (char)rng_below(&rng, 256));
		enum mz_key key = mz_keys_press(&keys, byte);

		must(memchr(keys.line, 0, sizeof(keys.line)) != NULL);
		must(key != MZ_KEY_COMMAND || keys.line[0] != '\0');
		must(key != MZ_KEY_GUEST || !keys.open);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("console keys");
	TCase *tcase = tcase_create("keys");

	tcase_add_checked_fixture(tcase, begin, NULL);
	tcase_add_test(tcase, all_but_ctrl_a_is_the_guests);
	tcase_add_test(tcase, ctrl_a_begins_what_is_not);
	tcase_add_test(tcase, a_command_is_written_and_completed);
	tcase_add_test(tcase, the_command_line_is_closed_in_several_ways);
	tcase_add_test(tcase, ctrl_a_works_in_the_command_line_too);
	tcase_add_test(tcase, a_line_has_its_length_and_holds_what_can_be_shown);
	tcase_add_test(tcase, whatever_is_pressed_the_line_is_one);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
