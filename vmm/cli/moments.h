/* SPDX-License-Identifier: MPL-2.0 */
/* The options of mezz run that are about moments of the guest: marks, and going back to them. */
#ifndef MZ_VMM_CLI_MOMENTS_H
#define MZ_VMM_CLI_MOMENTS_H

#include <argp.h>

#include "vmm/machine/vm.h"

/* A child parser, whose input is a struct mz_vm_config. */
extern const struct argp mz_cli_moments_argp;

#endif
