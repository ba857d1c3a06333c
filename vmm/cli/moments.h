/* SPDX-License-Identifier: MPL-2.0 */
/* The options of mezz run that are about moments of the guest: marks, and going back to them. */
#ifndef MZ_VMM_CLI_MOMENTS_H
#define MZ_VMM_CLI_MOMENTS_H

#include <argp.h>

#include "vmm/machine/vm.h"

struct mz_cli_moments {
	uint64_t resets; /* how often the guest is put back */
	enum mz_dirty_kind dirty_source;
	struct mz_snapshot_wish snapshot;
	const char *snapshot_on; /* the event's name; NULL: none is given */
	bool track;
};

/* A child parser, whose input is a struct mz_cli_moments. */
extern const struct argp mz_cli_moments_argp;

/* Once all options are known: refuses a snapshot for a time-out that is not asked for. */
void mz_cli_moments_check(struct argp_state *state, const struct mz_cli_moments *moments,
			  uint64_t timeout_ns);

/* Tells that there is no snapshot, for what it waits for has not come. */
void mz_cli_moments_tell_missed(const struct mz_cli_moments *moments);

/* Asks for them, but for the resets themselves, which are mz_drive()'s. */
void mz_cli_moments_use(const struct mz_cli_moments *moments, struct mz_vm_config *config);

#endif
