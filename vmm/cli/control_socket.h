/* SPDX-License-Identifier: MPL-2.0 */
/* The socket by which a run is asked: its name in the file system, from both ends. */
#ifndef MZ_VMM_CLI_CONTROL_SOCKET_H
#define MZ_VMM_CLI_CONTROL_SOCKET_H

#include <sys/types.h>

#include "vmm/base/failure.h"

/* Bytes of a request: a command, and the name of a file. */
#define MZ_CONTROL_LINE 8192u

/* One that listens. */
struct mz_control_socket {
	int fd;
	char *path;
	dev_t device; /* what the path stood for when it was made */
	ino_t inode;
};

/* MZ_STATUS_BAD_ARGUMENT: the path can't be that of a socket, which are short. */
int mz_control_check(const char *path, struct mz_failure *failure);

/*
 * Listens, for its owner alone. A socket that nobody listens on any more is replaced.
 * MZ_STATUS_BAD_ARGUMENT: the path is too long, or stands for something else, such as the socket of
 * a run that goes on. MZ_STATUS_HOST_FAILED.
 */
int mz_control_listen(struct mz_control_socket *socket, const char *path,
		      struct mz_failure *failure);

/* Closes it and removes its name, if that is still its own. */
void mz_control_unlisten(struct mz_control_socket *socket);

/*
 * Answers a connection to who listens there, or -1. MZ_STATUS_BAD_ARGUMENT: the path is too long.
 * MZ_STATUS_HOST_LACKS: nobody listens.
 */
int mz_control_connect(const char *path, struct mz_failure *failure);

#endif
