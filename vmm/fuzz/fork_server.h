/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The target's side of AFL++'s fork server: how afl-fuzz, afl-showmap and their like have cases run
 * without starting the target anew. All words are 4 bytes, native.
 *
 *	target   hello: what it can do; see mz_fork_server_begin()
 *	AFL++    agreed; only if the test case comes in shared memory
 *	and then, for each case:
 *	AFL++    whether it has killed the process of the last case
 *	target   the id of the process of this case, which AFL++ kills if it takes too long
 *	target   how that process ended, as waitpid() tells it
 *
 * Here no process is forked for a case: a machine runs them all, and what can be killed is a
 *stand-in. Nothing here knows of machines. Source: AFL++ 4.04c, src/afl-forkserver.c and
 *include/types.h.
 */
#ifndef MZ_VMM_FORK_SERVER_H
#define MZ_VMM_FORK_SERVER_H

#include <stdint.h>

#include "vmm/fuzz/stand_in.h"

/* The descriptors that AFL++ leaves open for its target. */
#define MZ_FORK_SERVER_CONTROL 198
#define MZ_FORK_SERVER_STATUS  199

struct mz_fork_server {
	int control, status;
	bool input_shared;  /* the test case comes in shared memory */
	uint32_t map_bytes; /* of the coverage map that the target uses */
	struct mz_stand_in stand_in;
	bool renewed; /* the death of the stand-in that AFL++ is about to tell of is known */
};

/* Has AFL++ started this process? */
bool mz_fork_server_wanted(void);

/* Makes the stand-in. From a process with one thread; descriptors and options are filled in. */
int mz_fork_server_start(struct mz_fork_server *server, struct mz_failure *failure);
void mz_fork_server_end(struct mz_fork_server *server);

/* Says hello. AFL++ waits for that, for some seconds; from now on, for cases. */
int mz_fork_server_begin(struct mz_fork_server *server, struct mz_failure *failure);

/* Waits for the next case, which begins now. False: AFL++ has gone. */
bool mz_fork_server_next(struct mz_fork_server *server);

/*
 * Tells how the case has ended. mz_fork_server_give_up(): AFL++ has killed its stand-in, or is
 * about to, or has gone, which is false.
 */
bool mz_fork_server_tell(struct mz_fork_server *server, int status);
bool mz_fork_server_give_up(struct mz_fork_server *server);

#endif
