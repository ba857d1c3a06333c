// SPDX-License-Identifier: MPL-2.0
/* The socket by which a run is asked. */
#include "vmm/cli/control_socket.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Connections that nobody has accepted yet. */
#define BACKLOG 16

static int set_address(struct sockaddr_un *address, const char *path, struct mz_failure *failure)
{
	size_t length = strlen(path);

	*address = (struct sockaddr_un) {.sun_family = AF_UNIX};
	if (length == 0 || length >= sizeof(address->sun_path))
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
			       "'%s' can't be the name of a socket: it has %zu bytes, 1 to %zu are "
			       "possible",
			       path, length, sizeof(address->sun_path) - 1);
	memcpy(address->sun_path, path, length + 1);
	return 0;
}

int mz_control_check(const char *path, struct mz_failure *failure)
{
	struct sockaddr_un address;

	return set_address(&address, path, failure);
}

static int make(const char *path, struct mz_failure *failure)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		mz_fail(failure, MZ_STATUS_HOST_FAILED, "%s: cannot make a socket: %s", path,
			strerror(errno));
	return fd;
}

int mz_control_connect(const char *path, struct mz_failure *failure)
{
	struct sockaddr_un address;
	int fd;

	if (set_address(&address, path, failure))
		return -1;
	fd = make(path, failure);
	if (fd < 0)
		return -1;
	if (!connect(fd, (const struct sockaddr *)&address, sizeof(address)))
		return fd;
	mz_fail(failure, MZ_STATUS_HOST_LACKS, "no run can be asked at %s: %s", path,
		strerror(errno));
	close(fd);
	return -1;
}

/* Does the socket of this name belong to nobody any more? One that only is too busy does not. */
static bool is_dead(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool dead = fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) &&
		errno == ECONNREFUSED;

	if (fd >= 0)
		close(fd);
	return dead;
}

/* Makes room for the name, if a dead socket has it. */
static int make_room(const struct sockaddr_un *address, struct mz_failure *failure)
{
	const char *path = address->sun_path;
	struct stat stat;

	if (lstat(path, &stat))
		return 0;
	if (!S_ISSOCK(stat.st_mode))
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
			       "%s: is there already, and is no socket", path);
	if (!is_dead(address))
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
			       "%s: is the socket of another run, which goes on", path);
	if (unlink(path) && errno != ENOENT)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED,
			       "%s: cannot remove what a dead run has left: %s", path,
			       strerror(errno));
	return 0;
}

/* The mode of the name is that of the socket before: it is nobody else's at any time. */
static int open_named(const struct sockaddr_un *address, struct mz_failure *failure)
{
	const char *path = address->sun_path;
	int fd = make(path, failure);

	if (fd < 0)
		return -1;
	if (!fchmod(fd, S_IRUSR | S_IWUSR) &&
	    !bind(fd, (const struct sockaddr *)address, sizeof(*address)) && !listen(fd, BACKLOG))
		return fd;
	mz_fail(failure, MZ_STATUS_HOST_FAILED, "%s: cannot listen there: %s", path,
		strerror(errno));
	close(fd);
	return -1;
}

int mz_control_listen(struct mz_control_socket *socket, const char *path,
		      struct mz_failure *failure)
{
	struct sockaddr_un address;
	struct stat stat;

	*socket = (struct mz_control_socket) {.fd = -1};
	if (set_address(&address, path, failure) || make_room(&address, failure))
		return -1;
	socket->path = strdup(path);
	if (!socket->path)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "%s: no memory", path);
	socket->fd = open_named(&address, failure);
	if (socket->fd >= 0 && !lstat(path, &stat)) {
		socket->device = stat.st_dev;
		socket->inode = stat.st_ino;
	}
	if (socket->fd >= 0)
		return 0;
	mz_control_unlisten(socket);
	return -1;
}

void mz_control_unlisten(struct mz_control_socket *socket)
{
	struct stat stat;

	if (socket->fd >= 0) {
		if (!lstat(socket->path, &stat) && stat.st_dev == socket->device &&
		    stat.st_ino == socket->inode)
			unlink(socket->path);
		close(socket->fd);
	}
	free(socket->path);
	*socket = (struct mz_control_socket) {.fd = -1};
}
