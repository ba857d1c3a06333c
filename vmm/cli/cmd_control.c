// SPDX-License-Identifier: MPL-2.0
/* mezz control and mezz snapshot: asking a run of another process. */
#include <argp.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/cli/cli.h"
#include "vmm/cli/control_client.h"
#include "vmm/cli/moment_client.h"
#include "vmm/cli/saving.h"

#define STATUSES                                                                                   \
	"Exit status: 0 it is done; 110 bad arguments, or the run refuses; 111 the snapshot that " \
	"an incremental one would follow is gone, damaged or another; 112 no run can be asked "    \
	"there; 113 the host failed, such as by a full disk."

struct options {
	const char *socket;
	bool incremental, live;
	const char *file;
	char **words; /* of the command, up to a NULL */
};

/* Asks, and tells the answer: on standard output, or, if it is why it is not done, as an error. */
static int ask(const char *command, const char *socket, const char *line)
{
	struct mz_saving saving = {0};
	char *text = NULL;
	size_t bytes;
	struct mz_control_listener listener = {
		.out = open_memstream(&text, &bytes),
		.progress = mz_saving_progress,
		.context = &saving,
	};
	struct mz_failure failure;
	int status, result;

	if (!listener.out)
		return mz_cli_finish(command, mz_fail(&failure, MZ_STATUS_HOST_FAILED, "no memory"),
				     &failure);
	result = mz_control_ask(socket, line, &listener, &status, &failure);
	if (fclose(listener.out) && !result)
		result = mz_fail(&failure, MZ_STATUS_HOST_FAILED, "no memory for the answer");
	if (!result)
		fputs(text, status == MZ_STATUS_OK ? stdout : stderr);
	free(text);
	if (!result && status != MZ_STATUS_OK)
		return status;
	return mz_cli_finish(command, result, &failure);
}

/* ---- mezz control ---- */

static error_t parse_control(int key, char *text, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (!options->socket) {
			options->socket = text;
			return 0;
		}
		options->words = state->argv + state->next - 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_END:
		if (!options->socket)
			argp_error(state, "which socket?");
		if (!options->words)
			argp_error(state, "which command? See `mezz control SOCKET help'");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The words with blanks between them; NULL: no memory. */
static char *joined(char **words)
{
	char *line = NULL;
	size_t bytes;
	FILE *out = open_memstream(&line, &bytes);

	if (!out)
		return NULL;
	for (char **word = words; *word; word++)
		fprintf(out, "%s%s", word == words ? "" : " ", *word);
	if (!fclose(out))
		return line;
	free(line);
	return NULL;
}

static int ask_line(const char *command, const char *socket, char *line)
{
	struct mz_failure failure;
	int result;

	if (!line)
		return mz_cli_finish(
			command, mz_fail(&failure, MZ_STATUS_HOST_FAILED, "%s", strerror(errno)),
			&failure);
	result = ask(command, socket, line);
	free(line);
	return result;
}

int mz_cmd_control(int argc, char **argv)
{
	static const struct argp argp = {
		.parser = parse_control,
		.args_doc = "SOCKET COMMAND [WORD...]",
		.doc = "Ask a run for what can be asked for at its terminal: one that was started "
		       "with `--control SOCKET'.\v" STATUSES,
	};
	struct options options = {0};

	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &options);
	return ask_line("control", options.socket, joined(options.words));
}

/* ---- mezz snapshot ---- */

static const struct argp_option snapshot_options[] = {
	{"incremental", 'i', NULL, 0,
	 "Save only what was written since the last snapshot, which stays needed; the run was "
	 "started with --track",
	 0},
	{"live", 'l', NULL, 0,
	 "Let the guest go on while it is saved; its memory is shared copy-on-write from now on",
	 0},
	{0},
};

static error_t parse_snapshot(int key, char *text, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 'i':
		options->incremental = true;
		return 0;
	case 'l':
		options->live = true;
		return 0;
	case ARGP_KEY_ARG:
		if (options->file)
			argp_error(state, "more than one file: '%s'", text);
		if (options->socket)
			options->file = text;
		else
			options->socket = text;
		return 0;
	case ARGP_KEY_END:
		if (!options->socket)
			argp_error(state, "which socket?");
		if (!options->file || !*options->file)
			argp_error(state, "which file?");
		if (options->live && options->incremental)
			argp_error(state,
				   "--live can't be --incremental: only the run knows what "
				   "was written since its last snapshot");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The run may be in another folder. NULL: errno. */
static char *request(const struct options *options)
{
	char *folder = options->file[0] == '/' ? strdup("") : getcwd(NULL, 0);
	char *line;

	if (!folder)
		return NULL;
	if (asprintf(&line, "snapshot %s%s%s%s", options->incremental ? MZ_INCREMENTAL : "", folder,
		     folder[0] ? "/" : "", options->file) < 0)
		line = NULL;
	free(folder);
	return line;
}

static int save(const char *path, const struct mz_moment *moment, struct mz_saved *saved,
		struct mz_failure *failure)
{
	struct mz_saving saving = {0};
	const struct mz_snapshot_request request = {
		.path = path,
		.progress = mz_saving_progress,
		.context = &saving,
	};
	int result = mz_moment_save(moment, &request, saved, failure);

	mz_saving_progress(&saving, 0, 0);
	return result;
}

/* The guest goes on from where it is; its moment is saved by this process. */
static int save_live(const struct options *options)
{
	struct mz_moment moment;
	struct mz_failure failure;
	struct mz_saved saved;
	uint64_t held_ns;
	int result = mz_moment_ask(options->socket, &moment, &held_ns, &failure);

	if (result)
		return mz_cli_finish("snapshot", result, &failure);
	result = save(options->file, &moment, &saved, &failure);
	mz_moment_close(&moment);
	saved.held_ns = held_ns;
	if (!result)
		mz_saving_tell(stdout, "", &saved);
	return mz_cli_finish("snapshot", result, &failure);
}

int mz_cmd_snapshot(int argc, char **argv)
{
	static const struct argp argp = {
		.options = snapshot_options,
		.parser = parse_snapshot,
		.args_doc = "SOCKET FILE",
		.doc = "Save a guest that runs, and let it go on: one of a run that was started "
		       "with `--control SOCKET'. `mezz restore' lets it go on from "
		       "there.\v" STATUSES,
	};
	struct options options = {0};

	argp_parse(&argp, argc, argv, 0, NULL, &options);
	return options.live ? save_live(&options)
			    : ask_line("snapshot", options.socket, request(&options));
}
