/* SPDX-License-Identifier: MPL-2.0 */
/* Driving a machine that is ready: its run, what is told on the way, and its end. */
#ifndef MZ_VMM_CLI_DRIVE_H
#define MZ_VMM_CLI_DRIVE_H

#include "vmm/cli/moments.h"
#include "vmm/cli/watch.h"
#include "vmm/machine/vm.h"

/* What would kill the process becomes an error of the call that caused it. Before a machine is
 * made. */
void mz_drive_prepare(void);

/* Fills in what is the command's own: standard input and output, and who hears of what happens. */
void mz_drive_configure(struct mz_vm_config *config);

/*
 * Runs the machine, for the command of this name, and lets it be seen and asked as the options say;
 * it is put back to its mark as often as they say when the guest has ended. Signals that would end
 * the process end the run. Answers the exit status, or -1 with the cause in `failure`.
 */
int mz_drive(const char *command, struct mz_vm *vm, const struct mz_cli_moments *moments,
	     const struct mz_cli_watch *watch, struct mz_failure *failure);

#endif
