/* SPDX-License-Identifier: MPL-2.0 */
/* The control socket of a run: what comes through it is done as at the terminal. */
#ifndef MZ_VMM_CLI_CONTROL_RUN_H
#define MZ_VMM_CLI_CONTROL_RUN_H

#include <inttypes.h>

#include "vmm/cli/control.h"
#include "vmm/machine/vm.h"

/*
 * What is asked for a moment (vmm/machine/moment.h), beside the commands of a user: the answer says
 * for how long the guest was held, and has the descriptors: the parts, the file, and, if there is
 * one, what stands over it.
 */
#define MZ_CONTROL_MOMENT "moment"
#define MZ_CONTROL_HELD   "the guest was held for %" PRIu64 " ns"

struct mz_control_run {
	struct mz_vm *vm;
	struct mz_control *control; /* NULL: there is none */
	struct mz_call call;        /* of the task that is being done */
	struct mz_control_task *task;
};

/* Before mz_vm_run(). `path` NULL: nobody can ask. Failures are those of mz_control_start(). */
int mz_control_run_start(struct mz_control_run *run, struct mz_vm *vm, const char *path,
			 struct mz_failure *failure);

/* After it. */
void mz_control_run_stop(struct mz_control_run *run);

#endif
