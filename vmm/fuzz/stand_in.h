/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A process that can be killed in place of the VMM. AFL++ wants the id of the process that runs a
 * case, and kills that process when the case takes too long; but a hanging guest needs no new VMM,
 * only to be put back. So AFL++ is given the id of a process that does nothing. Its death means:
 * give this case up.
 *
 * A keeper, forked while the VMM is still small, makes stand-ins, waits for their deaths, and tells
 * of each. It ends, with what it keeps, when the VMM ends, and when AFL++ has closed its end of the
 * control pipe; the VMM finds the channel closed then, even while a guest runs that never ends.
 */
#ifndef MZ_VMM_STAND_IN_H
#define MZ_VMM_STAND_IN_H

#include <stdbool.h>
#include <sys/types.h>

#include "vmm/base/failure.h"

struct mz_stand_in {
	pid_t keeper;
	int channel; /* readable: the stand-in has died, or the keeper has ended */
	pid_t pid;   /* of the stand-in */
};

/*
 * Makes keeper and stand-in, from a process with one thread. They hold no descriptor but standard
 * ones, the channel, and `control`, which the keeper watches.
 */
int mz_stand_in_start(struct mz_stand_in *stand_in, int control, struct mz_failure *failure);

/* Waits until the stand-in is dead: how, and there is another one. False: the keeper has ended. */
bool mz_stand_in_renew(struct mz_stand_in *stand_in, int *status);

void mz_stand_in_end(struct mz_stand_in *stand_in);

#endif
