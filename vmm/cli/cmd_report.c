// SPDX-License-Identifier: MPL-2.0
/* mezz report: a page from a run that was recorded. */
#include <argp.h>
#include <errno.h>

#include "vmm/cli/cli.h"
#include "vmm/cli/picture.h"
#include "vmm/picture/page.h"

struct options {
	const char *recording, *output;
};

static const struct argp_option option_list[] = {
	{"output", 'o', "FILE", 0, "Where the page goes; standard output if nothing is said", 0},
	{0},
};

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 'o':
		if (!*text)
			argp_error(state, "--output: which file?");
		options->output = text;
		return 0;
	case ARGP_KEY_ARG:
		if (options->recording)
			argp_error(state, "more than one recording: '%s'", text);
		options->recording = text;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which recording?");
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int put(const struct options *options, const json_t *recording, struct mz_failure *failure)
{
	struct mz_cli_picture picture;

	if (!options->output) {
		mz_page_write(stdout, recording);
		return 0;
	}
	if (mz_cli_picture_begin(&picture, options->output, failure))
		return -1;
	picture.json = false;
	return mz_cli_picture_put(&picture, recording, failure);
}

int mz_cmd_report(int argc, char **argv)
{
	static const struct argp argp = {
		.options = option_list,
		.parser = parse,
		.args_doc = "RECORDING.json",
		.doc = "Make a page for browsers from what `mezz run --report=RECORDING.json' has "
		       "written.\v"
		       "Exit status: 0; 110 bad arguments, 111 the recording can't be used, 113 "
		       "the page can't be written.",
	};
	struct options options = {NULL, NULL};
	struct mz_failure failure;
	json_t *recording;
	int result = -1;

	argp_parse(&argp, argc, argv, 0, NULL, &options);
	recording = mz_recording_read(options.recording, &failure);
	if (recording)
		result = put(&options, recording, &failure);
	json_decref(recording);
	return mz_cli_finish("report", result, &failure);
}
