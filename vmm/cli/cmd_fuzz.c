// SPDX-License-Identifier: MPL-2.0
/*
 * mezz fuzz: a guest that reads inputs, one after the other for AFL++, or a single one for somebody
 * who wants to see.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/cli/cli.h"
#include "vmm/cli/drive.h"
#include "vmm/cli/launch.h"
#include "vmm/fuzz/fork_server.h"
#include "vmm/fuzz/regions.h"

struct fuzz {
	struct mz_run_options options;
	struct mz_share_request shares[MZ_SHARE_MAX];
	struct mz_fuzz_regions regions;
	struct mz_fork_server server;
	bool marked; /* the guest has asked for its mark */
	struct mz_failure failure;
};

/* ---- For AFL++ ---- */

/* How a process would have ended with which the same had happened, as waitpid() tells it. */
static int wait_status(const struct mz_outcome *outcome)
{
	switch (outcome->status) {
	case MZ_STATUS_OK:
		return 0;
	case MZ_STATUS_CRASH:
	case MZ_STATUS_UNHANDLED:
		return SIGSEGV;
	default:
		return SIGABRT;
	}
}

/* Waits for a case. False: there are no more. */
static bool next_case(struct fuzz *fuzz)
{
	if (!mz_fork_server_next(&fuzz->server))
		return false;
	return !fuzz->regions.filled ||
		!mz_fuzz_regions_fill(&fuzz->regions, fuzz->options.input, &fuzz->failure);
}

/* The first case begins as soon as there is a mark to go back to. */
static void serve_first(void *context, struct mz_vm *vm)
{
	struct fuzz *fuzz = context;

	if (fuzz->marked)
		return;
	fuzz->marked = true;
	if (mz_fork_server_begin(&fuzz->server, &fuzz->failure) || !next_case(fuzz))
		mz_vm_stop(vm, MZ_STATUS_TERMINATED);
}

static void serve_next(void *context, struct mz_vm *vm, const struct mz_outcome *outcome)
{
	struct fuzz *fuzz = context;
	bool told;

	if (!fuzz->marked || outcome->status == MZ_STATUS_HOST_FAILED)
		return;
	/* Seen where AFL_DEBUG_CHILD is set. */
	if (outcome->status)
		fprintf(stderr, "mezz fuzz: %s\n", outcome->text);
	if (outcome->status == MZ_STATUS_TIMEOUT)
		told = mz_fork_server_give_up(&fuzz->server);
	else
		told = mz_fork_server_tell(&fuzz->server, wait_status(outcome));
	if (told && !mz_vm_reset(vm, &fuzz->failure) && !next_case(fuzz))
		mz_vm_stop(vm, MZ_STATUS_TERMINATED);
}

static int fail_unmarked(struct mz_failure *failure, enum mz_status status)
{
	return mz_fail(failure, status,
		       "the guest ended before it asked for its mark, behind which it is given an "
		       "input: see mz_fuzz_begin() in mezz/guest/fuzz.h");
}

/* Signals end this process as they would any other: whoever sent them waits for that. */
static int serve(struct fuzz *fuzz, struct mz_vm *vm, struct mz_failure *failure)
{
	struct mz_outcome outcome;

	if (mz_vm_run(vm, &outcome, failure))
		return -1;
	if (fuzz->failure.status) {
		*failure = fuzz->failure;
		return -1;
	}
	return fuzz->marked ? 0 : fail_unmarked(failure, MZ_STATUS_BAD_IMAGE);
}

static void configure_server(struct fuzz *fuzz, struct mz_vm_config *config)
{
	config->resets = MZ_RESETS_ANY;
	config->marked = serve_first;
	config->ended = serve_next;
	config->limit = fuzz->server.stand_in.channel;
	config->timeout_ns = 0;
	config->record = false;
}

/* ---- By hand ---- */

static void note_mark(void *context, struct mz_vm *vm)
{
	struct fuzz *fuzz = context;

	(void)vm;
	fuzz->marked = true;
}

static int run_once(struct fuzz *fuzz, struct mz_vm *vm, struct mz_failure *failure)
{
	int result = mz_drive("fuzz", vm, &fuzz->options.moments, &fuzz->options.watch, failure);

	if (result < 0 || fuzz->marked)
		return result;
	return fail_unmarked(failure, result ? (enum mz_status)result : MZ_STATUS_BAD_IMAGE);
}

static int configure_once(struct fuzz *fuzz, struct mz_vm_config *config,
			  struct mz_failure *failure)
{
	config->resets = MZ_RESETS_OK;
	config->marked = note_mark;
	config->ended = NULL;
	return mz_fuzz_regions_fill(&fuzz->regions, fuzz->options.input, failure);
}

/* ---- Either ---- */

/* The fuzzer's regions come first, so they lie where the guest looks for them. */
static int add_regions(struct fuzz *fuzz, struct mz_vm_config *config, struct mz_failure *failure)
{
	if (config->share_count > MZ_SHARE_MAX - MZ_FUZZ_REGIONS)
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
			       "--share: more than %d files beside the input and the map",
			       MZ_SHARE_MAX - MZ_FUZZ_REGIONS);
	memcpy(fuzz->shares, fuzz->regions.shares, sizeof(fuzz->regions.shares));
	memcpy(fuzz->shares + MZ_FUZZ_REGIONS, config->shares,
	       config->share_count * sizeof(config->shares[0]));
	config->shares = fuzz->shares;
	config->share_count += MZ_FUZZ_REGIONS;
	return 0;
}

static int configure(struct fuzz *fuzz, bool served, struct mz_failure *failure)
{
	struct mz_vm_config *config = &fuzz->options.config;

	mz_drive_configure(config);
	config->in = -1;
	config->context = fuzz;
	if (add_regions(fuzz, config, failure))
		return -1;
	if (!served)
		return configure_once(fuzz, config, failure);
	configure_server(fuzz, config);
	return 0;
}

static int run_image(struct fuzz *fuzz, bool served, struct mz_failure *failure)
{
	struct mz_vm *vm;
	int result;

	if (configure(fuzz, served, failure) || mz_launch(&vm, &fuzz->options, failure))
		return -1;
	result = served ? serve(fuzz, vm, failure) : run_once(fuzz, vm, failure);
	mz_vm_destroy(vm);
	return result;
}

static int run_served(struct fuzz *fuzz, struct mz_failure *failure)
{
	int result = -1;

	fuzz->server = (struct mz_fork_server) {
		.control = MZ_FORK_SERVER_CONTROL,
		.status = MZ_FORK_SERVER_STATUS,
		.input_shared = !fuzz->regions.filled,
		.map_bytes = MZ_FUZZ_MAP_BYTES,
	};
	if (!mz_fork_server_start(&fuzz->server, failure)) {
		result = run_image(fuzz, true, failure);
		mz_fork_server_end(&fuzz->server);
	}
	return result;
}

static int run(struct fuzz *fuzz, struct mz_failure *failure)
{
	bool served = mz_fork_server_wanted();
	const char *const ids[MZ_FUZZ_REGIONS] = {
		[MZ_FUZZ_INPUT] = served ? getenv("__AFL_SHM_FUZZ_ID") : NULL,
		[MZ_FUZZ_MAP] = getenv("__AFL_SHM_ID"),
	};
	int result;

	mz_drive_prepare();
	if (mz_fuzz_regions_make(&fuzz->regions, ids, failure))
		return -1;
	result = served ? run_served(fuzz, failure) : run_image(fuzz, false, failure);
	mz_fuzz_regions_drop(&fuzz->regions);
	return result;
}

int mz_cmd_fuzz(int argc, char **argv)
{
	static const struct mz_run_command command = {
		.arguments = "IMAGE [INPUT]",
		.doc = "Run a guest with an input: that of the file INPUT or of standard input, "
		       "or, "
		       "started by AFL++, one after the other.\v"
		       "    afl-fuzz -i seeds -o found -- mezz fuzz guest.elf\n"
		       "    mezz fuzz guest.elf found/default/crashes/id:000000,...\n"
		       "\n"
		       "Exit status: as of `mezz run'; 111 also for a guest that does not ask for "
		       "an input.",
		.input = true,
	};
	struct mz_failure failure;
	struct fuzz fuzz = {0};
	int result;

	mz_run_options_parse(&fuzz.options, &command, argc, argv);
	result = run(&fuzz, &failure);
	mz_run_options_free(&fuzz.options);
	return result < 0 ? mz_cli_finish("fuzz", result, &failure) : result;
}
