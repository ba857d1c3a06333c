// SPDX-License-Identifier: MPL-2.0
/* Driving a machine that is ready. */
#include "vmm/cli/drive.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "vmm/cli/control_run.h"
#include "vmm/cli/keys.h"
#include "vmm/cli/messages.h"
#include "vmm/cli/picture.h"
#include "vmm/cli/saving.h"

/* The snapshot that was asked for: how far it is, and that its moment has come. */
static struct mz_saving saving;
static bool saving_came;

/* It, or a report, could not be written. */
static bool not_saved;

/* How often the guest is still to be put back. */
static uint64_t resets_left;

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

/*
 * -1 in the background of a terminal: who changes it from there, or reads from it, is stopped. See
 * termios(3) and credentials(7).
 */
static int input(void)
{
	pid_t foreground = tcgetpgrp(STDIN_FILENO);

	return foreground >= 0 && foreground != getpgrp() ? -1 : STDIN_FILENO;
}

/* What signals are about. */
static struct mz_vm *volatile running;

static void stop_running(int number)
{
	mz_messages_hurry();
	if (running)
		mz_vm_stop(running, 128 + number);
}

/* The shell has had the terminal for as long as this was stopped. */
static void take_terminal_again(int number)
{
	int saved = errno;

	(void)number;
	if (running && input() >= 0)
		mz_vm_take_terminal_again(running);
	errno = saved;
}

void mz_drive_prepare(void)
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
	const struct sigaction again = {.sa_handler = take_terminal_again, .sa_flags = SA_RESTART};
	struct sigaction action = {.sa_handler = stop_running};
	struct sigaction before;

	sigaction(SIGCONT, &again, NULL);
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
		if (!sigaction(ending[i], NULL, &before) && before.sa_handler != SIG_IGN)
			sigaction(ending[i], &action, NULL);
}

static void report(enum mz_stats_form form, const struct mz_vm_stats *stats)
{
	if (form == MZ_STATS_JSON)
		mz_report_json(stderr, stats);
	else if (form == MZ_STATS_TABLE)
		mz_report_table(stderr, stats);
}

/* All that is told of one run has the same numbers. */
static void tell_numbers(struct mz_cli_picture *picture, const struct mz_cli_watch *watch,
			 struct mz_vm *vm, const struct mz_recording_run *run)
{
	struct mz_failure failure;
	struct mz_vm_stats stats;

	if (watch->stats == MZ_STATS_NONE && !watch->report)
		return;
	mz_vm_stats(vm, &stats);
	if (watch->report && mz_cli_picture_end(picture, vm, run, &stats, &failure)) {
		not_saved = true;
		fprintf(stderr, "mezz %s: no report: %s\n", run->command, failure.text);
	}
	report(watch->stats, &stats);
}

static void tell_resets(const char *command, struct mz_vm *vm)
{
	struct mz_vm_stats stats;
	double count;

	mz_vm_stats(vm, &stats);
	count = (double)stats.resets.count;
	if (stats.resets.count)
		fprintf(stderr,
			"mezz %s: %" PRIu64
			" resets, %.0f per second, %.1f pages and %.1f us each\n",
			command, stats.resets.count, count * 1e9 / (double)stats.total_ns,
			(double)stats.resets.pages / count, (double)stats.resets.ns / 1e3 / count);
}

static bool died(enum mz_status status)
{
	return status == MZ_STATUS_CRASH || status == MZ_STATUS_UNHANDLED ||
		status == MZ_STATUS_TIMEOUT;
}

static void tell_end(const char *command, const struct mz_vm *vm, const struct mz_outcome *outcome)
{
	if (outcome->exited ? outcome->guest_status >= MZ_STATUS_GUEST_MAX : outcome->status)
		fprintf(stderr, "mezz %s: %s\n", command, outcome->text);
	if (!outcome->exited && died(outcome->status))
		mz_vm_dump(vm, outcome, print_dump_line, NULL);
}

static void print_progress(void *context, uint64_t done, uint64_t total)
{
	(void)context;
	mz_saving_progress(&saving, done, total);
}

static void tell_saved(void *context, const struct mz_saved *saved)
{
	(void)context;
	mz_saving_progress(&saving, 0, 0);
	saving_came = true;
	if (saved->failure)
		not_saved = true;
	mz_saving_tell(stderr, "mezz: ", saved);
}

/* Who waits for the memory can't be interrupted, so the run has no end of its own. */
static void end_stuck(void *context, const struct mz_failure *failure)
{
	(void)context;
	fprintf(stderr, "mezz: %s\n", failure->text);
	exit((int)failure->status);
}

static void tell_unread(void *context, const struct mz_failure *failure)
{
	(void)context;
	fprintf(stderr, "mezz: not all memory could be prefetched: %s\n", failure->text);
}

static void begin_again(void *context, struct mz_vm *vm, const struct mz_outcome *outcome)
{
	struct mz_failure failure;

	(void)context;
	(void)outcome;
	if (resets_left > 0 && !mz_vm_reset(vm, &failure))
		resets_left--;
}

void mz_drive_configure(struct mz_vm_config *config)
{
	config->in = input();
	config->out = STDOUT_FILENO;
	config->event = print_event;
	config->key = mz_cli_key;
	config->progress = print_progress;
	config->saved = tell_saved;
	config->stuck = end_stuck;
	config->unread = tell_unread;
	config->ended = begin_again;
}

/* The run itself, while others may ask it. */
static int run(struct mz_vm *vm, const char *control, struct mz_outcome *outcome,
	       struct mz_failure *failure)
{
	struct mz_control_run asked;
	int result;

	running = vm;
	catch_signals();
	if (mz_control_run_start(&asked, vm, control, failure)) {
		running = NULL;
		return -1;
	}
	result = mz_vm_run(vm, outcome, failure);
	mz_control_run_stop(&asked);
	running = NULL;
	return result;
}

int mz_drive(const char *command, struct mz_vm *vm, const struct mz_cli_moments *moments,
	     const struct mz_cli_watch *watch, struct mz_failure *failure)
{
	struct mz_recording_run told = {.command = command, .image = watch->image};
	struct mz_cli_picture picture;
	struct mz_outcome outcome;
	int result;

	if (mz_messages_begin(watch->timeout_ns, failure) ||
	    (watch->report && mz_cli_picture_begin(&picture, watch->report, failure)))
		return -1;
	if (mz_vm_note(vm)[0])
		fprintf(stderr, "mezz: %s\n", mz_vm_note(vm));
	resets_left = moments->resets;
	result = run(vm, watch->control, &outcome, failure);
	if (!result)
		tell_end(command, vm, &outcome);
	if (!result && moments->snapshot.path && !saving_came)
		mz_cli_moments_tell_missed(moments);
	tell_resets(command, vm);
	told.status = (int)(result ? failure->status : outcome.status);
	told.end = result ? failure->text : outcome.text;
	tell_numbers(&picture, watch, vm, &told);
	if (result)
		return -1;
	if (not_saved && outcome.status == MZ_STATUS_OK)
		return MZ_STATUS_HOST_FAILED;
	return (int)outcome.status;
}
