/* SPDX-License-Identifier: MPL-2.0 */
/* The options of mezz run and mezz restore about how guest memory comes in. */
#ifndef MZ_VMM_CLI_PAGING_H
#define MZ_VMM_CLI_PAGING_H

#include <argp.h>

#include "vmm/machine/vm.h"

/* A child parser, whose input is a struct mz_vm_config. */
extern const struct argp mz_cli_paging_argp;

#endif
