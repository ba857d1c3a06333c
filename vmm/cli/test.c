// SPDX-License-Identifier: MPL-2.0
/* mezz-test, which mezz test becomes: many guests, and what they came to. */
#include <argp.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "vmm/base/text.h"
#include "vmm/base/trace.h"
#include "vmm/cli/beside.h"
#include "vmm/cli/cli.h"
#include "vmm/cli/progress.h"
#include "vmm/suite/pool.h"
#include "vmm/suite/report.h"

#define DEFAULT_TIMEOUT_NS UINT64_C(90000000000)
#define JOBS_MAX           1024

/* A report that was asked for. */
struct form {
	void (*write)(const struct mz_report *report, FILE *out);
	const char *path; /* NULL: standard output */
};

struct options {
	unsigned jobs;
	struct mz_case_defaults defaults;
	char **words; /* options of all guests */
	GPtrArray *files, *groups;
	GArray *forms; /* of struct form */
	char **images;
};

enum key {
	KEY_JOBS = 'j',
	KEY_TIMEOUT = 't',
	KEY_CONFIG = 256,
	KEY_GROUP,
	KEY_OPTIONS,
	KEY_REPORT,
};

static const struct argp_option option_list[] = {
	{"jobs", KEY_JOBS, "COUNT", 0, "How many guests run at a time (default 1)", 0},
	{"timeout", KEY_TIMEOUT, "SECONDS", 0,
	 "How long each may take, unless it says so itself (default 90)", 0},
	{"config", KEY_CONFIG, "FILE", 0, "Run what FILE describes; may be repeated", 0},
	{"group", KEY_GROUP, "NAME", 0,
	 "Of what FILEs describe, only what belongs to this group; may be repeated", 0},
	{"options", KEY_OPTIONS, "TEXT", 0, "Options of `mezz run' for every guest", 0},
	{"report", KEY_REPORT, "FORM[:FILE]", 0,
	 "Report as text, tap or junit, to FILE or standard output (default text); may be repeated",
	 0},
	{0},
};

static void add_form(struct argp_state *state, struct options *options, const char *text)
{
	static const struct {
		const char *name;
		void (*write)(const struct mz_report *report, FILE *out);
	} known[] = {{"text", mz_report_text}, {"tap", mz_report_tap}, {"junit", mz_report_junit}};
	size_t length = strcspn(text, ":");
	struct form form = {.path = text[length] != '\0' ? text + length + 1 : NULL};

	for (size_t i = 0; i < G_N_ELEMENTS(known); i++)
		if (strlen(known[i].name) == length && strncmp(text, known[i].name, length) == 0)
			form.write = known[i].write;
	if (form.write == NULL)
		argp_error(state, "--report: '%.*s' is not one of text, tap, junit", (int)length,
			   text);
	if (form.path != NULL && form.path[0] == '\0')
		argp_error(state, "--report: no file in '%s'", text);
	g_array_append_val(options->forms, form);
}

static void set_words(struct argp_state *state, struct options *options, const char *text)
{
	GError *error = NULL;

	g_strfreev(options->words);
	options->words = NULL;
	if (!g_shell_parse_argv(text, NULL, &options->words, &error))
		argp_error(state, "--options: %s", error->message);
	options->defaults.options = options->words;
}

static unsigned jobs(struct argp_state *state, const char *text)
{
	uint64_t value;

	if (!mz_number_parse(text, &value) || value < 1 || value > JOBS_MAX)
		argp_error(state, "--jobs: '%s' is not from 1 to %d", text, JOBS_MAX);
	return (unsigned)value;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case KEY_JOBS:
		options->jobs = jobs(state, text);
		return 0;
	case KEY_TIMEOUT:
		if (!mz_seconds_parse(text, &options->defaults.timeout_ns))
			argp_error(state, "--timeout: '%s' is not a positive number of seconds",
				   text);
		return 0;
	case KEY_CONFIG:
		g_ptr_array_add(options->files, text);
		return 0;
	case KEY_GROUP:
		g_ptr_array_add(options->groups, text);
		return 0;
	case KEY_OPTIONS:
		set_words(state, options, text);
		return 0;
	case KEY_REPORT:
		add_form(state, options, text);
		return 0;
	case ARGP_KEY_ARGS:
		options->images = state->argv + state->next;
		return 0;
	case ARGP_KEY_END:
		if (options->images == NULL && options->files->len == 0)
			argp_error(state, "which images?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int collect(const struct options *options, struct mz_suite *suite,
		   struct mz_failure *failure)
{
	char *const *groups = options->groups->len > 1 ? (char *const *)options->groups->pdata
						       : NULL;

	for (guint i = 0; i < options->files->len; i++)
		if (mz_suite_add_file(suite, g_ptr_array_index(options->files, i), groups, failure))
			return -1;
	for (char **image = options->images; image != NULL && *image != NULL; image++)
		if (mz_suite_add_image(suite, *image, failure))
			return -1;
	if (suite->cases->len == 0)
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT, "no guest belongs to the groups");
	return 0;
}

static int write_file(const struct form *form, const struct mz_report *report,
		      struct mz_failure *failure)
{
	FILE *out = fopen(form->path, "we");
	bool written;

	if (out == NULL)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "%s: %s", form->path,
			       strerror(errno));
	form->write(report, out);
	written = !ferror(out);
	if (fclose(out) != 0 || !written)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "%s: the report can't be written",
			       form->path);
	return 0;
}

/* All reports are tried; the failure is the last one's. */
static int write_reports(const struct options *options, const struct mz_report *report,
			 struct mz_failure *failure)
{
	int result = 0;

	for (guint i = 0; i < options->forms->len; i++) {
		const struct form *form = &g_array_index(options->forms, struct form, i);

		if (form->path == NULL)
			form->write(report, stdout);
		else if (write_file(form, report, failure))
			result = -1;
	}
	return result;
}

static int status_of(const struct mz_tally *tally, int signal)
{
	if (signal != 0)
		return 128 + signal;
	return tally->by[MZ_VERDICT_FAIL] + tally->by[MZ_VERDICT_ERROR] == 0 ? 0 : 1;
}

static int run_suite(const struct options *options, const struct mz_suite *suite, int *status,
		     struct mz_failure *failure)
{
	char program[MZ_BESIDE_BYTES];
	struct mz_progress progress = {.total = suite->cases->len};
	struct mz_pool pool = {
		.program = program,
		.jobs = options->jobs,
		.grace_ns = MZ_POOL_GRACE_NS,
		.context = &progress,
		.started = mz_progress_started,
		.finished = mz_progress_finished,
	};
	struct mz_report report = {.count = suite->cases->len};
	struct mz_result *results;
	uint64_t start = mz_now_ns();
	struct mz_tally tally;
	int signal, result;

	if (mz_beside(program, "mezz"))
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "cannot find mezz: %s",
			       strerror(errno));
	results = g_new0(struct mz_result, report.count);
	mz_progress_begin(&progress);
	signal = mz_pool_run(&pool, suite, results);
	mz_progress_end(&progress);
	report.results = results;
	report.ns = mz_now_ns() - start;
	result = write_reports(options, &report, failure);
	tally = mz_report_tally(&report);
	*status = status_of(&tally, signal);
	for (unsigned i = 0; i < report.count; i++)
		mz_result_destroy(&results[i]);
	g_free(results);
	return result;
}

static int collect_and_run(struct options *options, int *status, struct mz_failure *failure)
{
	struct form text = {.write = mz_report_text};
	struct mz_suite suite;
	int result;

	if (options->forms->len == 0)
		g_array_append_val(options->forms, text);
	if (options->groups->len > 0)
		g_ptr_array_add(options->groups, NULL);
	mz_suite_init(&suite, &options->defaults);
	result = collect(options, &suite, failure);
	if (result == 0)
		result = run_suite(options, &suite, status, failure);
	mz_suite_destroy(&suite);
	return result;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = option_list,
		.parser = parse,
		.args_doc = "IMAGE...",
		.doc = "Run many guests, each with a time limit, and report how they ended and "
		       "which of their checks failed.\v"
		       "Exit status: 0 if nothing failed, 1 if something did or could not be run, "
		       "110 bad arguments, 113 a report could not be written, 130 and 143 ended by "
		       "SIGINT and SIGTERM.",
	};
	struct options options = {
		.jobs = 1,
		.defaults = {.timeout_ns = DEFAULT_TIMEOUT_NS},
		.files = g_ptr_array_new(),
		.groups = g_ptr_array_new(),
		.forms = g_array_new(FALSE, FALSE, sizeof(struct form)),
	};
	struct mz_failure failure;
	int status = 0, result;

	argp_err_exit_status = MZ_STATUS_BAD_ARGUMENT;
	argp_parse(&argp, argc, argv, 0, NULL, &options);
	result = collect_and_run(&options, &status, &failure);
	g_strfreev(options.words);
	g_ptr_array_free(options.files, TRUE);
	g_ptr_array_free(options.groups, TRUE);
	g_array_free(options.forms, TRUE);
	result = mz_cli_finish("test", result, &failure);
	return result != 0 ? result : status;
}
