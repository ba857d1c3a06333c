// SPDX-License-Identifier: MPL-2.0
/* Descriptors that go through a control socket. */
#include "vmm/cli/control_fds.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for a control message with as many as there can be, aligned for its header. */
union room {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int) * MZ_CONTROL_FDS)];
};

void mz_control_fds_close(struct mz_control_fds *fds)
{
	while (fds->count)
		close(fds->fds[--fds->count]);
}

static void attach(struct msghdr *message, union room *room, const struct mz_control_fds *fds)
{
	size_t bytes = sizeof(fds->fds[0]) * fds->count;
	struct cmsghdr *header;

	memset(room, 0, sizeof(*room));
	message->msg_control = room;
	message->msg_controllen = CMSG_SPACE(bytes);
	header = CMSG_FIRSTHDR(message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(bytes);
	memcpy(CMSG_DATA(header), fds->fds, bytes);
}

ssize_t mz_control_send(int fd, const void *bytes, size_t count, struct mz_control_fds *fds)
{
	struct iovec part = {.iov_base = (void *)bytes, .iov_len = count};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	union room room;
	ssize_t sent;

	if (fds->count)
		attach(&message, &room, fds);
	sent = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent > 0)
		mz_control_fds_close(fds);
	return sent;
}

/* ---- Receiving ---- */

struct stream {
	int fd;
	struct mz_control_fds *fds;
};

static void keep(struct mz_control_fds *fds, int fd)
{
	if (fds && fds->count < MZ_CONTROL_FDS)
		fds->fds[fds->count++] = fd;
	else
		close(fd);
}

static void take(struct mz_control_fds *fds, const struct cmsghdr *header)
{
	size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);

	for (size_t i = 0; i < count; i++) {
		int fd;

		memcpy(&fd, CMSG_DATA(header) + i * sizeof(fd), sizeof(fd));
		keep(fds, fd);
	}
}

static ssize_t read_stream(void *cookie, char *bytes, size_t count)
{
	struct stream *stream = cookie;
	struct iovec part = {.iov_base = bytes, .iov_len = count};
	union room room;
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &room,
		.msg_controllen = sizeof(room),
	};
	ssize_t got;

	do
		got = recvmsg(stream->fd, &message, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return got;
	for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header;
	     header = CMSG_NXTHDR(&message, header))
		if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
			take(stream->fds, header);
	return got;
}

static int close_stream(void *cookie)
{
	struct stream *stream = cookie;
	int result = close(stream->fd);

	free(stream);
	return result;
}

FILE *mz_control_receive(int fd, struct mz_control_fds *fds)
{
	const cookie_io_functions_t functions = {.read = read_stream, .close = close_stream};
	struct stream *stream = malloc(sizeof(*stream));
	FILE *file;

	if (!stream)
		return NULL;
	*stream = (struct stream) {.fd = fd, .fds = fds};
	file = fopencookie(stream, "r", functions);
	if (!file)
		free(stream);
	return file;
}
