// SPDX-License-Identifier: MPL-2.0
/* The console: a ring for input, a line for output. */
#include "vmm/device/console.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "vmm/base/failure.h"

static int set_raw(const struct mz_console *console)
{
	struct termios raw = console->before;

	cfmakeraw(&raw);
	raw.c_lflag |= ISIG;
	raw.c_oflag |= OPOST;
	return tcsetattr(console->in, TCSANOW, &raw);
}

static int terminal_make_raw(struct mz_console *console, struct mz_failure *failure)
{
	if (tcgetattr(console->in, &console->before))
		return mz_fail(failure, MZ_STATUS_HOST_FAILED,
			       "cannot read the terminal's settings: %s", strerror(errno));
	if (set_raw(console))
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "cannot make the terminal raw: %s",
			       strerror(errno));
	console->raw = true;
	return 0;
}

int mz_console_init(struct mz_console *console, int in, int out, struct mz_failure *failure)
{
	memset(console, 0, sizeof(*console));
	console->in = in;
	console->out = out;
	console->cancel = -1;
	if (isatty(in) && terminal_make_raw(console, failure))
		return -1;
	pthread_mutex_init(&console->mutex, NULL);
	pthread_mutex_init(&console->out_mutex, NULL);
	return 0;
}

void mz_console_put_terminal_back(const struct mz_console *console)
{
	if (console->raw)
		tcsetattr(console->in, TCSANOW, &console->before);
}

void mz_console_take_terminal_again(const struct mz_console *console)
{
	if (console->raw)
		set_raw(console);
}

void mz_console_destroy(struct mz_console *console)
{
	mz_console_flush(console);
	mz_console_put_terminal_back(console);
	console->raw = false;
	pthread_mutex_destroy(&console->mutex);
	pthread_mutex_destroy(&console->out_mutex);
}

/*
 * The run of free bytes that follows the input; only the feeding thread fills it, so it needs no
 * lock to write to.
 */
static unsigned char *free_run(struct mz_console *console, size_t *bytes)
{
	size_t tail;

	pthread_mutex_lock(&console->mutex);
	tail = (console->head + console->count) % MZ_CONSOLE_BUFFER;
	*bytes = MZ_CONSOLE_BUFFER - console->count;
	pthread_mutex_unlock(&console->mutex);
	if (*bytes > MZ_CONSOLE_BUFFER - tail)
		*bytes = MZ_CONSOLE_BUFFER - tail;
	return console->buffer + tail;
}

/* Hands on what is not for the guest; answers how much is left for it. */
static size_t press_keys(struct mz_console *console, unsigned char *bytes, size_t count)
{
	size_t left = 0;

	for (size_t i = 0; i < count; i++) {
		enum mz_key key = mz_keys_press(&console->keys, bytes[i]);

		if (key == MZ_KEY_GUEST)
			bytes[left++] = bytes[i];
		else if (key != MZ_KEY_NOTHING)
			console->key(console->context, key, console->keys.line);
	}
	return left;
}

bool mz_console_feed(struct mz_console *console)
{
	size_t room;
	unsigned char *run = free_run(console, &room);
	ssize_t got;
	bool more;

	if (room == 0)
		return true;
	got = read(console->in, run, room);
	more = got > 0 || (got < 0 && (errno == EINTR || errno == EAGAIN));
	if (got > 0 && console->raw && console->key)
		got = (ssize_t)press_keys(console, run, (size_t)got);

	pthread_mutex_lock(&console->mutex);
	if (got > 0)
		console->count += (size_t)got;
	console->ended = !more;
	pthread_mutex_unlock(&console->mutex);
	return more;
}

bool mz_console_has_room(struct mz_console *console)
{
	bool room;

	pthread_mutex_lock(&console->mutex);
	room = console->count < MZ_CONSOLE_BUFFER;
	pthread_mutex_unlock(&console->mutex);
	return room;
}

int mz_console_take(struct mz_console *console)
{
	int byte = -1;

	pthread_mutex_lock(&console->mutex);
	if (console->count > 0) {
		byte = console->buffer[console->head];
		console->head = (console->head + 1) % MZ_CONSOLE_BUFFER;
		console->count--;
	}
	pthread_mutex_unlock(&console->mutex);
	return byte;
}

bool mz_console_has_input(struct mz_console *console)
{
	bool input;

	pthread_mutex_lock(&console->mutex);
	input = console->count > 0;
	pthread_mutex_unlock(&console->mutex);
	return input;
}

enum readiness {
	NOT_READY,
	WRITABLE,  /* or write() says what is wrong */
	CANCELLED, /* the run is to end, and nobody waits for the reader */
};

static enum readiness wait_ready(const struct mz_console *console, int timeout_ms)
{
	struct pollfd fds[] = {
		{.fd = console->out, .events = POLLOUT},
		{.fd = console->cancel, .events = POLLIN},
	};
	int ready;

	if (console->out < 0)
		return WRITABLE; /* poll() would wait for ever */
	while ((ready = poll(fds, 2, timeout_ms)) < 0)
		if (errno != EINTR)
			return WRITABLE;
	if (ready == 0)
		return NOT_READY;
	return fds[0].revents ? WRITABLE : CANCELLED;
}

bool mz_console_takes(const struct mz_console *console, int timeout_ms)
{
	return wait_ready(console, timeout_ms) != NOT_READY;
}

/* A pipe or a terminal that can be written to takes a line without blocking. */
static int write_all(const struct mz_console *console, const unsigned char *data, size_t bytes)
{
	while (bytes > 0 && wait_ready(console, -1) == WRITABLE) {
		ssize_t written = write(console->out, data, bytes);

		if (written >= 0) {
			data += written;
			bytes -= (size_t)written;
		} else if (errno != EINTR && errno != EAGAIN) {
			return errno;
		}
	}
	return 0;
}

static void flush_locked(struct mz_console *console)
{
	if (!console->out_error)
		__atomic_store_n(&console->out_error,
				 write_all(console, console->line, console->line_count),
				 __ATOMIC_RELAXED);
	console->line_count = 0;
}

/* False: the byte ends a line, which would wait, and was not put. */
static bool put(struct mz_console *console, unsigned char byte, bool may_wait)
{
	bool spotted, ends;

	pthread_mutex_lock(&console->out_mutex);
	ends = byte == '\n' || console->line_count + 1 == MZ_CONSOLE_LINE;
	if (ends && !may_wait && !mz_console_takes(console, 0)) {
		pthread_mutex_unlock(&console->out_mutex);
		return false;
	}
	console->line[console->line_count++] = byte;
	if (ends)
		flush_locked(console);
	spotted = mz_spotter_pass(&console->spotter, byte);
	pthread_mutex_unlock(&console->out_mutex);
	if (spotted)
		console->spotted(console->context);
	return true;
}

void mz_console_put(struct mz_console *console, unsigned char byte)
{
	put(console, byte, true);
}

bool mz_console_try(struct mz_console *console, unsigned char byte)
{
	return put(console, byte, false);
}

void mz_console_flush(struct mz_console *console)
{
	pthread_mutex_lock(&console->out_mutex);
	flush_locked(console);
	pthread_mutex_unlock(&console->out_mutex);
}

bool mz_console_try_flush(struct mz_console *console)
{
	bool may;

	pthread_mutex_lock(&console->out_mutex);
	may = console->line_count == 0 || mz_console_takes(console, 0);
	if (may)
		flush_locked(console);
	pthread_mutex_unlock(&console->out_mutex);
	return may;
}

int mz_console_failed(const struct mz_console *console)
{
	return __atomic_load_n(&console->out_error, __ATOMIC_RELAXED);
}
