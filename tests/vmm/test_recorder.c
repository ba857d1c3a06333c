// SPDX-License-Identifier: MPL-2.0
/* Recordings: what is counted where, what is kept, and what of it can be read again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arch/x86/ept.h"
#include "tests/must.h"
#include "tests/suite.h"
#include "vmm/memory/ram.h"
#include "vmm/memory/recorder.h"
#include "vmm/picture/page.h"
#include "vmm/picture/recording.h"

#define MIB    ((uint64_t)1 << 20)
#define GIB    ((uint64_t)1 << 30)
#define DEVICE 0xd0000000u

static struct mz_failure failure;
static struct mz_recorder *recorder;
static uint64_t start;

static const struct mz_record_area usual[] = {
	{.name = "RAM", .kind = "ram", .gpa = 0, .bytes = 128 * MIB},
	{.name = "ROM", .kind = "rom", .gpa = 0xe0000000, .bytes = 64 << 10},
	{.name = "test", .kind = "device", .gpa = DEVICE, .bytes = 4096},
};

static void make(const struct mz_record_area *areas, unsigned count)
{
	start = mz_now_ns();
	must_say(!mz_recorder_make(&recorder, areas, count, start, &failure), "%s", failure.text);
}

static void begin(void)
{
	make(usual, 3);
}

static void end(void)
{
	mz_recorder_free(recorder);
	recorder = NULL;
}

/* A fault that came `ns` after the beginning. */
static void fault(uint64_t ns, uint64_t address, enum mz_fault_source source)
{
	struct mz_event event = {.kind = MZ_TRACE_FAULTS,
				 .address = address,
				 .source = source,
				 .answer = MZ_RESOLVED,
				 .fault = {.item = {.level = 1}}};

	mz_recorder_add(recorder, &event, start + ns);
}

static uint64_t faults_in(unsigned row, unsigned column)
{
	return mz_recorder_cell(recorder, row, column)->faults;
}

static uint64_t all_faults(void)
{
	uint64_t all = 0;

	for (unsigned row = 0; row < recorder->row_count; row++)
		for (unsigned column = 0; column < MZ_RECORD_COLUMNS; column++)
			all += faults_in(row, column);
	return all;
}

START_TEST(areas_are_cut_into_rows)
{
	static const struct mz_record_area large[] = {
		{.name = "RAM", .kind = "ram", .gpa = 0, .bytes = 3 * GIB},
		{.name = "RAM", .kind = "ram", .gpa = 4 * GIB, .bytes = 509 * GIB + 4096},
		{.name = "test", .kind = "device", .gpa = DEVICE, .bytes = 4096},
	};

	must(recorder->row_count == 128 + 1 + 1);
	must(recorder->areas[0].row_bytes == MIB && recorder->areas[1].row == 128);
	must(recorder->unit_bytes == MZ_RAM_PAGE && recorder->unit_count == 32768 + 16 + 1);
	end();
	make(large, 3);
	must(recorder->row_count <= MZ_RECORD_ROWS + 3);
	must(recorder->unit_count <= MZ_RECORD_UNITS + 3);
	must(recorder->areas[2].rows == 1 &&
	     recorder->areas[1].rows * recorder->areas[1].row_bytes >= 509 * GIB + 4096);
}
END_TEST

START_TEST(faults_are_counted_where_and_when_they_were)
{
	fault(0, 0, MZ_FAULT_MISSING);
	fault(MZ_RECORD_COLUMN - 1, MIB - 1, MZ_FAULT_MINOR);
	fault(MZ_RECORD_COLUMN, MIB, MZ_FAULT_MINOR);
	fault(3 * MZ_RECORD_COLUMN, DEVICE + 8, MZ_FAULT_EXIT);
	fault(3 * MZ_RECORD_COLUMN, DEVICE + 4096, MZ_FAULT_EXIT);
	must(faults_in(0, 0) == 2 && faults_in(1, 1) == 1 && faults_in(129, 3) == 1);
	must(all_faults() == 4 && recorder->elsewhere == 1 && recorder->event_count == 5);
	must(recorder->columns == 4);
	must(recorder->latency[MZ_FAULT_MISSING].count == 1 &&
	     recorder->latency[MZ_FAULT_MINOR].count == 2 &&
	     recorder->latency[MZ_FAULT_EXIT].count == 2);
	must(recorder->events[3].address == DEVICE + 8 && recorder->events[3].level == 1);
}
END_TEST

START_TEST(columns_merge_when_there_are_no_more)
{
	for (unsigned i = 0; i < MZ_RECORD_COLUMNS; i++)
		fault(i * MZ_RECORD_COLUMN, i % 2 * MIB, MZ_FAULT_MISSING);
	must(recorder->columns == MZ_RECORD_COLUMNS && faults_in(1, 255) == 1);
	fault(MZ_RECORD_COLUMNS * MZ_RECORD_COLUMN, 0, MZ_FAULT_MISSING);
	must(recorder->column_ns == 2 * MZ_RECORD_COLUMN);
	must(recorder->columns == MZ_RECORD_COLUMNS / 2 + 1);
	must(faults_in(0, 127) == 1 && faults_in(1, 127) == 1 && faults_in(0, 128) == 1);
	must(faults_in(1, 128) == 0 && faults_in(1, 255) == 0);
	/* Far ahead, too. */
	fault(1000 * MZ_RECORD_COLUMNS * MZ_RECORD_COLUMN, 0, MZ_FAULT_MISSING);
	must(recorder->columns <= MZ_RECORD_COLUMNS && all_faults() == MZ_RECORD_COLUMNS + 2);
}
END_TEST

START_TEST(more_events_than_are_kept_are_counted_all_the_same)
{
	const unsigned count = MZ_RECORD_EVENTS + 1000;

	for (unsigned i = 0; i < count; i++)
		fault(i, (uint64_t)i * 4096 % (128 * MIB), MZ_FAULT_MISSING);
	must(recorder->event_count == count && all_faults() == count);
	must(recorder->latency[MZ_FAULT_MISSING].count == count);
	must(recorder->events[MZ_RECORD_EVENTS - 1].ns == MZ_RECORD_EVENTS - 1);
}
END_TEST

START_TEST(times_are_counted_in_bins_that_hold_them)
{
	uint64_t before = 0;

	for (unsigned bin = 1; bin < MZ_RECORD_BINS; bin++) {
		uint64_t last = mz_record_bin_last(bin);

		must_say(last > before, "bin %u ends at %llu", bin, (unsigned long long)last);
		must_say(last < 8 || last - before <= before / 4 + 1, "bin %u is wide", bin);
		before = last;
	}
	must(mz_record_bin_last(MZ_RECORD_BINS - 1) > 1000000000000u);
	fault(0, 0, MZ_FAULT_MINOR);
	for (unsigned bin = 0; bin < MZ_RECORD_BINS; bin++) {
		uint64_t took = recorder->events[0].took_ns;

		if (!recorder->latency[MZ_FAULT_MINOR].bins[bin])
			continue;
		must(took <= mz_record_bin_last(bin) &&
		     (bin == 0 || took > mz_record_bin_last(bin - 1)));
	}
}
END_TEST

static void map_row(unsigned row, unsigned level, uint64_t bytes)
{
	uint64_t mapped[MZ_LEVELS_MAX + 1] = {0};

	mapped[level] = bytes;
	mz_recorder_mapped(recorder, row, mapped);
}

START_TEST(looks_fill_in_the_time_since_the_last)
{
	const struct mz_record_cell *first = mz_recorder_cell(recorder, 0, 0), *now;

	map_row(0, 1, 8192);
	mz_recorder_written(recorder, MIB - 4096, 3 * 4096);
	mz_recorder_sampled(recorder, 5, true);
	mz_recorder_sampled(recorder, 5, false);
	mz_recorder_looked(recorder);
	now = mz_recorder_cell(recorder, 0, recorder->columns - 1);
	must(first->present == 2 && first->written == 1 && now->present == 2 && now->written == 1);
	must(mz_recorder_cell(recorder, 1, 0)->written == 2);
	must(mz_recorder_cell(recorder, 5, 0)->samples == 2);
	must(mz_recorder_cell(recorder, 5, 0)->used == 1);
	must(recorder->looks == 1 && recorder->end_ns > 0);
	/* The next one has nothing of the last but what is mapped. */
	mz_recorder_looked(recorder);
	must(recorder->look[0].mapped[1] == 8192 && recorder->look[0].written == 0);
}
END_TEST

START_TEST(the_hottest_come_first)
{
	struct mz_record_hot hot[3];

	for (unsigned i = 0; i < 5; i++)
		fault(i, 7 * 4096, MZ_FAULT_MINOR);
	for (unsigned look = 0; look < 4; look++) {
		mz_recorder_written(recorder, 9 * 4096, 4096);
		mz_recorder_written(recorder, 9 * 4096, 4096); /* of the same look */
		mz_recorder_looked(recorder);
	}
	must(mz_recorder_hottest(recorder, hot, 3) == 2);
	must(hot[0].gpa == 7 * 4096 && hot[0].counts.faults == 5);
	must(hot[1].gpa == 9 * 4096 && hot[1].counts.looks == 4 && hot[1].counts.faults == 0);
	fault(9, DEVICE, MZ_FAULT_EXIT);
	fault(9, 4096, MZ_FAULT_EXIT);
	fault(9, 4096, MZ_FAULT_EXIT);
	must(mz_recorder_hottest(recorder, hot, 3) == 3 && hot[2].gpa == 4096);
}
END_TEST

/* What --stats=json has, as far as a reader of recordings relies on it. */
static json_t *stats(void)
{
	return json_loads("{\"faults\":{},\"answers\":{},\"denials\":{},\"table\":{},\"exits\":{},"
			  "\"time\":{},\"changes\":{},\"huge\":{},\"vcpus\":[],\"devices\":[],"
			  "\"virtio\":[]}",
			  0, NULL);
}

static json_t *saved(const char *image)
{
	const struct mz_recording_run run = {.command = "run", .image = image, .end = ""};

	return mz_recording_make(&run, recorder, &mz_ept, stats());
}

START_TEST(what_is_made_is_what_is_read)
{
	char path[] = "/tmp/test_recorder-XXXXXX";
	FILE *file = fdopen(mkstemp(path), "w");
	json_t *made, *again;

	for (unsigned i = 0; i < 1000; i++)
		fault(i, i * 4096, (enum mz_fault_source)(i % MZ_FAULT_SOURCES));
	map_row(3, 2, MIB);
	mz_recorder_looked(recorder);
	made = saved("guest.elf");
	must(made);
	must_say(!mz_recording_check(made, "made", &failure), "%s", failure.text);
	mz_page_write_json(file, made);
	must(fclose(file) == 0);
	again = mz_recording_read(path, &failure);
	must_say(again, "%s", failure.text);
	must(json_equal(made, again));
	must(unlink(path) == 0);
	json_decref(made);
	json_decref(again);
}
END_TEST

START_TEST(names_may_be_any_bytes)
{
	json_t *made = saved("\xff\xfe</script>\x01");

	must(made);
	must_say(!mz_recording_check(made, "made", &failure), "%s", failure.text);
	must(strcmp(json_string_value(json_object_get(json_object_get(made, "run"), "image")),
		    "?\?</script>\x01") == 0);
	json_decref(made);
}
END_TEST

START_TEST(no_text_ends_the_element_that_a_page_has_it_in)
{
	json_t *made = saved("</script><!--<script>");
	char *text = NULL;
	size_t bytes, ends = 0;
	FILE *file = open_memstream(&text, &bytes);

	mz_page_write(file, made);
	must(fclose(file) == 0);
	for (const char *at = text; (at = strstr(at, "</script>")); at++)
		ends++;
	must(ends == 2);
	must(strstr(text, "\\u003c/script>\\u003c!--\\u003cscript>"));
	must(!strchr(text, '@') || !strstr(text, "@data@"));
	free(text);
	json_decref(made);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("recorder");
	TCase *tests = tcase_create("recorder");

	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests, areas_are_cut_into_rows);
	tcase_add_test(tests, faults_are_counted_where_and_when_they_were);
	tcase_add_test(tests, columns_merge_when_there_are_no_more);
	tcase_add_test(tests, more_events_than_are_kept_are_counted_all_the_same);
	tcase_add_test(tests, times_are_counted_in_bins_that_hold_them);
	tcase_add_test(tests, looks_fill_in_the_time_since_the_last);
	tcase_add_test(tests, the_hottest_come_first);
	tcase_add_test(tests, what_is_made_is_what_is_read);
	tcase_add_test(tests, names_may_be_any_bytes);
	tcase_add_test(tests, no_text_ends_the_element_that_a_page_has_it_in);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
