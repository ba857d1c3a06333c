// SPDX-License-Identifier: MPL-2.0
#include "tests/vmm/controlled.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/must.h"

#define LONG_MS 20000 /* only what is wrong takes so long */

static char folder[] = "/tmp/mezz-control-XXXXXX";

char control_path[64];
struct mz_control *control;
unsigned control_begun;
struct mz_control_task *control_held;
struct mz_failure failure;

int open_gift(char content)
{
	int fd = memfd_create("gift", MFD_CLOEXEC);

	must_equal(pwrite(fd, &content, 1, 0), 1);
	return fd;
}

static void answer_much(FILE *out)
{
	for (unsigned i = 0; i < CONTROL_LARGE / 64; i++)
		fprintf(out, "%063u\n", i);
}

/* Two files that can be told apart. */
static void give(struct mz_control_fds *fds)
{
	for (unsigned i = 0; i < 2; i++)
		fds->fds[fds->count++] = open_gift((char)('a' + i));
}

/* On the control's thread. */
static void obey(void *context, struct mz_control_task *task)
{
	(void)context;
	__atomic_fetch_add(&control_begun, 1, __ATOMIC_ACQ_REL);
	if (strcmp(task->line, "hold") == 0) {
		__atomic_store_n(&control_held, task, __ATOMIC_RELEASE);
		return;
	}
	if (strcmp(task->line, "much") == 0)
		answer_much(task->out);
	else if (strcmp(task->line, "give") == 0)
		give(&task->fds);
	else
		fprintf(task->out, "you say %s\nand no more", task->line);
	mz_control_finish(task,
			  strcmp(task->line, "fail") == 0 ? MZ_STATUS_HOST_FAILED : MZ_STATUS_OK);
}

void control_again(void)
{
	const struct mz_control_config config = {
		.path = control_path, .begin = obey, .patience_ns = CONTROL_PATIENCE_NS};

	must_say(!mz_control_start(&control, &config, &failure), "%s", failure.text);
}

void controlled_begin(void)
{
	must(mkdtemp(folder) != NULL);
	snprintf(control_path, sizeof(control_path), "%s/socket", folder);
	control_begun = 0;
	control_held = NULL;
	control_again();
}

void controlled_end(void)
{
	mz_control_stop(control);
	must(access(control_path, F_OK) && errno == ENOENT);
	must(!rmdir(folder));
	memcpy(strchr(folder, 0) - 6, "XXXXXX", 6);
}

int peer(void)
{
	int fd = mz_control_connect(control_path, &failure);

	must_say(fd >= 0, "%s", failure.text);
	return fd;
}

void say_bytes(int fd, const void *bytes, size_t count)
{
	must_equal(send(fd, bytes, count, MSG_NOSIGNAL), count);
}

void say(int fd, const char *text)
{
	say_bytes(fd, text, strlen(text));
}

size_t hear_some(int fd, char *buffer, size_t room)
{
	struct pollfd watch = {.fd = fd, .events = POLLIN};
	ssize_t got;

	must_equal(poll(&watch, 1, LONG_MS), 1);
	got = recv(fd, buffer, room, 0);
	return got > 0 ? (size_t)got : 0;
}

const char *hear(int fd)
{
	static char text[4096];
	size_t used = 0, got;

	while ((got = hear_some(fd, text + used, sizeof(text) - 1 - used)) > 0)
		used += got;
	text[used] = '\0';
	close(fd);
	return text;
}

void must_hear(int fd, const char *wanted)
{
	const char *heard = hear(fd);

	must_say(strcmp(heard, wanted) == 0, "\"%s\", not \"%s\"", heard, wanted);
}

void must_be_answered(void)
{
	int fd = peer();

	say(fd, "well\n");
	must_hear(fd, ANSWER("well"));
}

int hold(void)
{
	int fd = peer();

	say(fd, "hold\n");
	for (unsigned i = 0; i < LONG_MS && !__atomic_load_n(&control_held, __ATOMIC_ACQUIRE); i++)
		usleep(1000);
	must(control_held != NULL);
	return fd;
}

void release(void)
{
	struct mz_control_task *task = control_held;

	control_held = NULL;
	mz_control_finish(task, MZ_STATUS_OK);
}
