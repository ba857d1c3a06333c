// SPDX-License-Identifier: MPL-2.0
/* Asking a run. What answers need not be one: nothing that it sends is believed. */
#include "vmm/cli/control_client.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmm/cli/control_socket.h"

/* Bytes of a line of an answer; what is longer is no answer of a run's. */
#define LINE_MAX_BYTES 65536

/* A name may have any byte but one that ends the line. */
static int check_line(const char *line, struct mz_failure *failure)
{
	if (strchr(line, '\n'))
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
			       "a line feed ends a command, and can't be in it");
	if (strlen(line) >= MZ_CONTROL_LINE)
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT, "a command of more than %u bytes",
			       MZ_CONTROL_LINE - 1);
	return 0;
}

static int send_all(int fd, const char *bytes, size_t count)
{
	while (count > 0) {
		ssize_t sent = send(fd, bytes, count, MSG_NOSIGNAL);

		if (sent < 0 && errno != EINTR)
			return -1;
		if (sent > 0) {
			bytes += sent;
			count -= (size_t)sent;
		}
	}
	return 0;
}

/* At once, so that nobody answers and goes in the middle of it. */
static int send_line(int fd, const char *path, const char *line, struct mz_failure *failure)
{
	char text[MZ_CONTROL_LINE + 1];
	int length = snprintf(text, sizeof(text), "%s\n", line);

	if (send_all(fd, text, (size_t)length))
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "the run at %s does not listen: %s",
			       path, strerror(errno));
	return 0;
}

/* One line of the answer; 1: it was the last, 0: more come, -1: it is none. */
static int hear(const struct mz_control_listener *listener, const char *line, int *status)
{
	uint64_t done, total;

	if (strncmp(line, "> ", 2) == 0) {
		fputs(line + 2, listener->out);
		return 0;
	}
	if (sscanf(line, "%% %" SCNu64 " %" SCNu64, &done, &total) == 2) {
		if (listener->progress && total > 0)
			listener->progress(listener->context, done, total);
		return 0;
	}
	return sscanf(line, "= %d", status) == 1 && *status >= 0 && *status <= 255 ? 1 : -1;
}

static int hear_all(FILE *in, const char *path, const struct mz_control_listener *listener,
		    int *status, struct mz_failure *failure)
{
	char line[LINE_MAX_BYTES];
	int heard = 0;

	while (heard == 0) {
		if (!fgets(line, sizeof(line), in))
			return mz_fail(failure, MZ_STATUS_HOST_FAILED,
				       "the run at %s has gone without an answer", path);
		heard = strchr(line, '\n') ? hear(listener, line, status) : -1;
	}
	if (heard < 0)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED,
			       "what answers at %s is no run of mezz", path);
	return 0;
}

static int ask(int fd, const char *path, const char *line,
	       const struct mz_control_listener *listener, int *status, struct mz_failure *failure)
{
	FILE *in = mz_control_receive(fd, listener->fds);
	int result;

	if (!in) {
		close(fd);
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "no memory");
	}
	result = send_line(fd, path, line, failure);
	if (!result)
		result = hear_all(in, path, listener, status, failure);
	fclose(in);
	return result;
}

int mz_control_ask(const char *path, const char *line, const struct mz_control_listener *listener,
		   int *status, struct mz_failure *failure)
{
	int fd, result;

	if (check_line(line, failure))
		return -1;
	fd = mz_control_connect(path, failure);
	if (fd < 0)
		return -1;
	result = ask(fd, path, line, listener, status, failure);
	if (listener->progress)
		listener->progress(listener->context, 0, 0);
	return result;
}
