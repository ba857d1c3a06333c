// SPDX-License-Identifier: MPL-2.0
/*
 * Peers of a control socket, among them those that do what they should not: nobody holds it up, and
 * only what was asked by a whole line is done.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/vmm/controlled.h"
#include "tests/must.h"
#include "tests/rng.h"
#include "tests/suite.h"
#include "vmm/base/trace.h"

/* ---- What is asked ---- */

START_TEST(a_line_is_answered)
{
	int fd = peer();

	say(fd, "something\n");
	must_hear(fd, ANSWER("something"));
	must_equal(control_begun, 1);
}
END_TEST

START_TEST(a_status_says_what_is_wrong)
{
	int fd = peer();

	say(fd, "fail\n");
	must_hear(fd, "> you say fail\n> and no more\n= 113\n");
}
END_TEST

START_TEST(a_line_may_come_byte_by_byte)
{
	static const char line[] = "slowly\n";
	int fd = peer();

	for (size_t i = 0; line[i]; i++) {
		say_bytes(fd, line + i, 1);
		usleep(2000);
	}
	must_hear(fd, ANSWER("slowly"));
}
END_TEST

START_TEST(what_follows_a_line_is_not_looked_at)
{
	int fd = peer();

	say(fd, "one\ntwo\nthree");
	must_hear(fd, ANSWER("one"));
	must_equal(control_begun, 1);
}
END_TEST

START_TEST(a_peer_that_will_send_no_more_is_answered)
{
	int fd = peer();

	say(fd, "last\n");
	must(!shutdown(fd, SHUT_WR));
	must_hear(fd, ANSWER("last"));
}
END_TEST

START_TEST(tasks_are_done_one_by_one)
{
	int first = hold(), second = peer(), third = peer();

	say(second, "second\n");
	usleep(20000);
	say(third, "third\n");
	usleep(50000);
	must_equal(__atomic_load_n(&control_begun, __ATOMIC_ACQUIRE), 1);
	release();
	must_hear(first, "= 0\n");
	must_hear(second, ANSWER("second"));
	must_hear(third, ANSWER("third"));
}
END_TEST

START_TEST(a_task_tells_how_far_it_is)
{
	char text[64];
	int fd = hold();

	mz_control_progress(control_held, 3, 12);
	must(hear_some(fd, text, sizeof(text)) >= 7);
	must(strncmp(text, "% 3 12\n", 7) == 0);
	mz_control_progress(control_held, 0, 0);
	release();
	must(strstr(hear(fd), "= 0\n") != NULL);
}
END_TEST

/* ---- Peers that do what they should not ---- */

START_TEST(half_a_line_is_not_obeyed)
{
	int fd = peer();

	say(fd, "half of");
	close(fd);
	must_be_answered();
	must_equal(control_begun, 1);
}
END_TEST

START_TEST(who_never_sends_is_dropped)
{
	int silent = peer(), halting = peer();
	uint64_t before = mz_now_ns();

	say(halting, "no end");
	must_hear(silent, "");
	must_hear(halting, "");
	must(mz_now_ns() - before > CONTROL_PATIENCE_NS / 2);
	must_equal(control_begun, 0);
	must_be_answered();
}
END_TEST

START_TEST(who_sends_slowly_is_dropped_too)
{
	int fd = peer();

	while (send(fd, "x", 1, MSG_NOSIGNAL) == 1)
		usleep(10000);
	must(errno == EPIPE || errno == ECONNRESET);
	close(fd);
	must_equal(control_begun, 0);
}
END_TEST

START_TEST(a_line_without_end_is_refused)
{
	static char text[MZ_CONTROL_LINE];
	int fd = peer();

	memset(text, 'a', sizeof(text));
	say_bytes(fd, text, sizeof(text));
	must_hear(fd, "> the line is too long\n= 110\n");
	must_equal(control_begun, 0);
	must_be_answered();
}
END_TEST

START_TEST(the_longest_line_is_obeyed)
{
	static char text[MZ_CONTROL_LINE];
	int fd = peer();

	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\n';
	say_bytes(fd, text, sizeof(text));
	must_equal(hear_some(fd, text, 10), 10);
	must(strncmp(text, "> you say ", 10) == 0);
	close(fd);
}
END_TEST

START_TEST(a_line_that_is_no_text_is_refused)
{
	int fd = peer();

	say_bytes(fd, "quit\0 or not\n", 13);
	must_hear(fd, "> the line is no text\n= 110\n");
	must_equal(control_begun, 0);
}
END_TEST

START_TEST(silent_peers_do_not_keep_others_out)
{
	int crowd[200];

	for (unsigned i = 0; i < 200; i++)
		crowd[i] = peer();
	must_be_answered();
	for (unsigned i = 0; i < 200; i++)
		close(crowd[i]);
	must_equal(control_begun, 1);
}
END_TEST

/* More than there is room for: they wait, and none is lost. */
START_TEST(many_that_ask_at_once_are_all_answered)
{
	int first = hold(), crowd[30];

	for (unsigned i = 0; i < 30; i++) {
		crowd[i] = peer();
		say(crowd[i], "me\n");
	}
	release();
	must_hear(first, "= 0\n");
	for (unsigned i = 0; i < 30; i++)
		must_hear(crowd[i], ANSWER("me"));
	must_equal(control_begun, 31);
}
END_TEST

START_TEST(what_was_asked_is_done_for_who_has_gone)
{
	int fd = hold(), other = peer();

	close(fd);
	say(other, "gone\n");
	close(other);
	mz_control_progress(control_held, 1, 2);
	usleep(300000);
	release();
	must_be_answered();
	must_equal(control_begun, 3);
}
END_TEST

START_TEST(who_does_not_read_holds_nobody_up)
{
	int lazy = peer();
	size_t heard = 0, got;
	char text[4096];

	say(lazy, "much\n");
	must_be_answered();
	usleep(2 * CONTROL_PATIENCE_NS / 1000);
	while ((got = hear_some(lazy, text, sizeof(text))) > 0)
		heard += got;
	must(heard > 0 && heard < CONTROL_LARGE);
	close(lazy);
	must_be_answered();
}
END_TEST

START_TEST(who_reads_gets_all_of_a_long_answer)
{
	size_t heard = 0, got;
	char text[4096];
	int fd = peer();

	say(fd, "much\n");
	while ((got = hear_some(fd, text, sizeof(text))) > 0)
		heard += got;
	must_equal(heard, CONTROL_LARGE / 64 * 66 + 4);
	close(fd);
}
END_TEST

START_TEST(noise_does_no_harm)
{
	struct rng rng = {rng_seed()};

	printf("# MZ_SEED=0x%llx\n", (unsigned long long)rng.state);
	for (unsigned i = 0; i < 500; i++) {
		char bytes[512];
		size_t count = (size_t)rng_below(&rng, sizeof(bytes));
		int fd = peer();

		for (size_t at = 0; at < count; at++)
			bytes[at] = (char)rng_below(&rng, 256);
		send(fd, bytes, count, MSG_NOSIGNAL);
		if (rng_below(&rng, 2))
			recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		close(fd);
	}
	must_be_answered();
}
END_TEST

START_TEST(no_descriptors_left_is_no_end)
{
	int spare[2000], fd, count = 0;

	fd = peer();
	while (count < 2000 && (spare[count] = open("/dev/null", O_RDONLY)) >= 0)
		count++;
	usleep(100000);
	while (count > 0)
		close(spare[--count]);
	say(fd, "still there\n");
	must_hear(fd, ANSWER("still there"));
	must_be_answered();
}
END_TEST

START_TEST(the_end_answers_what_was_asked)
{
	int silent = peer(), busy = hold(), waiting = peer();

	say(waiting, "in time\n");
	usleep(50000);
	release();
	mz_control_stop(control);
	must_hear(silent, "");
	must_hear(busy, "= 0\n");
	must_hear(waiting, ANSWER("in time"));
	must_equal(control_begun, 2);
	control_again();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("control");
	TCase *tests = tcase_create("control");

	tcase_add_checked_fixture(tests, controlled_begin, controlled_end);
	tcase_add_test(tests, a_line_is_answered);
	tcase_add_test(tests, a_status_says_what_is_wrong);
	tcase_add_test(tests, a_line_may_come_byte_by_byte);
	tcase_add_test(tests, what_follows_a_line_is_not_looked_at);
	tcase_add_test(tests, a_peer_that_will_send_no_more_is_answered);
	tcase_add_test(tests, tasks_are_done_one_by_one);
	tcase_add_test(tests, a_task_tells_how_far_it_is);
	tcase_add_test(tests, half_a_line_is_not_obeyed);
	tcase_add_test(tests, who_never_sends_is_dropped);
	tcase_add_test(tests, who_sends_slowly_is_dropped_too);
	tcase_add_test(tests, a_line_without_end_is_refused);
	tcase_add_test(tests, the_longest_line_is_obeyed);
	tcase_add_test(tests, a_line_that_is_no_text_is_refused);
	tcase_add_test(tests, silent_peers_do_not_keep_others_out);
	tcase_add_test(tests, many_that_ask_at_once_are_all_answered);
	tcase_add_test(tests, what_was_asked_is_done_for_who_has_gone);
	tcase_add_test(tests, who_does_not_read_holds_nobody_up);
	tcase_add_test(tests, who_reads_gets_all_of_a_long_answer);
	tcase_add_test(tests, noise_does_no_harm);
	tcase_add_test(tests, no_descriptors_left_is_no_end);
	tcase_add_test(tests, the_end_answers_what_was_asked);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
