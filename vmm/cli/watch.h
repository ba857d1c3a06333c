/* SPDX-License-Identifier: MPL-2.0 */
/* The options of mezz run and mezz restore about how long a run takes, and what is seen of it. */
#ifndef MZ_VMM_CLI_WATCH_H
#define MZ_VMM_CLI_WATCH_H

#include <argp.h>

#include "vmm/cli/report.h"
#include "vmm/machine/vm.h"

struct mz_cli_watch {
	uint64_t timeout_ns;
	const char *gdb_port;
	struct mz_trace_filter trace;
	enum mz_stats_form stats;
	const char *control; /* a socket by which others can ask; NULL: none */
	const char *report;  /* a file for what is recorded; NULL: nothing is */
	const char *image;   /* what the report is called by */
};

/* A child parser, whose input is a struct mz_cli_watch. */
extern const struct argp mz_cli_watch_argp;

#endif
