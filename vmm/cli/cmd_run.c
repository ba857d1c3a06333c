// SPDX-License-Identifier: MPL-2.0
/* mezz run: one guest, from its start to its exit status. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "vmm/cli/cli.h"
#include "vmm/cli/keys.h"
#include "vmm/cli/report.h"
#include "vmm/cli/run_options.h"

static void print_event(void *context, const struct mz_event *event)
{
	char text[200];

	(void)context;
	mz_event_text(event, text, sizeof(text));
	fprintf(stderr, "%s\n", text);
}

static void print_dump_line(void *context, const char *text)
{
	(void)context;
	fprintf(stderr, "  %s\n", text);
}

/* What signals end. */
static struct mz_vm *volatile running;

static void stop_running(int number)
{
	if (running)
		mz_vm_stop(running, 128 + number);
}

/* What would kill the process becomes an error of the call that caused it. */
static void ignore_signals(void)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

/*
 * Signals that would end the process end the run instead, so that the terminal is put back and the
 * numbers come. Those that the caller ignores stay ignored, as nohup and shells expect.
 */
static void catch_signals(void)
{
	static const int ending[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
	struct sigaction action = {.sa_handler = stop_running};
	struct sigaction before;

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
		if (!sigaction(ending[i], NULL, &before) && before.sa_handler != SIG_IGN)
			sigaction(ending[i], &action, NULL);
}

static void report(const struct mz_run_options *options, struct mz_vm *vm)
{
	struct mz_vm_stats stats;

	if (options->stats == MZ_STATS_NONE)
		return;
	mz_vm_stats(vm, &stats);
	if (options->stats == MZ_STATS_JSON)
		mz_report_json(stderr, &stats);
	else
		mz_report_table(stderr, &stats);
}

static bool died(enum mz_status status)
{
	return status == MZ_STATUS_CRASH || status == MZ_STATUS_UNHANDLED ||
		status == MZ_STATUS_TIMEOUT;
}

static void tell_end(const struct mz_vm *vm, const struct mz_outcome *outcome)
{
	if (outcome->exited ? outcome->guest_status >= MZ_STATUS_GUEST_MAX : outcome->status)
		fprintf(stderr, "mezz run: %s\n", outcome->text);
	if (!outcome->exited && died(outcome->status))
		mz_vm_dump(vm, outcome, print_dump_line, NULL);
}

static int load_and_run(const struct mz_run_options *options, const struct mz_image *image,
			struct mz_vm *vm, struct mz_outcome *outcome, struct mz_failure *failure)
{
	int result;

	if (mz_vm_note(vm)[0])
		fprintf(stderr, "mezz run: %s\n", mz_vm_note(vm));
	if (mz_vm_load(vm, image, &options->request, failure))
		return -1;
	running = vm;
	catch_signals();
	result = mz_vm_run(vm, outcome, failure);
	if (!result)
		tell_end(vm, outcome);
	running = NULL;
	report(options, vm);
	return result;
}

static int run(const struct mz_run_options *options, struct mz_outcome *outcome,
	       struct mz_failure *failure)
{
	struct mz_image image;
	struct mz_vm *vm;
	int result = -1;

	ignore_signals();
	if (mz_image_open(&image, options->image, &options->as, failure))
		return -1;
	if (!mz_vm_create(&vm, &options->config, failure)) {
		result = load_and_run(options, &image, vm, outcome, failure);
		mz_vm_destroy(vm);
	}
	mz_image_close(&image);
	return result;
}

int mz_cmd_run(int argc, char **argv)
{
	struct mz_run_options options = {0};
	struct mz_failure failure;
	struct mz_outcome outcome;
	int result;

	mz_run_options_parse(&options, argc, argv);
	options.config.in = STDIN_FILENO;
	options.config.out = STDOUT_FILENO;
	options.config.event = print_event;
	options.config.key = mz_cli_key;
	result = run(&options, &outcome, &failure);
	mz_run_options_free(&options);
	return result ? mz_cli_finish("run", result, &failure) : (int)outcome.status;
}
