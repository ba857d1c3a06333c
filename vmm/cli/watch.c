// SPDX-License-Identifier: MPL-2.0
/* The options of mezz run and mezz restore about how long a run takes, and what is seen of it. */
#include "vmm/cli/watch.h"

#include "vmm/base/text.h"
#include "vmm/cli/control_socket.h"

/* Apart from the keys of the command itself and of other groups. */
enum key {
	KEY_TIMEOUT = 't',
	KEY_GDB = 0x5000,
	KEY_TRACE,
	KEY_STATS,
	KEY_CONTROL,
	KEY_REPORT,
};

static const struct argp_option option_list[] = {
	{"timeout", KEY_TIMEOUT, "SECONDS", 0,
	 "End the run after this long; fractions are understood", 0},
	{"gdb", KEY_GDB, "PORT", 0,
	 "Hold the guest before its first instruction until GDB comes to this port of localhost",
	 0},
	{"trace", KEY_TRACE, "KIND[@RANGE][,...]", 0,
	 "Write each event on standard error: faults, mmio, io; with @ADDRESS or @FIRST-LAST only "
	 "those there; may be repeated",
	 0},
	{"stats", KEY_STATS, "FORM", OPTION_ARG_OPTIONAL,
	 "After the run, write what the second stage did on standard error, as a table or as json",
	 0},
	{"control", KEY_CONTROL, "SOCKET", 0,
	 "Let `mezz control' and `mezz snapshot' ask the run through a socket of this name", 0},
	{"report", KEY_REPORT, "FILE", 0,
	 "Record what happens to guest memory, and show it in this file: a page for browsers; or, "
	 "if its name ends with .json, what `mezz report' makes such a page from",
	 0},
	{0},
};

static void add_trace(struct argp_state *state, struct mz_trace_filter *filter, const char *text)
{
	struct mz_failure failure;

	if (mz_trace_filter_add(filter, text, &failure))
		argp_error(state, "--trace: %s", failure.text);
}

static const char *control(struct argp_state *state, const char *text)
{
	struct mz_failure failure;

	if (mz_control_check(text, &failure))
		argp_error(state, "--control: %s", failure.text);
	return text;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct mz_cli_watch *watch = state->input;

	switch (key) {
	case KEY_TIMEOUT:
		if (!mz_seconds_parse(text, &watch->timeout_ns))
			argp_error(state, "--timeout: '%s' is not a positive number of seconds",
				   text);
		return 0;
	case KEY_GDB:
		watch->gdb_port = text;
		return 0;
	case KEY_TRACE:
		add_trace(state, &watch->trace, text);
		return 0;
	case KEY_STATS:
		if (!mz_stats_form_parse(text, &watch->stats))
			argp_error(state, "--stats: '%s' is not one of table, json", text);
		return 0;
	case KEY_CONTROL:
		watch->control = control(state, text);
		return 0;
	case KEY_REPORT:
		if (!*text)
			argp_error(state, "--report: which file?");
		watch->report = text;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp mz_cli_watch_argp = {.options = option_list, .parser = parse};
