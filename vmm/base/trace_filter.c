// SPDX-License-Identifier: MPL-2.0
/* What users write to say which trace events they want. */
#include <stdio.h>
#include <string.h>

#include "vmm/base/text.h"
#include "vmm/base/trace.h"

#define WORD_MAX 80u

static const struct {
	const char *name;
	enum mz_trace_kind kind;
} kinds[] = {{"faults", MZ_TRACE_FAULTS}, {"mmio", MZ_TRACE_MMIO}, {"io", MZ_TRACE_IO}};

static enum mz_trace_kind find_kind(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(name, kinds[i].name) == 0)
			return kinds[i].kind;
	return 0;
}

/* "FIRST-LAST", or "FIRST", which is its own last. Cut apart in place. */
static bool parse_range(char *text, struct mz_trace_range *range)
{
	char *dash = strchr(text, '-');

	if (dash)
		*dash = '\0';
	if (!mz_number_parse(text, &range->first))
		return false;
	range->last = range->first;
	return !dash || mz_number_parse(dash + 1, &range->last);
}

static int add_range(struct mz_trace_filter *filter, enum mz_trace_kind kind, const char *text,
		     struct mz_failure *failure)
{
	struct mz_trace_range range = {.kind = kind};
	char copy[WORD_MAX];

	snprintf(copy, sizeof(copy), "%s", text);
	if (!parse_range(copy, &range))
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
			       "'%s' is neither ADDRESS nor FIRST-LAST", text);
	if (range.first > range.last)
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT, "'%s' ends before it begins", text);
	if (filter->range_count == MZ_TRACE_RANGES)
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT, "'%s' is one range more than %d",
			       text, MZ_TRACE_RANGES);
	if (!(filter->kinds & kind))
		filter->ranged |= kind;
	filter->kinds |= kind;
	filter->ranges[filter->range_count++] = range;
	return 0;
}

/* A word between commas. */
static int add_word(struct mz_trace_filter *filter, char *word, struct mz_failure *failure)
{
	char *at = strchr(word, '@');
	enum mz_trace_kind kind;

	if (at)
		*at = '\0';
	kind = find_kind(word);
	if (!kind)
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
			       "'%s' is not one of faults, mmio, io", word);
	if (at)
		return add_range(filter, kind, at + 1, failure);
	filter->kinds |= kind;
	filter->ranged &= ~(unsigned)kind;
	return 0;
}

int mz_trace_filter_add(struct mz_trace_filter *filter, const char *text,
			struct mz_failure *failure)
{
	for (;;) {
		size_t length = strcspn(text, ",");
		char word[WORD_MAX];

		snprintf(word, sizeof(word), "%.*s", (int)length, text);
		if (add_word(filter, word, failure))
			return -1;
		if (!text[length])
			return 0;
		text += length + 1;
	}
}
