/* SPDX-License-Identifier: MPL-2.0 */
/* Descriptors that go through a control socket with an answer. */
#ifndef MZ_VMM_CLI_CONTROL_FDS_H
#define MZ_VMM_CLI_CONTROL_FDS_H

#include <stdio.h>
#include <sys/types.h>

#define MZ_CONTROL_FDS 3

/* All zero: none. */
struct mz_control_fds {
	int fds[MZ_CONTROL_FDS];
	unsigned count;
};

/* Closes them: there are none then. */
void mz_control_fds_close(struct mz_control_fds *fds);

/*
 * Sends what the kernel takes of the bytes, at least one, and with the first of them all
 * descriptors, which are closed then. As send(2), without waiting.
 */
ssize_t mz_control_send(int fd, const void *bytes, size_t count, struct mz_control_fds *fds);

/*
 * What comes through a connection, which is closed with the stream. Descriptors that come are
 * added to `fds`; those that have no room there, or if it is NULL, are closed. NULL: no memory, and
 * the connection is open still.
 */
FILE *mz_control_receive(int fd, struct mz_control_fds *fds);

#endif
