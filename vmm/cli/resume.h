/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The options of mezz restore and mezz clone: what a run decides of a machine that is known
 * already.
 */
#ifndef MZ_VMM_CLI_RESUME_H
#define MZ_VMM_CLI_RESUME_H

#include <argp.h>

#include "vmm/cli/devices.h"
#include "vmm/cli/moments.h"
#include "vmm/cli/watch.h"
#include "vmm/machine/description.h"

struct mz_cli_resume {
	struct mz_vm_config run;
	struct mz_cli_devices devices;
	struct mz_cli_moments moments;
	struct mz_cli_watch watch;
};

/* A child parser, whose input is a struct mz_cli_resume. */
extern const struct argp mz_cli_resume_argp;

/*
 * Fills in what the machine's description leaves open. Devices that are given by options stand for
 * those of their kind that it names, in order. MZ_STATUS_BAD_ARGUMENT: there are fewer of those.
 */
int mz_cli_resume_configure(const struct mz_cli_resume *resume, struct mz_description *description,
			    struct mz_failure *failure);

#endif
