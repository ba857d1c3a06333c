// SPDX-License-Identifier: MPL-2.0
/* The keys of a run, and its command line. Both show on standard error, as all that mezz says. */
#include "vmm/cli/keys.h"

#include <stdio.h>

#include "vmm/cli/commands.h"
#include "vmm/cli/saving.h"

static void obey(struct mz_vm *vm, const char *line)
{
	struct mz_saving saving = {0};
	const struct mz_asker asker = {
		.vm = vm,
		.out = stderr,
		.progress = mz_saving_progress,
		.context = &saving,
	};

	mz_command(&asker, line);
}

static void help_keys(void)
{
	fprintf(stderr,
		"\nCtrl-A x  end the run\n"
		"Ctrl-A c  a command line; an empty line goes back to the guest\n"
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
		obey(vm, "quit");
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
