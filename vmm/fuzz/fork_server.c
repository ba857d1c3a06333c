// SPDX-License-Identifier: MPL-2.0
/* The target's side of AFL++'s fork server. */
#include "vmm/fuzz/fork_server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* FS_OPT_... of AFL++'s include/types.h. */
#define OPTION_ENABLED      0x80000001u
#define OPTION_MAP_BYTES    0x40000000u /* bits 1 to 23 are the size less one */
#define OPTION_INPUT_SHARED 0x01000000u

static bool get(const struct mz_fork_server *server, uint32_t *word)
{
	ssize_t got;

	do
		got = read(server->control, word, sizeof(*word));
	while (got < 0 && errno == EINTR);
	return got == sizeof(*word);
}

static bool put(const struct mz_fork_server *server, uint32_t word)
{
	ssize_t done;

	do
		done = write(server->status, &word, sizeof(word));
	while (done < 0 && errno == EINTR);
	return done == sizeof(word);
}

bool mz_fork_server_wanted(void)
{
	return getenv("__AFL_SHM_ID") && fcntl(MZ_FORK_SERVER_CONTROL, F_GETFD) >= 0 &&
		fcntl(MZ_FORK_SERVER_STATUS, F_GETFD) >= 0;
}

int mz_fork_server_start(struct mz_fork_server *server, struct mz_failure *failure)
{
	return mz_stand_in_start(&server->stand_in, server->control, failure);
}

void mz_fork_server_end(struct mz_fork_server *server)
{
	mz_stand_in_end(&server->stand_in);
}

int mz_fork_server_begin(struct mz_fork_server *server, struct mz_failure *failure)
{
	uint32_t hello = OPTION_ENABLED | OPTION_MAP_BYTES | (server->map_bytes - 1) << 1;
	uint32_t agreed;

	if (server->input_shared)
		hello |= OPTION_INPUT_SHARED;
	if (!put(server, hello))
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "AFL++ does not listen");
	if (!server->input_shared)
		return 0;
	if (!get(server, &agreed) || !(agreed & OPTION_INPUT_SHARED))
		return mz_fail(failure, MZ_STATUS_HOST_FAILED,
			       "AFL++ has shared memory for test cases and does not use it");
	return 0;
}

bool mz_fork_server_next(struct mz_fork_server *server)
{
	uint32_t killed;
	int status;

	if (!get(server, &killed))
		return false;
	/* The case had ended before the stand-in was dead. AFL++ must not be given its id again. */
	if (killed && !server->renewed && !mz_stand_in_renew(&server->stand_in, &status))
		return false;
	server->renewed = false;
	return put(server, (uint32_t)server->stand_in.pid);
}

bool mz_fork_server_tell(struct mz_fork_server *server, int status)
{
	return put(server, (uint32_t)status);
}

bool mz_fork_server_give_up(struct mz_fork_server *server)
{
	int status;

	if (!mz_stand_in_renew(&server->stand_in, &status))
		return false;
	server->renewed = true;
	return put(server, (uint32_t)status);
}
