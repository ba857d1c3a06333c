// SPDX-License-Identifier: MPL-2.0
/* The commands of a run. */
#include "vmm/cli/commands.h"

#include <string.h>

#include "vmm/base/text.h"
#include "vmm/cli/report.h"
#include "vmm/cli/saving.h"

static enum mz_status help(const struct mz_asker *asker, const char *argument);

static enum mz_status quit(const struct mz_asker *asker, const char *argument)
{
	(void)argument;
	mz_vm_stop(asker->vm, MZ_STATUS_INTERRUPTED);
	return MZ_STATUS_OK;
}

static enum mz_status pause_guest(const struct mz_asker *asker, const char *argument)
{
	(void)argument;
	if (!mz_vm_pause(asker->vm))
		fprintf(asker->out, "the guest is paused already\n");
	return MZ_STATUS_OK;
}

static enum mz_status continue_guest(const struct mz_asker *asker, const char *argument)
{
	(void)argument;
	if (!mz_vm_continue(asker->vm))
		fprintf(asker->out, "the guest is not paused\n");
	return MZ_STATUS_OK;
}

static enum mz_status stats(const struct mz_asker *asker, const char *argument)
{
	bool paused = mz_vm_pause(asker->vm);
	struct mz_vm_stats stats;

	(void)argument;
	mz_vm_stats(asker->vm, &stats);
	mz_report_table(asker->out, &stats);
	if (paused)
		mz_vm_continue(asker->vm);
	return MZ_STATUS_OK;
}

static void print_line(void *context, const char *text)
{
	fprintf(context, "  %s\n", text);
}

static enum mz_status dump(const struct mz_asker *asker, const char *argument)
{
	static const struct mz_outcome outcome;
	bool paused = mz_vm_pause(asker->vm);

	(void)argument;
	mz_vm_dump(asker->vm, &outcome, print_line, asker->out);
	if (paused)
		mz_vm_continue(asker->vm);
	return MZ_STATUS_OK;
}

static enum mz_status balloon(const struct mz_asker *asker, const char *argument)
{
	struct mz_failure failure;
	uint64_t bytes;

	if (!mz_number_parse(argument, &bytes))
		mz_fail(&failure, MZ_STATUS_BAD_ARGUMENT, "'%s' is not a size", argument);
	else if (!mz_vm_set_balloon(asker->vm, bytes, &failure))
		return MZ_STATUS_OK;
	fprintf(asker->out, "balloon: %s\n", failure.text);
	return failure.status;
}

/* The file's name is all that is left, whatever it consists of. */
static enum mz_status snapshot(const struct mz_asker *asker, const char *argument)
{
	struct mz_snapshot_request request = {
		.path = argument,
		.progress = asker->progress,
		.context = asker->context,
	};
	struct mz_failure failure;
	struct mz_saved saved;

	if (strncmp(argument, MZ_INCREMENTAL, strlen(MZ_INCREMENTAL)) == 0) {
		request.incremental = true;
		request.path += strlen(MZ_INCREMENTAL);
	}
	if (mz_vm_snapshot(asker->vm, &request, &saved, &failure))
		saved.failure = &failure;
	if (asker->progress)
		asker->progress(asker->context, 0, 0);
	mz_saving_tell(asker->out, "", &saved);
	return saved.failure ? failure.status : MZ_STATUS_OK;
}

static const struct {
	const char *name;
	enum mz_status (*run)(const struct mz_asker *asker, const char *argument);
	bool argument; /* it needs one */
	const char *help;
} commands[] = {
	{"help", help, false, "help          this"},
	{"pause", pause_guest, false, "pause         hold all processors"},
	{"continue", continue_guest, false, "continue      let them go"},
	{"stats", stats, false, "stats         the numbers so far"},
	{"dump", dump, false, "dump          registers, code, stack, and where they lead"},
	{"balloon", balloon, true, "balloon SIZE  ask the guest for this much of its memory"},
	{"snapshot", snapshot, true,
	 "snapshot [incremental] FILE  save the guest, and let it go on"},
	{"quit", quit, false, "quit          end the run"},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static enum mz_status help(const struct mz_asker *asker, const char *argument)
{
	(void)argument;
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(asker->out, "%s\n", commands[i].help);
	return MZ_STATUS_OK;
}

enum mz_status mz_command(const struct mz_asker *asker, const char *line)
{
	size_t length;
	const char *argument;

	line += strspn(line, " ");
	length = strcspn(line, " ");
	argument = line + length + strspn(line + length, " ");
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strlen(commands[i].name) == length &&
		    strncmp(commands[i].name, line, length) == 0 &&
		    commands[i].argument == (*argument != '\0'))
			return commands[i].run(asker, argument);
	}
	fprintf(asker->out, "'%s' is no command; try help\n", line);
	return MZ_STATUS_BAD_ARGUMENT;
}
