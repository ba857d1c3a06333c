// SPDX-License-Identifier: MPL-2.0
/* A moment of the guest of another process, through its control socket. */
#include "vmm/cli/moment_client.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/cli/control_client.h"
#include "vmm/cli/control_run.h"

/* Descriptors come in the order of control_run.c. They are closed with the moment. */
static void take_moment(const struct mz_control_fds *fds, struct mz_moment *moment)
{
	moment->parts = fds->fds[0];
	moment->memory.file = fds->fds[1];
	moment->memory.over = fds->count > 2 ? fds->fds[2] : -1;
}

/* Where there is no moment, the text says why. */
static int read_answer(const char *socket, char *text, int status, const struct mz_control_fds *fds,
		       uint64_t *held_ns, struct mz_failure *failure)
{
	text[strcspn(text, "\n")] = '\0';
	if (status != MZ_STATUS_OK)
		return mz_fail(failure, (enum mz_status)status, "%s: %s", socket, text);
	if (fds->count < 2 || sscanf(text, MZ_CONTROL_HELD, held_ns) != 1)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED,
			       "what answers at %s is no run of mezz", socket);
	return 0;
}

int mz_moment_ask(const char *socket, struct mz_moment *moment, uint64_t *held_ns,
		  struct mz_failure *failure)
{
	struct mz_control_fds fds = {.count = 0};
	char *text = NULL;
	size_t bytes;
	const struct mz_control_listener listener = {
		.out = open_memstream(&text, &bytes),
		.fds = &fds,
	};
	int status, result;

	if (!listener.out)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "no memory");
	result = mz_control_ask(socket, MZ_CONTROL_MOMENT, &listener, &status, failure);
	if (fclose(listener.out) && !result)
		result = mz_fail(failure, MZ_STATUS_HOST_FAILED, "no memory for the answer");
	if (!result)
		result = read_answer(socket, text, status, &fds, held_ns, failure);
	free(text);
	if (result)
		mz_control_fds_close(&fds);
	else
		take_moment(&fds, moment);
	return result;
}
