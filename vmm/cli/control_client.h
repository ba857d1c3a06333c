/* SPDX-License-Identifier: MPL-2.0 */
/* Asking a run through its control socket. */
#ifndef MZ_VMM_CLI_CONTROL_CLIENT_H
#define MZ_VMM_CLI_CONTROL_CLIENT_H

#include <stdint.h>
#include <stdio.h>

#include "vmm/base/failure.h"
#include "vmm/cli/control_fds.h"

/* Who hears the answer. */
struct mz_control_listener {
	FILE *out; /* gets its text */
	/* Told how far it is, while it takes long; by a total of 0 that it is over. */
	void (*progress)(void *context, uint64_t done, uint64_t total);
	void *context;
	struct mz_control_fds *fds; /* gets its descriptors, the caller's then; NULL: none */
};

/*
 * Sends a line, and waits for the answer as long as it takes. Answers 0 with the answer's status,
 * or -1: MZ_STATUS_BAD_ARGUMENT: it can't be a line, or its path not a socket's.
 * MZ_STATUS_HOST_LACKS: there is no run. MZ_STATUS_HOST_FAILED: the run was gone before it had
 * answered.
 */
int mz_control_ask(const char *path, const char *line, const struct mz_control_listener *listener,
		   int *status, struct mz_failure *failure);

#endif
