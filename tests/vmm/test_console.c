// SPDX-License-Identifier: MPL-2.0
/* The console: input through a bounded ring, output by lines, and a terminal that is put back. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/rng.h"
#include "tests/suite.h"
#include "vmm/device/console.h"

static struct mz_console console;
static struct mz_failure failure;
static int input[2], output[2];

static void begin(void)
{
	ck_assert_int_eq(pipe(input), 0);
	ck_assert_int_eq(pipe(output), 0);
	ck_assert_int_eq(mz_console_init(&console, input[0], output[1], &failure), 0);
	ck_assert(!console.raw);
}

static void end(void)
{
	mz_console_destroy(&console);
	for (int i = 0; i < 2; i++) {
		close(input[i]);
		close(output[i]);
	}
}

static void put(const char *text)
{
	for (; *text; text++)
		mz_console_put(&console, (unsigned char)*text);
}

static void assert_written(const char *text)
{
	struct pollfd pollfd = {.fd = output[0], .events = POLLIN};
	char written[1024] = "";

	if (poll(&pollfd, 1, 0) > 0)
		ck_assert_int_ge(read(output[0], written, sizeof(written) - 1), 0);
	ck_assert_str_eq(written, text);
}

START_TEST(input_is_taken_in_order)
{
	begin();
	ck_assert(!mz_console_has_input(&console));
	ck_assert_int_eq(mz_console_take(&console), -1);
	ck_assert_int_eq(write(input[1], "a\0\xff", 3), 3);
	ck_assert(mz_console_feed(&console));
	ck_assert(mz_console_has_input(&console));
	ck_assert_int_eq(mz_console_take(&console), 'a');
	ck_assert_int_eq(mz_console_take(&console), 0);
	ck_assert_int_eq(mz_console_take(&console), 0xff);
	ck_assert_int_eq(mz_console_take(&console), -1);
	end();
}
END_TEST

START_TEST(input_that_has_no_room_stays_where_it_is)
{
	unsigned char bytes[MZ_CONSOLE_BUFFER + 100];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i * 7);
	begin();
	ck_assert_int_eq(write(input[1], bytes, sizeof(bytes)), (int)sizeof(bytes));
	ck_assert(mz_console_feed(&console));
	ck_assert(!mz_console_has_room(&console));
	ck_assert(mz_console_feed(&console));
	for (size_t i = 0; i < 50; i++)
		ck_assert_int_eq(mz_console_take(&console), bytes[i]);
	ck_assert(mz_console_has_room(&console));
	ck_assert(mz_console_feed(&console)); /* around the ring's end */
	ck_assert(!mz_console_has_room(&console));
	for (size_t i = 50; i < MZ_CONSOLE_BUFFER + 50; i++)
		ck_assert_int_eq(mz_console_take(&console), bytes[i]);
	ck_assert(mz_console_feed(&console));
	for (size_t i = MZ_CONSOLE_BUFFER + 50; i < sizeof(bytes); i++)
		ck_assert_int_eq(mz_console_take(&console), bytes[i]);
	ck_assert_int_eq(mz_console_take(&console), -1);
	end();
}
END_TEST

START_TEST(the_end_of_input_is_told_and_what_came_before_stays)
{
	begin();
	ck_assert_int_eq(write(input[1], "x", 1), 1);
	ck_assert(mz_console_feed(&console));
	close(input[1]);
	ck_assert(!mz_console_feed(&console));
	ck_assert(console.ended);
	ck_assert_int_eq(mz_console_take(&console), 'x');
	ck_assert_int_eq(mz_console_take(&console), -1);
	ck_assert(!mz_console_feed(&console));
	input[1] = open("/dev/null", O_RDONLY);
	end();
}
END_TEST

START_TEST(a_closed_input_has_ended)
{
	begin();
	console.in = -1;
	ck_assert(!mz_console_feed(&console));
	ck_assert(console.ended);
	end();
}
END_TEST

START_TEST(input_without_anything_to_read_has_not_ended)
{
	begin();
	ck_assert_int_eq(fcntl(input[0], F_SETFL, O_NONBLOCK), 0);
	ck_assert(mz_console_feed(&console));
	ck_assert(!console.ended);
	ck_assert_int_eq(mz_console_take(&console), -1);
	end();
}
END_TEST

START_TEST(output_is_written_by_lines)
{
	begin();
	put("one");
	assert_written("");
	put("\ntwo");
	assert_written("one\n");
	mz_console_flush(&console);
	assert_written("two");
	mz_console_flush(&console);
	assert_written("");
	end();
}
END_TEST

START_TEST(a_long_line_is_written_in_parts)
{
	char text[MZ_CONSOLE_LINE + 2];

	memset(text, 'x', sizeof(text));
	text[MZ_CONSOLE_LINE + 1] = 0;
	begin();
	put(text);
	text[MZ_CONSOLE_LINE] = 0;
	assert_written(text);
	mz_console_flush(&console);
	assert_written("x");
	end();
}
END_TEST

START_TEST(the_end_of_the_run_writes_the_rest)
{
	begin();
	put("rest");
	mz_console_destroy(&console);
	assert_written("rest");
	ck_assert_int_eq(mz_console_init(&console, input[0], output[1], &failure), 0);
	end();
}
END_TEST

START_TEST(output_that_nobody_reads_is_dropped_and_told)
{
	signal(SIGPIPE, SIG_IGN);
	begin();
	put("fine\n");
	ck_assert_int_eq(console.out_error, 0);
	close(output[0]);
	for (int i = 0; i < 1000; i++)
		put("lost\n");
	ck_assert_int_eq(console.out_error, EPIPE);
	output[0] = open("/dev/null", O_RDONLY);
	end();
}
END_TEST

START_TEST(a_closed_or_full_output_is_told)
{
	begin();
	close(output[1]);
	console.out = -1;
	put("lost\n");
	ck_assert_int_eq(console.out_error, EBADF);
	output[1] = open("/dev/null", O_WRONLY);
	end();

	begin();
	close(output[1]);
	output[1] = console.out = open("/dev/full", O_WRONLY);
	ck_assert_int_ge(console.out, 0);
	put("lost\n");
	ck_assert_int_eq(console.out_error, ENOSPC);
	end();
}
END_TEST

#define LINES 20000

static void *read_lines(void *context)
{
	static const char line[] = "0123456789\n";
	size_t *good = context;
	char c;

	usleep(50000); /* so that the pipe fills up first */
	while (read(output[0], &c, 1) == 1 && c == line[*good % (sizeof(line) - 1)])
		++*good;
	return NULL;
}

START_TEST(a_slow_reader_of_a_non_blocking_pipe_gets_everything)
{
	pthread_t reader;
	size_t good = 0;

	begin();
	ck_assert_int_eq(fcntl(output[1], F_SETFL, O_NONBLOCK), 0);
	ck_assert_int_eq(pthread_create(&reader, NULL, read_lines, &good), 0);
	for (int i = 0; i < LINES; i++)
		put("0123456789\n");
	close(output[1]);
	pthread_join(reader, NULL);
	ck_assert_int_eq(console.out_error, 0);
	ck_assert_uint_eq(good, (size_t)LINES * 11);
	output[1] = open("/dev/null", O_WRONLY);
	end();
}
END_TEST

static void count_spotted(void *context)
{
	++*(unsigned *)context;
}

START_TEST(a_text_in_the_output_is_spotted)
{
	unsigned count = 0;

	begin();
	console.spotter.text = "in:";
	console.spotted = count_spotted;
	console.context = &count;
	put("log i");
	put("n");
	ck_assert_uint_eq(count, 0);
	put(":");
	ck_assert_uint_eq(count, 1);
	put(" in\n:in:");
	ck_assert_uint_eq(count, 2);
	end();
}
END_TEST

/* Of two letters and NUL, so that beginnings of the text come often. */
START_TEST(a_text_is_spotted_wherever_it_ends)
{
	struct rng rng = {rng_seed()};
	unsigned char passed[2000];
	unsigned count = 0;

	for (unsigned round = 0; round < 200; round++) {
		size_t length = 1 + rng_below(&rng, 8);
		char text[9] = "";
		struct mz_spotter spotter = {.text = text};

		for (size_t i = 0; i < length; i++)
			text[i] = "ab"[rng_below(&rng, 2)];
		for (size_t i = 0; i < sizeof(passed); i++) {
			bool there;

			passed[i] = (unsigned char)"abababab"[rng_below(&rng, 9)];
			there = i + 1 >= length &&
				memcmp(passed + i + 1 - length, text, length) == 0;
			count += there;
			ck_assert_int_eq(mz_spotter_pass(&spotter, passed[i]), there);
		}
	}
	ck_assert_uint_gt(count, 1000);
}
END_TEST

/* A new terminal; answers its user's side in `user`. */
static int open_terminal(int *user)
{
	*user = posix_openpt(O_RDWR | O_NOCTTY);
	if (*user < 0 || grantpt(*user) || unlockpt(*user))
		return -1;
	return open(ptsname(*user), O_RDWR | O_NOCTTY);
}

START_TEST(a_terminal_is_made_raw_and_put_back)
{
	int user, terminal = open_terminal(&user);
	struct termios before, during, after;

	ck_assert_int_ge(terminal, 0);
	ck_assert_int_eq(tcgetattr(terminal, &before), 0);
	ck_assert_int_eq(mz_console_init(&console, terminal, terminal, &failure), 0);
	ck_assert(console.raw);
	ck_assert_int_eq(tcgetattr(terminal, &during), 0);
	ck_assert_uint_eq(during.c_lflag & (ICANON | ECHO | ISIG), ISIG);
	ck_assert_uint_eq(during.c_oflag & OPOST, OPOST);

	/* A key counts at once, and is not echoed. */
	ck_assert_int_eq(write(user, "k", 1), 1);
	ck_assert(mz_console_feed(&console));
	ck_assert_int_eq(mz_console_take(&console), 'k');

	mz_console_destroy(&console);
	ck_assert_int_eq(tcgetattr(terminal, &after), 0);
	ck_assert_uint_eq(after.c_iflag, before.c_iflag);
	ck_assert_uint_eq(after.c_oflag, before.c_oflag);
	ck_assert_uint_eq(after.c_cflag, before.c_cflag);
	ck_assert_uint_eq(after.c_lflag, before.c_lflag);
	ck_assert_mem_eq(after.c_cc, before.c_cc, sizeof(after.c_cc));
	close(terminal);
	close(user);
}
END_TEST

/* Does it pass keys on as they come? */
static bool is_raw(int terminal)
{
	struct termios now;

	ck_assert_int_eq(tcgetattr(terminal, &now), 0);
	return (now.c_lflag & ICANON) == 0;
}

START_TEST(a_terminal_is_taken_again_only_while_it_is_had)
{
	int user, terminal = open_terminal(&user);
	struct termios before;

	ck_assert_int_ge(terminal, 0);
	ck_assert_int_eq(tcgetattr(terminal, &before), 0);
	ck_assert_int_eq(mz_console_init(&console, terminal, terminal, &failure), 0);
	ck_assert_int_eq(tcsetattr(terminal, TCSANOW, &before), 0);
	ck_assert(!is_raw(terminal));
	mz_console_take_terminal_again(&console);
	ck_assert(is_raw(terminal));
	mz_console_destroy(&console);
	mz_console_take_terminal_again(&console);
	ck_assert(!is_raw(terminal));
	close(terminal);
	close(user);
}
END_TEST

START_TEST(the_flags_of_both_descriptors_stay)
{
	int in_flags, out_flags;

	begin();
	in_flags = fcntl(input[0], F_GETFL);
	out_flags = fcntl(output[1], F_GETFL);
	ck_assert_int_eq(in_flags & O_NONBLOCK, 0);
	ck_assert_int_eq(write(input[1], "x", 1), 1);
	mz_console_feed(&console);
	put("y\n");
	ck_assert_int_eq(fcntl(input[0], F_GETFL), in_flags);
	ck_assert_int_eq(fcntl(output[1], F_GETFL), out_flags);
	end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("console");
	TCase *in = tcase_create("input");
	TCase *out = tcase_create("output");
	TCase *terminal = tcase_create("terminal");

	tcase_add_test(in, input_is_taken_in_order);
	tcase_add_test(in, input_that_has_no_room_stays_where_it_is);
	tcase_add_test(in, the_end_of_input_is_told_and_what_came_before_stays);
	tcase_add_test(in, a_closed_input_has_ended);
	tcase_add_test(in, input_without_anything_to_read_has_not_ended);
	suite_add_tcase(suite, in);

	tcase_set_timeout(out, 60);
	tcase_add_test(out, output_is_written_by_lines);
	tcase_add_test(out, a_long_line_is_written_in_parts);
	tcase_add_test(out, the_end_of_the_run_writes_the_rest);
	tcase_add_test(out, output_that_nobody_reads_is_dropped_and_told);
	tcase_add_test(out, a_closed_or_full_output_is_told);
	tcase_add_test(out, a_slow_reader_of_a_non_blocking_pipe_gets_everything);
	tcase_add_test(out, a_text_in_the_output_is_spotted);
	tcase_add_test(out, a_text_is_spotted_wherever_it_ends);
	suite_add_tcase(suite, out);

	tcase_add_test(terminal, a_terminal_is_made_raw_and_put_back);
	tcase_add_test(terminal, a_terminal_is_taken_again_only_while_it_is_had);
	tcase_add_test(terminal, the_flags_of_both_descriptors_stay);
	suite_add_tcase(suite, terminal);
	return suite_run(suite);
}
