/* SPDX-License-Identifier: MPL-2.0 */
/* From the options of a command to a machine that is ready to run its image. */
#ifndef MZ_VMM_CLI_LAUNCH_H
#define MZ_VMM_CLI_LAUNCH_H

#include "vmm/cli/run_options.h"

/*
 * Makes the machine and loads the image, which is not held beyond that. On failure there is no
 * machine.
 */
int mz_launch(struct mz_vm **vm, const struct mz_run_options *options, struct mz_failure *failure);

#endif
