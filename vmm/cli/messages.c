// SPDX-License-Identifier: MPL-2.0
/* Messages of a run. */
#include "vmm/cli/messages.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "vmm/base/trace.h"

#define LAST_WAIT_MS 1000

static int hurry; /* readable: the run is to end */
static uint64_t deadline_ns;
static bool given_up; /* guarded by the stream's lock */

static bool wait_for_reader(void)
{
	struct pollfd fds[] = {
		{.fd = STDERR_FILENO, .events = POLLOUT},
		{.fd = hurry, .events = POLLIN},
	};

	while (poll(fds, 2, mz_ms_until(deadline_ns)) < 0 && errno == EINTR)
		;
	while (!fds[0].revents && poll(fds, 1, LAST_WAIT_MS) < 0 && errno == EINTR)
		;
	return fds[0].revents != 0;
}

/* A pipe or a terminal that can be written to takes PIPE_BUF bytes without blocking. */
static ssize_t put(void *cookie, const char *text, size_t bytes)
{
	size_t done = 0;

	(void)cookie;
	while (done < bytes && !given_up) {
		size_t part = bytes - done < PIPE_BUF ? bytes - done : PIPE_BUF;
		ssize_t written = 0;

		given_up = !wait_for_reader();
		if (!given_up)
			written = write(STDERR_FILENO, text + done, part);
		if (written >= 0)
			done += (size_t)written;
		else if (errno != EINTR && errno != EAGAIN)
			break;
	}
	return (ssize_t)bytes;
}

int mz_messages_begin(uint64_t timeout_ns, struct mz_failure *failure)
{
	static const cookie_io_functions_t functions = {.write = put};
	FILE *stream;

	hurry = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	stream = hurry < 0 ? NULL : fopencookie(NULL, "w", functions);
	if (!stream)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "cannot watch the run: %s",
			       strerror(errno));
	deadline_ns = timeout_ns ? mz_now_ns() + timeout_ns : UINT64_MAX;
	setvbuf(stream, NULL, _IONBF, 0);
	stderr = stream;
	return 0;
}

void mz_messages_hurry(void)
{
	int saved = errno;

	eventfd_write(hurry, 1);
	errno = saved;
}
