// SPDX-License-Identifier: MPL-2.0
/* The keys of a run, and its command line. Both show on standard error, as all that mezz says. */
#include "vmm/cli/keys.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "vmm/base/text.h"
#include "vmm/cli/report.h"

static void help(struct mz_vm *vm, const char *argument);

static void quit(struct mz_vm *vm, const char *argument)
{
	(void)argument;
	mz_vm_stop(vm, MZ_STATUS_INTERRUPTED);
}

static void pause_guest(struct mz_vm *vm, const char *argument)
{
	(void)argument;
	if (!mz_vm_pause(vm))
		fprintf(stderr, "the guest is paused already\n");
}

static void continue_guest(struct mz_vm *vm, const char *argument)
{
	(void)argument;
	if (!mz_vm_continue(vm))
		fprintf(stderr, "the guest is not paused\n");
}

static void stats(struct mz_vm *vm, const char *argument)
{
	bool paused = mz_vm_pause(vm);
	struct mz_vm_stats stats;

	(void)argument;
	mz_vm_stats(vm, &stats);
	mz_report_table(stderr, &stats);
	if (paused)
		mz_vm_continue(vm);
}

static void print_line(void *context, const char *text)
{
	(void)context;
	fprintf(stderr, "  %s\n", text);
}

static void dump(struct mz_vm *vm, const char *argument)
{
	static const struct mz_outcome outcome;
	bool paused = mz_vm_pause(vm);

	(void)argument;
	mz_vm_dump(vm, &outcome, print_line, NULL);
	if (paused)
		mz_vm_continue(vm);
}

static void balloon(struct mz_vm *vm, const char *argument)
{
	struct mz_failure failure;
	uint64_t bytes;

	if (!mz_number_parse(argument, &bytes))
		fprintf(stderr, "balloon: '%s' is not a size\n", argument);
	else if (mz_vm_set_balloon(vm, bytes, &failure))
		fprintf(stderr, "balloon: %s\n", failure.text);
}

static const struct {
	const char *name;
	void (*run)(struct mz_vm *vm, const char *argument);
	bool argument; /* it needs one */
	const char *help;
} commands[] = {
	{"help", help, false, "help          this"},
	{"pause", pause_guest, false, "pause         hold all processors"},
	{"continue", continue_guest, false, "continue      let them go"},
	{"stats", stats, false, "stats         the numbers so far"},
	{"dump", dump, false, "dump          registers, code, stack, and where they lead"},
	{"balloon", balloon, true, "balloon SIZE  ask the guest for this much of its memory"},
	{"quit", quit, false, "quit          end the run"},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void help(struct mz_vm *vm, const char *argument)
{
	(void)vm;
	(void)argument;
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(stderr, "%s\n", commands[i].help);
	fprintf(stderr, "An empty line goes back to the guest.\n");
}

/* The name of a command, and behind a blank its argument. */
static void obey(struct mz_vm *vm, const char *line)
{
	size_t length;
	const char *argument;

	line += strspn(line, " ");
	length = strcspn(line, " ");
	argument = line + length + strspn(line + length, " ");
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strlen(commands[i].name) != length ||
		    strncmp(commands[i].name, line, length) != 0 ||
		    commands[i].argument != (*argument != '\0'))
			continue;
		commands[i].run(vm, argument);
		return;
	}
	fprintf(stderr, "'%s' is no command; try help\n", line);
}

static void help_keys(void)
{
	fprintf(stderr,
		"\nCtrl-A x  end the run\n"
		"Ctrl-A c  a command line, and back\n"
		"Ctrl-A h  this\n"
		"Ctrl-A Ctrl-A  a Ctrl-A for the guest\n");
}

static void prompt(const char *line)
{
	fprintf(stderr, "\r\033[K(mezz) %s", line);
}

void mz_cli_key(void *context, struct mz_vm *vm, enum mz_key key, const char *line)
{
	(void)context;
	switch (key) {
	case MZ_KEY_QUIT:
		quit(vm, "");
		break;
	case MZ_KEY_HELP:
		help_keys();
		break;
	case MZ_KEY_EDIT:
		prompt(line);
		break;
	case MZ_KEY_COMMAND:
		fprintf(stderr, "\n");
		obey(vm, line);
		prompt("");
		break;
	case MZ_KEY_CLOSE:
		fprintf(stderr, "\n");
		break;
	default:
		break;
	}
}
