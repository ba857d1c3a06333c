// SPDX-License-Identifier: MPL-2.0
/* mezz restore: a guest goes on from a snapshot. */
#include <argp.h>
#include <errno.h>

#include "vmm/cli/cli.h"
#include "vmm/cli/drive.h"
#include "vmm/cli/resume.h"
#include "vmm/machine/description.h"
#include "vmm/snapshot/snapshot.h"

enum key {
	KEY_ALL = 256,
	KEY_RECORD,
	KEY_PREFETCH,
};

struct options {
	const char *path;
	struct mz_restore_plan plan;
	struct mz_cli_resume resume;
};

static const struct argp_option option_list[] = {
	{"all", KEY_ALL, NULL, 0, "Read all memory before the guest goes on", 0},
	{"record", KEY_RECORD, "FILE", 0,
	 "Write the order in which the guest first touches its memory", 0},
	{"prefetch", KEY_PREFETCH, "FILE", 0,
	 "Bring memory in by the order that --record has written, before it is touched", 0},
	{0},
};

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case KEY_ALL:
		options->plan.all = true;
		return 0;
	case KEY_RECORD:
		options->plan.record = text;
		return 0;
	case KEY_PREFETCH:
		options->plan.prefetch = text;
		return 0;
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &options->resume;
		return 0;
	case ARGP_KEY_ARG:
		if (options->path)
			argp_error(state, "more than one snapshot: '%s'", text);
		options->path = options->resume.watch.image = text;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which snapshot?");
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int drive(const struct options *options, const struct mz_snapshot *snapshot,
		 const struct mz_vm_config *config, struct mz_failure *failure)
{
	struct mz_vm *vm;
	int result = -1;

	if (mz_vm_create(&vm, config, failure))
		return -1;
	if (!mz_vm_restore(vm, snapshot, &options->plan, failure))
		result = mz_drive("restore", vm, &options->resume.moments, &options->resume.watch,
				  failure);
	mz_vm_destroy(vm);
	return result;
}

static int restore(const struct options *options, const struct mz_snapshot *snapshot,
		   struct mz_failure *failure)
{
	const struct mz_snapshot_info info = mz_snapshot_info(snapshot);
	struct mz_description description = {0};
	struct mz_state state;
	int result = -1;

	mz_state_load(&state, info.machine, info.machine_bytes);
	mz_description_state(&description, &state);
	if (!mz_state_end(&state, failure) &&
	    !mz_cli_resume_configure(&options->resume, &description, failure))
		result = drive(options, snapshot, &description.config, failure);
	mz_description_free(&description);
	return result;
}

int mz_cmd_restore(int argc, char **argv)
{
	static const struct argp_child children[] = {{&mz_cli_resume_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {
		.children = children,
		.options = option_list,
		.parser = parse,
		.args_doc = "SNAPSHOT",
		.doc = "Let a guest go on from a snapshot that `mezz run --snapshot' or `mezz "
		       "snapshot' has taken.\v"
		       "Exit status: as of `mezz run'; 111 also for a snapshot that is damaged or "
		       "of another machine.",
	};
	struct options options = {0};
	struct mz_snapshot *snapshot;
	struct mz_failure failure;
	int result = -1;

	argp_parse(&argp, argc, argv, 0, NULL, &options);
	mz_drive_prepare();
	if (!mz_snapshot_open(&snapshot, options.path, &failure)) {
		result = restore(&options, snapshot, &failure);
		mz_snapshot_close(snapshot);
	}
	return result < 0 ? mz_cli_finish("restore", result, &failure) : result;
}
