// SPDX-License-Identifier: MPL-2.0
/* mezz: picks the command. */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vmm/cli/cli.h"

static const struct {
	const char *name;
	const char *full_name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{"run", "mezz run", mz_cmd_run},
	{"restore", "mezz restore", mz_cmd_restore},
	{"clone", "mezz clone", mz_cmd_clone},
	{"snapshot", "mezz snapshot", mz_cmd_snapshot},
	{"control", "mezz control", mz_cmd_control},
	{"test", "mezz test", mz_cmd_test},
	{"fuzz", "mezz fuzz", mz_cmd_fuzz},
	{"info", "mezz info", mz_cmd_info},
	{"table", "mezz table", mz_cmd_table},
	{"walk", "mezz walk", mz_cmd_walk},
	{"report", "mezz report", mz_cmd_report},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const char doc[] =
	"Run small guests on KVM, with every page of their memory let in by a second-stage table.\v"
	"Commands:\n"
	"  run       run a guest\n"
	"  restore   let a guest go on from a snapshot\n"
	"  clone     let a second guest go on from where another one is\n"
	"  snapshot  save a guest that runs\n"
	"  control   ask a run for something\n"
	"  test      run many guests, and report\n"
	"  fuzz      run a guest for AFL++, an input at a time\n"
	"  info      tell what this host offers and lacks\n"
	"  table     build a table and print it; needs no KVM\n"
	"  walk      show the steps of a translation; needs no KVM\n"
	"  report    make a page from what a run has recorded; needs no KVM\n"
	"\n"
	"`mezz COMMAND --help' tells more about each.";

/* Takes the first word that is no option as the command, and leaves the rest to it. */
static error_t parse(int key, char *text, struct argp_state *state)
{
	int *command_at = state->input;

	(void)text;
	switch (key) {
	case ARGP_KEY_ARG:
		*command_at = state->next - 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which command?");
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/*
 * A descriptor that the user has closed would be given to the next file that is opened, and the
 * guest's output would go there. Reserve it so that input ends and output fails.
 */
static void reserve_standard_descriptors(void)
{
	static const int modes[] = {O_RDONLY, O_RDONLY, O_RDWR};

	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)!open("/dev/null", modes[fd]);
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.parser = parse, .args_doc = "COMMAND [ARG...]", .doc = doc};
	int at = argc;

	reserve_standard_descriptors();
	argp_err_exit_status = MZ_STATUS_BAD_ARGUMENT;
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &at);
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(argv[at], commands[i].name) != 0)
			continue;
		argv[at] = (char *)commands[i].full_name;
		return commands[i].run(argc - at, argv + at);
	}
	fprintf(stderr, "mezz: '%s' is not a command; see `mezz --help'\n", argv[at]);
	return MZ_STATUS_BAD_ARGUMENT;
}
