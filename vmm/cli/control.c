// SPDX-License-Identifier: MPL-2.0
/* The thread that serves a control socket. */
#include "vmm/cli/control.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmm/base/thread.h"
#include "vmm/base/trace.h"
#include "vmm/cli/control_socket.h"

#define CLIENTS     16u
#define PATIENCE_NS 10000000000u
#define TICK_NS     200000000u /* between two tellings of how far it is */
#define REST_NS     100000000u /* after a connection could not be accepted */

enum client_state {
	CLIENT_NONE,
	CLIENT_ASKING,    /* its line is not complete */
	CLIENT_WAITING,   /* for others who came first */
	CLIENT_BUSY,      /* its task is being done */
	CLIENT_ANSWERING, /* it is to read the answer */
};

struct client {
	enum client_state state;
	int fd;            /* -1: it has gone, and its task is done nevertheless */
	uint64_t order;    /* of its coming, then of its line */
	uint64_t until_ns; /* the end of patience */
	size_t used;
	char line[MZ_CONTROL_LINE];
	char *answer;
	size_t answer_bytes, sent;
	struct mz_control_fds fds; /* of the answer */
};

struct mz_control {
	struct mz_control_config config;
	struct mz_control_socket socket;
	int wake; /* readable: a task is finished, or the end has come */
	int quit; /* atomic */
	pthread_t thread;
	uint64_t order;
	uint64_t rest_until_ns;
	struct client clients[CLIENTS];
	struct client *busy; /* whose task is being done, or NULL */
	struct mz_control_task task;
	char *text; /* what the task has answered */
	size_t text_bytes;
};

/* ---- The task's side ---- */

void mz_control_progress(void *context, uint64_t done, uint64_t total)
{
	struct mz_control_task *task = context;

	__atomic_store_n(&task->done, done, __ATOMIC_RELAXED);
	__atomic_store_n(&task->total, total, __ATOMIC_RELAXED);
}

void mz_control_finish(struct mz_control_task *task, enum mz_status status)
{
	int wake = task->control->wake;

	task->status = status;
	__atomic_store_n(&task->finished, 1, __ATOMIC_RELEASE);
	eventfd_write(wake, 1);
}

/* ---- Clients ---- */

static void drop(struct client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	free(client->answer);
	mz_control_fds_close(&client->fds);
	*client = (struct client) {.fd = -1};
}

static void accept_one(struct mz_control *control, struct client *client, uint64_t now)
{
	int fd = accept4(control->socket.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0) {
		control->rest_until_ns = now + REST_NS;
		return;
	}
	*client = (struct client) {
		.state = CLIENT_ASKING,
		.fd = fd,
		.order = control->order++,
		.until_ns = now + control->config.patience_ns,
	};
}

/* The one of a state that came first, or NULL. */
static struct client *first_of(struct mz_control *control, enum client_state state)
{
	struct client *first = NULL;

	for (unsigned i = 0; i < CLIENTS; i++) {
		struct client *client = &control->clients[i];

		if (client->state == state && (!first || client->order < first->order))
			first = client;
	}
	return first;
}

/*
 * Where no place is free, who has been asking for longest makes room, or who does not read. NULL:
 * all wait to be answered.
 */
static struct client *place_for_one(struct mz_control *control)
{
	struct client *place = first_of(control, CLIENT_NONE);

	if (!place)
		place = first_of(control, CLIENT_ASKING);
	return place ? place : first_of(control, CLIENT_ANSWERING);
}

/* Formats the lines of an answer, and the status. 0, or -1: no memory. */
static int set_answer(struct client *client, const char *text, enum mz_status status)
{
	FILE *out = open_memstream(&client->answer, &client->answer_bytes);

	while (out && *text) {
		size_t length = strcspn(text, "\n");

		fprintf(out, "> %.*s\n", (int)length, text);
		text += length + (text[length] == '\n');
	}
	if (out)
		fprintf(out, "= %d\n", (int)status);
	return !out || fclose(out) ? -1 : 0;
}

/* Sends what the kernel takes: who reads is waited for. */
static void send_answer(struct mz_control *control, struct client *client)
{
	client->until_ns = mz_now_ns() + control->config.patience_ns;
	while (client->sent < client->answer_bytes) {
		ssize_t sent = mz_control_send(client->fd, client->answer + client->sent,
					       client->answer_bytes - client->sent, &client->fds);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && errno == EAGAIN)
			return;
		if (sent < 0)
			break;
		client->sent += (size_t)sent;
	}
	drop(client);
}

static void answer(struct mz_control *control, struct client *client, const char *text,
		   enum mz_status status)
{
	if (client->fd < 0 || set_answer(client, text, status)) {
		drop(client);
		return;
	}
	client->state = CLIENT_ANSWERING;
	send_answer(control, client);
}

/* What has been read so far: a line, or too much for one. */
static void look_for_line(struct mz_control *control, struct client *client)
{
	char *end = memchr(client->line, '\n', client->used);

	if (!end && client->used == sizeof(client->line)) {
		answer(control, client, "the line is too long", MZ_STATUS_BAD_ARGUMENT);
	} else if (end && memchr(client->line, '\0', (size_t)(end - client->line))) {
		answer(control, client, "the line is no text", MZ_STATUS_BAD_ARGUMENT);
	} else if (end) {
		*end = '\0';
		client->state = CLIENT_WAITING;
		client->order = control->order++;
	}
}

static void read_line(struct mz_control *control, struct client *client)
{
	ssize_t got = recv(client->fd, client->line + client->used,
			   sizeof(client->line) - client->used, MSG_DONTWAIT);

	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (got <= 0) {
		drop(client);
		return;
	}
	client->used += (size_t)got;
	look_for_line(control, client);
}

/* ---- Tasks ---- */

static void begin_task(struct mz_control *control, struct client *client)
{
	struct mz_control_task *task = &control->task;

	*task = (struct mz_control_task) {.line = client->line, .control = control};
	task->out = open_memstream(&control->text, &control->text_bytes);
	if (!task->out) {
		answer(control, client, "no memory", MZ_STATUS_HOST_FAILED);
		return;
	}
	client->state = CLIENT_BUSY;
	control->busy = client;
	control->config.begin(control->config.context, task);
}

static bool task_is_finished(struct mz_control *control)
{
	return control->busy && __atomic_load_n(&control->task.finished, __ATOMIC_ACQUIRE);
}

static void end_task(struct mz_control *control)
{
	struct client *client = control->busy;

	control->busy = NULL;
	client->fds = control->task.fds;
	if (fclose(control->task.out))
		answer(control, client, "no memory for the answer", MZ_STATUS_HOST_FAILED);
	else
		answer(control, client, control->text, control->task.status);
	free(control->text);
	control->text = NULL;
}

/* Who does not take it is not told; who has gone is forgotten, but not the task. */
static void tell_progress(struct mz_control *control)
{
	struct client *client = control->busy;
	uint64_t total = __atomic_load_n(&control->task.total, __ATOMIC_RELAXED);
	char line[64];
	int length;

	if (!client || client->fd < 0 || total == 0)
		return;
	length = snprintf(line, sizeof(line), "%% %" PRIu64 " %" PRIu64 "\n",
			  __atomic_load_n(&control->task.done, __ATOMIC_RELAXED), total);
	if (send(client->fd, line, (size_t)length, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0 ||
	    errno == EAGAIN || errno == EINTR)
		return;
	close(client->fd);
	client->fd = -1;
}

static void do_tasks(struct mz_control *control)
{
	struct client *next;

	if (task_is_finished(control))
		end_task(control);
	while (!control->busy && (next = first_of(control, CLIENT_WAITING))) {
		begin_task(control, next);
		if (task_is_finished(control))
			end_task(control);
	}
}

/* ---- The thread ---- */

/* What a client is waited for; who can't be served now is not looked at. */
static struct pollfd watch_of(const struct client *client)
{
	if (client->state == CLIENT_ASKING)
		return (struct pollfd) {.fd = client->fd, .events = POLLIN};
	if (client->state == CLIENT_ANSWERING)
		return (struct pollfd) {.fd = client->fd, .events = POLLOUT};
	return (struct pollfd) {.fd = -1};
}

static bool has_deadline(const struct client *client)
{
	return client->state == CLIENT_ASKING || client->state == CLIENT_ANSWERING;
}

/* In milliseconds, as poll() wants it, rounded up; -1: for ever. */
static int time_to_wait(const struct mz_control *control, uint64_t now)
{
	uint64_t until = control->busy ? now + TICK_NS : UINT64_MAX;

	if (control->rest_until_ns > now && control->rest_until_ns < until)
		until = control->rest_until_ns;
	for (unsigned i = 0; i < CLIENTS; i++) {
		const struct client *client = &control->clients[i];

		if (has_deadline(client) && client->until_ns < until)
			until = client->until_ns;
	}
	if (until == UINT64_MAX)
		return -1;
	return until > now ? (int)((until - now) / 1000000u) + 1 : 0;
}

static void serve_clients(struct mz_control *control, const struct pollfd *fds, uint64_t now)
{
	for (unsigned i = 0; i < CLIENTS; i++) {
		struct client *client = &control->clients[i];

		if (client->state == CLIENT_ASKING && fds[i].revents)
			read_line(control, client);
		else if (client->state == CLIENT_ANSWERING && fds[i].revents)
			send_answer(control, client);
		if (has_deadline(client) && now >= client->until_ns)
			drop(client);
	}
}

static void wait_and_serve(struct mz_control *control)
{
	struct pollfd fds[2 + CLIENTS];
	uint64_t now = mz_now_ns();
	struct client *place = place_for_one(control);
	eventfd_t count;

	fds[0] = (struct pollfd) {.fd = control->wake, .events = POLLIN};
	fds[1] = (struct pollfd) {
		.fd = place && now >= control->rest_until_ns ? control->socket.fd : -1,
		.events = POLLIN,
	};
	for (unsigned i = 0; i < CLIENTS; i++)
		fds[2 + i] = watch_of(&control->clients[i]);
	if (poll(fds, 2 + CLIENTS, time_to_wait(control, now)) < 0)
		return;
	if (fds[0].revents)
		eventfd_read(control->wake, &count);
	serve_clients(control, fds + 2, mz_now_ns());
	do_tasks(control);
	tell_progress(control);
	/* Last, for it may take a place whose events were meant for another. */
	if (fds[1].revents) {
		place = place_for_one(control);
		if (place) {
			drop(place);
			accept_one(control, place, mz_now_ns());
		}
	}
}

static void *control_main(void *context)
{
	struct mz_control *control = context;

	while (!__atomic_load_n(&control->quit, __ATOMIC_ACQUIRE))
		wait_and_serve(control);
	do_tasks(control);
	for (unsigned i = 0; i < CLIENTS; i++) {
		if (control->clients[i].state == CLIENT_ANSWERING)
			send_answer(control, &control->clients[i]);
		drop(&control->clients[i]);
	}
	return NULL;
}

static void destroy(struct mz_control *control)
{
	mz_control_unlisten(&control->socket);
	if (control->wake >= 0)
		close(control->wake);
	free(control);
}

static int start(struct mz_control *control, struct mz_failure *failure)
{
	int error;

	control->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (control->wake < 0)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED,
			       "cannot make an event descriptor: %s", strerror(errno));
	if (mz_control_listen(&control->socket, control->config.path, failure))
		return -1;
	error = mz_thread_start(&control->thread, control_main, control);
	if (error)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED,
			       "cannot start the thread of the control socket: %s",
			       strerror(error));
	return 0;
}

int mz_control_start(struct mz_control **control, const struct mz_control_config *config,
		     struct mz_failure *failure)
{
	struct mz_control *made = calloc(1, sizeof(*made));

	*control = NULL;
	if (!made)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "no memory for a control socket");
	made->config = *config;
	if (made->config.patience_ns == 0)
		made->config.patience_ns = PATIENCE_NS;
	made->socket.fd = -1;
	for (unsigned i = 0; i < CLIENTS; i++)
		made->clients[i].fd = -1;
	if (start(made, failure)) {
		destroy(made);
		return -1;
	}
	*control = made;
	return 0;
}

void mz_control_stop(struct mz_control *control)
{
	if (!control)
		return;
	__atomic_store_n(&control->quit, 1, __ATOMIC_RELEASE);
	eventfd_write(control->wake, 1);
	pthread_join(control->thread, NULL);
	destroy(control);
}
