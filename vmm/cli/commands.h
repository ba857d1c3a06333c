/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What a user can ask of a run: at its terminal (vmm/cli/keys.h), or through its control socket
 * (vmm/cli/control.h). Both have the same commands.
 */
#ifndef MZ_VMM_CLI_COMMANDS_H
#define MZ_VMM_CLI_COMMANDS_H

#include <stdio.h>

#include "vmm/machine/vm.h"

/* Who asks, and what of. */
struct mz_asker {
	struct mz_vm *vm;
	FILE *out; /* for the answer: lines */
	/* NULL, or told how far a snapshot is; by a total of 0 that it is over. */
	void (*progress)(void *context, uint64_t done, uint64_t total);
	void *context;
};

/*
 * Does what a command line says: the name of a command, and behind a blank its argument. On the
 * thread of mz_vm_run(). Answers MZ_STATUS_OK; else the answer says what is wrong.
 * MZ_STATUS_BAD_ARGUMENT: there is no such command, or it can't be done.
 */
enum mz_status mz_command(const struct mz_asker *asker, const char *line);

#endif
