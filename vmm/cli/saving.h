/* SPDX-License-Identifier: MPL-2.0 */
/* What a user is told of snapshots: how far one is, and how it went. */
#ifndef MZ_VMM_CLI_SAVING_H
#define MZ_VMM_CLI_SAVING_H

#include <stdio.h>

#include "vmm/machine/vm.h"

/* In a command line, before the name of a file. */
#define MZ_INCREMENTAL "incremental "

/* A bar on standard error, where that is a terminal, if it takes long. Begins as {0}. */
struct mz_saving {
	uint64_t begun_ns; /* 0: not yet */
	bool shown;
};

/* The context is the bar. A total of 0: it is over, however it went. */
void mz_saving_progress(void *context, uint64_t done, uint64_t total);

/* A line that says how it went, behind a prefix. */
void mz_saving_tell(FILE *file, const char *prefix, const struct mz_saved *saved);

#endif
