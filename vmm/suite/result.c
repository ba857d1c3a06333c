// SPDX-License-Identifier: MPL-2.0
#include "vmm/suite/result.h"

#include <string.h>

/*
 * With the first, tests end that have skipped everything. With the second, kvm-unit-tests do, for
 * of that QEMU's debug exit makes the first: it doubles a status and adds 1.
 */
#define STATUS_ALL_SKIPPED        77
#define STATUS_ALL_SKIPPED_HALVED (STATUS_ALL_SKIPPED >> 1)

const char *mz_verdict_text(enum mz_verdict verdict)
{
	static const char *const texts[MZ_VERDICTS] = {
		[MZ_VERDICT_PASS] = "PASS",
		[MZ_VERDICT_FAIL] = "FAIL",
		[MZ_VERDICT_SKIP] = "SKIP",
		[MZ_VERDICT_ERROR] = "ERROR",
	};

	return texts[verdict];
}

void mz_result_init(struct mz_result *result, const struct mz_case *one)
{
	memset(result, 0, sizeof(*result));
	result->one = one;
	mz_lines_init(&result->lines);
	result->output = g_string_new(NULL);
	result->messages = g_string_new(NULL);
}

void mz_result_destroy(struct mz_result *result)
{
	mz_lines_destroy(&result->lines);
	g_string_free(result->output, TRUE);
	g_string_free(result->messages, TRUE);
	g_free(result->why);
}

void mz_result_keep(GString *kept, const char *text, size_t bytes)
{
	g_string_append_len(kept, text, (gssize)bytes);
	/* Not at every piece: that would move all of it each time. */
	if (kept->len > 2 * MZ_OUTPUT_KEPT)
		g_string_erase(kept, 0, (gssize)(kept->len - MZ_OUTPUT_KEPT));
}

static void set(struct mz_result *result, enum mz_verdict verdict, char *why)
{
	result->verdict = verdict;
	result->why = why;
}

/* What `mezz run` said of the end, without its name and what follows. */
static char *first_message(const struct mz_result *result)
{
	static const char prefix[] = "mezz run: ";
	const char *from = strstr(result->messages->str, prefix);

	if (from == NULL)
		return g_strdup("nothing was said");
	from += strlen(prefix);
	return g_strndup(from, strcspn(from, "\n"));
}

static void judge_status(struct mz_result *result, enum mz_verdict verdict)
{
	char *message = first_message(result);

	if (result->status == MZ_STATUS_TIMEOUT)
		set(result, verdict,
		    g_strdup_printf("it ran out of its %g s",
				    (double)result->one->timeout_ns / 1e9));
	else if (result->status < MZ_STATUS_GUEST_MAX)
		set(result, verdict,
		    g_strdup_printf("status %d, wanted %d", result->status, result->one->status));
	else
		set(result, verdict, g_strdup_printf("status %d: %s", result->status, message));
	g_free(message);
}

static bool could_not_run(int status)
{
	return status >= MZ_STATUS_BAD_ARGUMENT && status <= MZ_STATUS_HOST_FAILED;
}

static bool is_all_skipped(int status)
{
	return status == STATUS_ALL_SKIPPED || status == STATUS_ALL_SKIPPED_HALVED;
}

static void judge_end(struct mz_result *result)
{
	const struct mz_lines *lines = &result->lines;
	unsigned long failed = lines->count[MZ_CHECK_FAIL];
	bool nothing_ran = lines->count[MZ_CHECK_PASS] + lines->count[MZ_CHECK_XFAIL] == 0;

	if (failed < lines->failures)
		failed = lines->failures;
	if (could_not_run(result->status) && result->status != result->one->status)
		judge_status(result, MZ_VERDICT_ERROR);
	else if (failed > 0)
		set(result, MZ_VERDICT_FAIL,
		    g_strdup_printf("%lu check%s failed", failed, failed == 1 ? "" : "s"));
	else if (nothing_ran &&
		 (is_all_skipped(result->status) ||
		  (result->status == result->one->status && lines->count[MZ_CHECK_SKIP] > 0)))
		set(result, MZ_VERDICT_SKIP, g_strdup("the guest skipped all of its checks"));
	else if (result->status != result->one->status)
		judge_status(result, MZ_VERDICT_FAIL);
	else
		set(result, MZ_VERDICT_PASS, g_strdup(""));
}

static void trim(GString *kept)
{
	if (kept->len > MZ_OUTPUT_KEPT)
		g_string_erase(kept, 0, (gssize)(kept->len - MZ_OUTPUT_KEPT));
}

void mz_result_judge(struct mz_result *result, bool killed)
{
	mz_lines_finish(&result->lines);
	trim(result->output);
	trim(result->messages);
	if (killed)
		set(result, MZ_VERDICT_ERROR,
		    g_strdup("mezz run did not end after its time was over, and was killed"));
	else if (result->status < 0)
		set(result, MZ_VERDICT_ERROR,
		    g_strdup_printf("mezz run was killed by signal %d (%s)", -result->status,
				    g_strsignal(-result->status)));
	else
		judge_end(result);
}

void mz_result_not_run(struct mz_result *result, const char *why)
{
	if (why != NULL)
		set(result, MZ_VERDICT_ERROR, g_strdup(why));
	else
		set(result, MZ_VERDICT_SKIP, g_strdup(result->one->skipped));
}
