/* SPDX-License-Identifier: MPL-2.0 */
/* The options of mezz run that are about guest memory. */
#ifndef MZ_VMM_CLI_MEMORY_H
#define MZ_VMM_CLI_MEMORY_H

#include <argp.h>

#include "vmm/machine/vm.h"

struct mz_cli_memory {
	uint64_t bytes;
	struct mz_place more[MZ_PLACE_MAX];
	unsigned more_count;
	enum mz_huge huge;
	struct mz_share_request shares[MZ_SHARE_MAX];
	unsigned share_count;
};

/* A child parser, whose input is a struct mz_cli_memory. */
extern const struct argp mz_cli_memory_argp;

#endif
