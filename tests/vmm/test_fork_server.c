// SPDX-License-Identifier: MPL-2.0
/* AFL++'s fork server, with the test in AFL++'s place: what is said, who is killed, who ends with
 * whom. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/must.h"
#include "tests/suite.h"
#include "vmm/fuzz/fork_server.h"

#define WAIT_MS 20000

static struct mz_fork_server server;
static struct mz_failure failure;
static int control, status; /* AFL++'s ends */

static void begin(void)
{
	int down[2], up[2];

	must(!pipe2(down, O_CLOEXEC) && !pipe2(up, O_CLOEXEC));
	control = down[1];
	status = up[0];
	server = (struct mz_fork_server) {.control = down[0], .status = up[1], .map_bytes = 65536};
	signal(SIGPIPE, SIG_IGN);
	must_say(!mz_fork_server_start(&server, &failure), "%s", failure.text);
}

static void end(void)
{
	mz_fork_server_end(&server);
	close(server.control);
	close(server.status);
	close(status);
}

static void say(uint32_t word)
{
	must(write(control, &word, sizeof(word)) == sizeof(word));
}

static uint32_t hear(void)
{
	uint32_t word;

	must(read(status, &word, sizeof(word)) == sizeof(word));
	return word;
}

static bool readable(int fd)
{
	struct pollfd poll_ = {.fd = fd, .events = POLLIN};

	return poll(&poll_, 1, WAIT_MS) == 1;
}

/* Begins a case, after AFL++ has killed the process of the last one or not. */
static pid_t begin_case(bool killed)
{
	say(killed);
	must(mz_fork_server_next(&server));
	return (pid_t)hear();
}

static void must_be_alive(pid_t pid)
{
	must(pid > 0 && pid != getpid() && kill(pid, 0) == 0);
}

START_TEST(it_says_hello)
{
	must_say(!mz_fork_server_begin(&server, &failure), "%s", failure.text);
	must_equal(hear(), 0x80000001 | 0x40000000 | 65535 << 1);

	server.input_shared = true;
	say(0x81000001);
	must_say(!mz_fork_server_begin(&server, &failure), "%s", failure.text);
	must_equal(hear(), 0x80000001 | 0x40000000 | 0x01000000 | 65535 << 1);
}
END_TEST

START_TEST(shared_inputs_must_be_agreed_on)
{
	server.input_shared = true;
	say(0x80000001);
	must(mz_fork_server_begin(&server, &failure));
	must_equal(failure.status, MZ_STATUS_HOST_FAILED);
	close(control);
	must(mz_fork_server_begin(&server, &failure));
}
END_TEST

START_TEST(a_case_is_told_of)
{
	pid_t pid = begin_case(false);

	must_be_alive(pid);
	must(mz_fork_server_tell(&server, SIGSEGV));
	must_equal(hear(), SIGSEGV);
	must_equal(begin_case(false), pid);
	must(mz_fork_server_tell(&server, 0));
	must_equal(hear(), 0);
}
END_TEST

/* By whatever signal AFL_KILL_SIGNAL says. */
START_TEST(a_case_that_takes_too_long_is_given_up)
{
	static const int signals[] = {SIGKILL, SIGTERM};
	pid_t pid = begin_case(false);

	for (int i = 0; i < 2; i++) {
		pid_t next;
		int word;

		must(!kill(pid, signals[i]));
		must(readable(server.stand_in.channel));
		must(mz_fork_server_give_up(&server));
		word = (int)hear();
		must(WIFSIGNALED(word) && WTERMSIG(word) == signals[i]);
		next = begin_case(true);
		must(next != pid);
		must_be_alive(next);
		pid = next;
	}
}
END_TEST

START_TEST(a_case_may_end_while_it_is_killed)
{
	pid_t pid = begin_case(false), next;

	must(!kill(pid, SIGKILL));
	must(mz_fork_server_tell(&server, 0));
	must_equal(hear(), 0);
	next = begin_case(true);
	must(next != pid);
	must_be_alive(next);
	/* And this one is not given up for it. */
	must(poll(&(struct pollfd) {.fd = server.stand_in.channel, .events = POLLIN}, 1, 100) == 0);
}
END_TEST

START_TEST(afl_may_go_in_a_case)
{
	int stand_in = pidfd_open(begin_case(false), 0);

	close(control);
	must(readable(server.stand_in.channel));
	must(!mz_fork_server_give_up(&server));
	must(!mz_fork_server_next(&server));
	must(readable(stand_in));
}
END_TEST

START_TEST(afl_may_go_between_cases)
{
	begin_case(false);
	must(mz_fork_server_tell(&server, 0));
	hear();
	close(control);
	must(!mz_fork_server_next(&server));
}
END_TEST

START_TEST(nobody_outlives_the_server)
{
	int stand_in = pidfd_open(server.stand_in.pid, 0);
	int keeper = pidfd_open(server.stand_in.keeper, 0);

	must(stand_in >= 0 && keeper >= 0);
	mz_fork_server_end(&server);
	must(readable(stand_in) && readable(keeper));
	must(!mz_fork_server_start(&server, &failure));
}
END_TEST

/* The VMM itself is killed, as by the kernel that is out of memory. */
START_TEST(nobody_outlives_a_server_that_is_killed)
{
	pid_t pids[2], pid;
	int ways[2], fds[2];

	must(!pipe(ways));
	pid = fork();
	if (pid == 0) {
		mz_fork_server_start(&server, &failure);
		pids[0] = server.stand_in.keeper;
		pids[1] = server.stand_in.pid;
		_exit(write(ways[1], pids, sizeof(pids)) == sizeof(pids) && pause());
	}
	must(read(ways[0], pids, sizeof(pids)) == sizeof(pids));
	for (int i = 0; i < 2; i++)
		fds[i] = pidfd_open(pids[i], 0);
	must(!kill(pid, SIGKILL));
	must(readable(fds[0]) && readable(fds[1]));
	waitpid(pid, NULL, 0);
}
END_TEST

/* So that AFL++ sees the end of the server by the end of its pipe. */
START_TEST(nobody_else_holds_the_status_pipe)
{
	uint32_t word;

	close(server.status);
	must(readable(status));
	must_equal(read(status, &word, sizeof(word)), 0);
	server.status = open("/dev/null", O_WRONLY);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fork_server");
	TCase *tests = tcase_create("fork_server");

	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests, it_says_hello);
	tcase_add_test(tests, shared_inputs_must_be_agreed_on);
	tcase_add_test(tests, a_case_is_told_of);
	tcase_add_test(tests, a_case_that_takes_too_long_is_given_up);
	tcase_add_test(tests, a_case_may_end_while_it_is_killed);
	tcase_add_test(tests, afl_may_go_in_a_case);
	tcase_add_test(tests, afl_may_go_between_cases);
	tcase_add_test(tests, nobody_outlives_the_server);
	tcase_add_test(tests, nobody_outlives_a_server_that_is_killed);
	tcase_add_test(tests, nobody_else_holds_the_status_pipe);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
