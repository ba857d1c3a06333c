// SPDX-License-Identifier: MPL-2.0
/* A control socket's name, and its asking side, which believes nothing that it hears. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/vmm/controlled.h"
#include "tests/must.h"
#include "tests/suite.h"

/* ---- Its name ---- */

START_TEST(it_is_its_owners_alone)
{
	struct stat stat;

	must(!lstat(control_path, &stat));
	must(S_ISSOCK(stat.st_mode));
	must_equal(stat.st_mode & 0777, 0600);
}
END_TEST

static void must_not_listen(const char *words)
{
	struct mz_control_socket socket;

	must(mz_control_listen(&socket, control_path, &failure) == -1);
	must_equal(failure.status, MZ_STATUS_BAD_ARGUMENT);
	must_say(strstr(failure.text, words), "\"%s\" is not in: %s", words, failure.text);
}

START_TEST(the_socket_of_another_run_is_left_alone)
{
	must_not_listen("is the socket of another run");
	must_be_answered();
}
END_TEST

START_TEST(the_socket_of_a_dead_run_is_replaced)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	mz_control_stop(control);
	strcpy(address.sun_path, control_path);
	must(!bind(fd, (struct sockaddr *)&address, sizeof(address)));
	close(fd);
	must(mz_control_connect(control_path, &failure) < 0);
	must_equal(failure.status, MZ_STATUS_HOST_LACKS);
	control_again();
	must_be_answered();
}
END_TEST

START_TEST(another_file_is_left_alone)
{
	int fd;

	mz_control_stop(control);
	fd = open(control_path, O_CREAT | O_WRONLY, 0600);
	must_equal(write(fd, "mine", 4), 4);
	close(fd);
	must_not_listen("is no socket");
	must(!access(control_path, F_OK));
	must(!unlink(control_path));
	control_again();
}
END_TEST

START_TEST(only_its_own_name_is_removed)
{
	must(!unlink(control_path));
	must(!mkdir(control_path, 0700));
	mz_control_stop(control);
	must(!rmdir(control_path));
	control_again();
}
END_TEST

START_TEST(a_name_that_is_too_long_is_refused)
{
	char name[200];

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	must(mz_control_check(name, &failure) == -1);
	must_equal(failure.status, MZ_STATUS_BAD_ARGUMENT);
	must(mz_control_check("", &failure) == -1);
	must(mz_control_connect(name, &failure) == -1);
	must_equal(failure.status, MZ_STATUS_BAD_ARGUMENT);
}
END_TEST

/* ---- The asking side ---- */

/* What a task or a false run answers to the line, and what the client makes of it. */
static int ask(const char *line, char *text, size_t size, int *status)
{
	const struct mz_control_listener listener = {.out = fmemopen(text, size, "w")};
	int result = mz_control_ask(control_path, line, &listener, status, &failure);

	fclose(listener.out);
	return result;
}

START_TEST(an_answer_is_heard)
{
	char text[128] = "";
	int status;

	must(!ask("hello", text, sizeof(text), &status));
	must_equal(status, MZ_STATUS_OK);
	must(strcmp(text, "you say hello\nand no more\n") == 0);
	must(!ask("fail", text, sizeof(text), &status));
	must_equal(status, MZ_STATUS_HOST_FAILED);
}
END_TEST

START_TEST(what_can_not_be_a_line_is_not_asked)
{
	static char line[MZ_CONTROL_LINE + 1];
	char text[128];
	int status;

	must(ask("one\ntwo", text, sizeof(text), &status) == -1);
	must_equal(failure.status, MZ_STATUS_BAD_ARGUMENT);
	memset(line, 'a', MZ_CONTROL_LINE);
	must(ask(line, text, sizeof(text), &status) == -1);
	must_equal(failure.status, MZ_STATUS_BAD_ARGUMENT);
	must_equal(control_begun, 0);
}
END_TEST

/* Answers one that asks with bytes that no run would send. */
static const char *lie;
static size_t lie_bytes;

static void *deceive(void *context)
{
	const struct mz_control_socket *socket = context;
	char line[64];
	int fd = accept(socket->fd, NULL, NULL);

	recv(fd, line, sizeof(line), 0);
	for (size_t done = 0; done < lie_bytes;) {
		ssize_t sent = send(fd, lie + done, lie_bytes - done, MSG_NOSIGNAL);

		if (sent <= 0)
			break;
		done += (size_t)sent;
	}
	close(fd);
	return NULL;
}

static void must_not_believe(const char *bytes, size_t count, const char *words)
{
	struct mz_control_socket socket;
	char text[128];
	pthread_t thread;
	int status;

	lie = bytes;
	lie_bytes = count;
	must(!mz_control_listen(&socket, control_path, &failure));
	must(!pthread_create(&thread, NULL, deceive, &socket));
	must(ask("truth", text, sizeof(text), &status) == -1);
	pthread_join(thread, NULL);
	mz_control_unlisten(&socket);
	must_equal(failure.status, MZ_STATUS_HOST_FAILED);
	must_say(strstr(failure.text, words), "\"%s\" is not in: %s", words, failure.text);
}

START_TEST(what_is_no_answer_is_not_believed)
{
	static char endless[200000];

	mz_control_stop(control);
	memset(endless, '>', sizeof(endless));
	must_not_believe("", 0, "has gone without an answer");
	must_not_believe("> half", 6, "is no run of mezz");
	must_not_believe("> all\n", 6, "has gone without an answer");
	must_not_believe("HTTP/1.1 400\n", 13, "is no run of mezz");
	must_not_believe("= 256\n", 6, "is no run of mezz");
	must_not_believe("= -1\n", 5, "is no run of mezz");
	must_not_believe("= x\n", 4, "is no run of mezz");
	must_not_believe(endless, sizeof(endless), "is no run of mezz");
	control_again();
}
END_TEST

/* ---- Descriptors ---- */

static unsigned descriptors(void)
{
	unsigned count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void must_be_gift(int fd, char content)
{
	char byte;

	must_equal(pread(fd, &byte, 1, 0), 1);
	must_equal(byte, content);
	must(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

/* Those who close are other threads, once so many lines have been obeyed. */
static void must_be_left(unsigned count, unsigned lines)
{
	unsigned left = 0;

	for (unsigned i = 0; i < 20000 && left != count; i++) {
		usleep(1000);
		if (__atomic_load_n(&control_begun, __ATOMIC_ACQUIRE) == lines)
			left = descriptors();
	}
	must_equal(left, count);
}

static int ask_for_gifts(struct mz_control_fds *fds, const char *line)
{
	char text[128];
	const struct mz_control_listener listener = {
		.out = fmemopen(text, sizeof(text), "w"),
		.fds = fds,
	};
	int status, result;

	result = mz_control_ask(control_path, line, &listener, &status, &failure);
	fclose(listener.out);
	return result ? result : status;
}

START_TEST(descriptors_come_with_an_answer)
{
	struct mz_control_fds fds = {.count = 0};
	unsigned before = descriptors();

	must_equal(ask_for_gifts(&fds, "give"), 0);
	must_equal(fds.count, 2);
	must_be_gift(fds.fds[0], 'a');
	must_be_gift(fds.fds[1], 'b');
	mz_control_fds_close(&fds);
	must_be_left(before, 1);
}
END_TEST

static int peer_that_says(const char *text)
{
	int fd = peer();

	say(fd, text);
	return fd;
}

START_TEST(descriptors_that_nobody_takes_are_closed)
{
	unsigned before = descriptors();
	int fd;

	must_equal(ask_for_gifts(NULL, "give"), 0);
	must_be_left(before, 1);
	must_hear(peer_that_says("give\n"), "= 0\n");
	must_be_left(before, 2);
	fd = peer_that_says("give\n");
	close(fd);
	must_be_left(before, 3);
}
END_TEST

/* More than any answer has, twice. */
static void *give_too_much(void *context)
{
	const struct mz_control_socket *socket = context;
	int fd = accept(socket->fd, NULL, NULL);
	char line[64];

	recv(fd, line, sizeof(line), 0);
	for (unsigned i = 0; i < 2; i++) {
		struct mz_control_fds fds = {.count = 0};

		while (fds.count < MZ_CONTROL_FDS)
			fds.fds[fds.count++] = open_gift('x');
		must_equal(mz_control_send(fd, i ? "= 0\n" : "> x\n", 4, &fds), 4);
		must_equal(fds.count, 0);
	}
	close(fd);
	return NULL;
}

START_TEST(too_many_descriptors_are_closed)
{
	struct mz_control_fds fds = {.count = 0};
	struct mz_control_socket socket;
	pthread_t thread;
	unsigned before;

	mz_control_stop(control);
	before = descriptors();
	must(!mz_control_listen(&socket, control_path, &failure));
	must(!pthread_create(&thread, NULL, give_too_much, &socket));
	must_equal(ask_for_gifts(&fds, "anything"), 0);
	pthread_join(thread, NULL);
	mz_control_unlisten(&socket);
	must_equal(fds.count, MZ_CONTROL_FDS);
	mz_control_fds_close(&fds);
	must_be_left(before, 0);
	control_again();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("control socket");
	TCase *tests = tcase_create("control socket");

	tcase_add_checked_fixture(tests, controlled_begin, controlled_end);
	tcase_add_test(tests, it_is_its_owners_alone);
	tcase_add_test(tests, the_socket_of_another_run_is_left_alone);
	tcase_add_test(tests, the_socket_of_a_dead_run_is_replaced);
	tcase_add_test(tests, another_file_is_left_alone);
	tcase_add_test(tests, only_its_own_name_is_removed);
	tcase_add_test(tests, a_name_that_is_too_long_is_refused);
	tcase_add_test(tests, an_answer_is_heard);
	tcase_add_test(tests, what_can_not_be_a_line_is_not_asked);
	tcase_add_test(tests, what_is_no_answer_is_not_believed);
	tcase_add_test(tests, descriptors_come_with_an_answer);
	tcase_add_test(tests, descriptors_that_nobody_takes_are_closed);
	tcase_add_test(tests, too_many_descriptors_are_closed);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
