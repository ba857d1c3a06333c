// SPDX-License-Identifier: MPL-2.0
/* Trace filters: what users write, and which events they want by it. */
#include <stdio.h>
#include <string.h>

#include "tests/must.h"
#include "tests/suite.h"
#include "vmm/base/trace.h"

static struct mz_failure failure;
static unsigned seen;

static void count(void *context, const struct mz_event *event)
{
	(void)context;
	must(event->ns > 0);
	seen++;
}

static struct mz_tracer tracer_of(const char *text)
{
	struct mz_tracer tracer = {.event = count};

	must_say(!mz_trace_filter_add(&tracer.filter, text, &failure), "%s: %s", text,
		 failure.text);
	return tracer;
}

/* Does an event of a width come through? */
static bool comes(const struct mz_tracer *tracer, enum mz_trace_kind kind, uint64_t address,
		  unsigned bytes)
{
	struct mz_event event = {.kind = kind, .address = address, .bytes = bytes};
	unsigned before = seen;

	mz_trace(tracer, &event);
	return seen > before;
}

START_TEST(a_kind_is_wanted_everywhere)
{
	struct mz_tracer tracer = tracer_of("io,faults");

	must(comes(&tracer, MZ_TRACE_IO, 0, 1));
	must(comes(&tracer, MZ_TRACE_IO, 0xffff, 4));
	must(comes(&tracer, MZ_TRACE_FAULTS, UINT64_MAX, 0));
	must(!comes(&tracer, MZ_TRACE_MMIO, 0, 1));
}
END_TEST

START_TEST(a_range_has_both_its_ends)
{
	struct mz_tracer tracer = tracer_of("faults@0x1000-0x2fff");

	must(!comes(&tracer, MZ_TRACE_FAULTS, 0xfff, 0));
	must(comes(&tracer, MZ_TRACE_FAULTS, 0x1000, 0));
	must(comes(&tracer, MZ_TRACE_FAULTS, 0x2fff, 0));
	must(!comes(&tracer, MZ_TRACE_FAULTS, 0x3000, 0));
	must(!comes(&tracer, MZ_TRACE_IO, 0x1000, 1));
	must(!comes(&tracer, MZ_TRACE_MMIO, 0x1000, 1));
}
END_TEST

START_TEST(an_access_is_wanted_that_touches_the_range)
{
	struct mz_tracer tracer = tracer_of("io@0x3f9,mmio@4K-8K");

	must(comes(&tracer, MZ_TRACE_IO, 0x3f9, 1));
	must(comes(&tracer, MZ_TRACE_IO, 0x3f8, 2));
	must(comes(&tracer, MZ_TRACE_IO, 0x3f6, 4));
	must(!comes(&tracer, MZ_TRACE_IO, 0x3f8, 1));
	must(!comes(&tracer, MZ_TRACE_IO, 0x3fa, 4));
	must(comes(&tracer, MZ_TRACE_MMIO, 0x2000, 8));
	must(!comes(&tracer, MZ_TRACE_MMIO, 0x2001, 8));
	must(comes(&tracer, MZ_TRACE_MMIO, 0xff9, 8));
	must(!comes(&tracer, MZ_TRACE_MMIO, 0xff8, 8));
}
END_TEST

START_TEST(several_ranges_of_a_kind_are_several)
{
	struct mz_tracer tracer = tracer_of("io@1,io@3-4");

	must(!mz_trace_filter_add(&tracer.filter, "io@6", &failure));
	for (uint64_t port = 0; port < 8; port++)
		must_equal(comes(&tracer, MZ_TRACE_IO, port, 1),
			   port == 1 || port == 3 || port == 4 || port == 6);
}
END_TEST

START_TEST(a_kind_without_a_range_is_more_than_one_with)
{
	struct mz_tracer after = tracer_of("io@1,io");
	struct mz_tracer before = tracer_of("io,io@1");

	must(comes(&after, MZ_TRACE_IO, 7, 1));
	must(comes(&before, MZ_TRACE_IO, 7, 1));
}
END_TEST

START_TEST(what_makes_no_sense_is_named)
{
	static const struct {
		const char *text, *words;
	} wrong[] = {
		{"", "'' is not one of faults, mmio, io"},
		{"io,", "'' is not one of"},
		{"port", "'port' is not one of"},
		{"IO", "'IO' is not one of"},
		{"@1", "'' is not one of"},
		{"io,mmio@", "'' is neither ADDRESS nor FIRST-LAST"},
		{"io@zz", "'zz' is neither"},
		{"io@1-", "'1-' is neither"},
		{"io@-1", "'-1' is neither"},
		{"io@1-2-3", "'1-2-3' is neither"},
		{"io@1@2", "'1@2' is neither"},
		{"io@0x10000000000000000", "is neither"},
		{"io@0x3f9-0x3f8", "'0x3f9-0x3f8' ends before it begins"},
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct mz_trace_filter filter = {0};

		must_say(mz_trace_filter_add(&filter, wrong[i].text, &failure), "%s",
			 wrong[i].text);
		must_equal(failure.status, MZ_STATUS_BAD_ARGUMENT);
		must_say(strstr(failure.text, wrong[i].words) != NULL, "%s", failure.text);
	}
}
END_TEST

START_TEST(ranges_have_their_number)
{
	struct mz_trace_filter filter = {0};

	for (unsigned i = 0; i < MZ_TRACE_RANGES; i++)
		must(!mz_trace_filter_add(&filter, "io@7", &failure));
	must(mz_trace_filter_add(&filter, "io@7-9", &failure));
	must(strstr(failure.text, "'7-9' is one range more than 32") != NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("trace");
	TCase *tcase = tcase_create("filters");

	tcase_add_test(tcase, a_kind_is_wanted_everywhere);
	tcase_add_test(tcase, a_range_has_both_its_ends);
	tcase_add_test(tcase, an_access_is_wanted_that_touches_the_range);
	tcase_add_test(tcase, several_ranges_of_a_kind_are_several);
	tcase_add_test(tcase, a_kind_without_a_range_is_more_than_one_with);
	tcase_add_test(tcase, what_makes_no_sense_is_named);
	tcase_add_test(tcase, ranges_have_their_number);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
