// SPDX-License-Identifier: MPL-2.0
/*
 * Is a recording one that a run could have left? Who draws it relies on all that is checked here:
 * types, and numbers that count or point to something else.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "vmm/base/text.h"
#include "vmm/picture/recording.h"

/* JavaScript has no more bits for a whole number. */
#define NUMBER_MAX ((UINT64_C(1) << 53) - 1)

#define ROWS_MAX (2 * MZ_RECORD_ROWS + MZ_RECORD_AREAS)

struct check {
	const char *name; /* of what is checked */
	char path[128];   /* the member that is looked at */
	struct mz_failure *failure;
	uint64_t rows, columns, leaf_sizes, causes;
};

/* ---- Where, and what is wrong there ---- */

/* Goes to a member; back by leave() with what this answers. */
__attribute__((format(printf, 2, 3))) static size_t enter(struct check *check, const char *format,
							  ...)
{
	size_t used = strlen(check->path);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(check->path + used, sizeof(check->path) - used, format, arguments);
	va_end(arguments);
	return used;
}

static void leave(struct check *check, size_t used)
{
	check->path[used] = 0;
}

/* Bytes of the file may be meant for a terminal: none that steers one gets there. */
static void tame(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
}

static bool wrong(struct check *check, const char *what)
{
	tame(check->path);
	mz_fail(check->failure, MZ_STATUS_BAD_IMAGE, "%s: %s %s", check->name,
		check->path[0] ? check->path + 1 : "it", what);
	return false;
}

/* ---- Members ---- */

static const char *type_text(json_type type)
{
	switch (type) {
	case JSON_OBJECT:
		return "is no object";
	case JSON_ARRAY:
		return "is no array";
	case JSON_STRING:
		return "is no text";
	default:
		return "is no whole number from 0 to 9007199254740991";
	}
}

static bool is_number(const json_t *value, uint64_t last)
{
	return json_is_integer(value) && json_integer_value(value) >= 0 &&
		(uint64_t)json_integer_value(value) <= last;
}

/* Wrong unless `value` is of the type; numbers are of those that can be shown. */
static bool is(struct check *check, const json_t *value, json_type type)
{
	if (!value)
		return wrong(check, "is missing");
	if (json_typeof(value) != type || (type == JSON_INTEGER && !is_number(value, NUMBER_MAX)))
		return wrong(check, type_text(type));
	return true;
}

static bool has(struct check *check, const json_t *object, const char *name, json_type type)
{
	size_t at = enter(check, ".%s", name);
	bool right = is(check, json_object_get(object, name), type);

	if (right)
		leave(check, at);
	return right;
}

/* A number between these. */
static bool has_number(struct check *check, const json_t *object, const char *name, uint64_t first,
		       uint64_t last, uint64_t *value)
{
	size_t at = enter(check, ".%s", name);
	const json_t *number = json_object_get(object, name);
	char text[80];

	if (!is(check, number, JSON_INTEGER))
		return false;
	*value = (uint64_t)json_integer_value(number);
	if (*value < first || *value > last) {
		snprintf(text, sizeof(text), "is not from %" PRIu64 " to %" PRIu64, first, last);
		return wrong(check, text);
	}
	leave(check, at);
	return true;
}

static bool has_address(struct check *check, const json_t *object)
{
	const json_t *address = json_object_get(object, "address");
	uint64_t value;

	if (!has(check, object, "address", JSON_STRING))
		return false;
	if (strncmp(json_string_value(address), "0x", 2) == 0 &&
	    mz_number_parse(json_string_value(address), &value))
		return true;
	enter(check, ".address");
	return wrong(check, "is no hexadecimal number");
}

/* Goes over an array of at most `most`, whose elements `one` judges. */
static bool each(struct check *check, const json_t *object, const char *name, uint64_t most,
		 bool (*one)(struct check *check, const json_t *element))
{
	const json_t *array = json_object_get(object, name);
	size_t at;

	if (!has(check, object, name, JSON_ARRAY))
		return false;
	at = enter(check, ".%s", name);
	if (json_array_size(array) > most)
		return wrong(check, "has more elements than any run leaves");
	for (size_t i = 0; i < json_array_size(array); i++) {
		size_t inner = enter(check, "[%zu]", i);

		if (!one(check, json_array_get(array, i)))
			return false;
		leave(check, inner);
	}
	leave(check, at);
	return true;
}

static bool text_element(struct check *check, const json_t *element)
{
	return is(check, element, JSON_STRING);
}

/* An array of exactly so many numbers. */
static bool numbers(struct check *check, const json_t *array, size_t count)
{
	if (!is(check, array, JSON_ARRAY))
		return false;
	if (json_array_size(array) != count)
		return wrong(check, "has not as many elements as it should");
	for (size_t i = 0; i < count; i++) {
		size_t at = enter(check, "[%zu]", i);

		if (!is(check, json_array_get(array, i), JSON_INTEGER))
			return false;
		leave(check, at);
	}
	return true;
}

static uint64_t number_at(const json_t *array, size_t index)
{
	return (uint64_t)json_integer_value(json_array_get(array, index));
}

/* ---- The parts ---- */

static bool check_run(struct check *check, const json_t *run)
{
	uint64_t status;

	return has(check, run, "command", JSON_STRING) && has(check, run, "image", JSON_STRING) &&
		has(check, run, "end", JSON_STRING) &&
		has_number(check, run, "status", 0, 255, &status);
}

/* Areas follow one another in rows. */
static bool area_element(struct check *check, const json_t *area)
{
	uint64_t bytes, row, rows, row_bytes;

	if (!is(check, area, JSON_OBJECT) || !has(check, area, "name", JSON_STRING) ||
	    !has(check, area, "kind", JSON_STRING) || !has_address(check, area) ||
	    !has_number(check, area, "bytes", 1, NUMBER_MAX, &bytes) ||
	    !has_number(check, area, "row", check->rows, check->rows, &row) ||
	    !has_number(check, area, "rows", 1, ROWS_MAX, &rows) ||
	    !has_number(check, area, "row_bytes", 1, NUMBER_MAX, &row_bytes))
		return false;
	if ((bytes - 1) / row_bytes + 1 != rows)
		return wrong(check, "has more or fewer rows than bytes");
	check->rows += rows;
	return true;
}

static bool row_element(struct check *check, const json_t *row)
{
	return numbers(check, row, check->leaf_sizes);
}

static bool check_rows(struct check *check, const json_t *root)
{
	const json_t *rows = json_object_get(root, "rows");

	check->leaf_sizes = json_array_size(json_object_get(root, "leaf_sizes"));
	if (!each(check, root, "rows", ROWS_MAX, row_element))
		return false;
	enter(check, ".rows");
	if (json_array_size(rows) != check->rows)
		return wrong(check, "are more or fewer than the areas have");
	check->path[0] = 0;
	return true;
}

static bool check_time(struct check *check, const json_t *time)
{
	uint64_t value;

	return has_number(check, time, "column_ns", 1, NUMBER_MAX, &value) &&
		has_number(check, time, "columns", 1, MZ_RECORD_COLUMNS, &check->columns) &&
		has_number(check, time, "end_ns", 0, NUMBER_MAX, &value);
}

static bool check_looks(struct check *check, const json_t *looks)
{
	return has(check, looks, "count", JSON_INTEGER) &&
		(json_is_null(json_object_get(looks, "blind")) ||
		 has(check, looks, "blind", JSON_STRING));
}

/* Row, column, faults, present, written, samples, used. */
static bool cell_element(struct check *check, const json_t *cell)
{
	if (!numbers(check, cell, 7))
		return false;
	if (number_at(cell, 0) >= check->rows || number_at(cell, 1) >= check->columns)
		return wrong(check, "lies beyond the rows or the columns");
	if (number_at(cell, 6) > number_at(cell, 5))
		return wrong(check, "has more pages used than watched");
	return true;
}

static bool bin_element(struct check *check, const json_t *bin)
{
	return numbers(check, bin, 2);
}

static bool latency_element(struct check *check, const json_t *latency)
{
	check->causes++;
	return is(check, latency, JSON_OBJECT) && has(check, latency, "cause", JSON_STRING) &&
		has(check, latency, "count", JSON_INTEGER) &&
		has(check, latency, "sum_ns", JSON_INTEGER) &&
		has(check, latency, "max_ns", JSON_INTEGER) &&
		each(check, latency, "bins", MZ_RECORD_BINS, bin_element);
}

static bool hot_element(struct check *check, const json_t *page)
{
	return is(check, page, JSON_OBJECT) && has_address(check, page) &&
		has(check, page, "faults", JSON_INTEGER) && has(check, page, "looks", JSON_INTEGER);
}

static bool check_hot(struct check *check, const json_t *hot)
{
	uint64_t bytes;

	return has_number(check, hot, "bytes", 1, NUMBER_MAX, &bytes) &&
		each(check, hot, "pages", 1024, hot_element);
}

/* One property of all events: as many numbers as there are events, each less than `limit`. */
static bool event_column(struct check *check, const json_t *events, const char *name,
			 uint64_t limit)
{
	const json_t *column = json_object_get(events, name);
	size_t count = json_array_size(json_object_get(events, "ns"));
	size_t at = enter(check, ".%s", name);

	if (!numbers(check, column, count))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (number_at(column, i) < limit)
			continue;
		enter(check, "[%zu]", i);
		return wrong(check, "is greater than it can be");
	}
	leave(check, at);
	return true;
}

static bool check_events(struct check *check, const json_t *events)
{
	size_t kept = json_array_size(json_object_get(events, "ns"));
	size_t answers = json_array_size(json_object_get(events, "answers"));
	uint64_t count;

	if (!has(check, events, "elsewhere", JSON_INTEGER) ||
	    !each(check, events, "answers", 16, text_element))
		return false;
	if (kept > MZ_RECORD_EVENTS)
		return wrong(check, "are more than any run keeps");
	return has_number(check, events, "count", kept, NUMBER_MAX, &count) &&
		event_column(check, events, "ns", NUMBER_MAX) &&
		event_column(check, events, "address", NUMBER_MAX) &&
		event_column(check, events, "took_ns", NUMBER_MAX) &&
		event_column(check, events, "cause", check->causes) &&
		event_column(check, events, "answer", answers) &&
		event_column(check, events, "level", MZ_LEVELS_MAX + 1) &&
		event_column(check, events, "write", 2);
}

/* What `--stats=json` writes: all of it is numbers and texts, in objects and arrays. */
static bool check_tree(struct check *check, const json_t *value)
{
	const char *name;
	const json_t *member;
	size_t index;

	if (json_is_string(value) || json_is_null(value))
		return true;
	if (json_is_object(value)) {
		json_object_foreach((json_t *)value, name, member)
		{
			size_t at = enter(check, ".%s", name);

			if (!check_tree(check, member))
				return false;
			leave(check, at);
		}
		return true;
	}
	if (!json_is_array(value))
		return is(check, value, JSON_INTEGER);
	json_array_foreach(value, index, member)
	{
		size_t at = enter(check, "[%zu]", index);

		if (!check_tree(check, member))
			return false;
		leave(check, at);
	}
	return true;
}

static bool check_stats(struct check *check, const json_t *stats)
{
	static const char *const objects[] = {"faults", "answers", "denials", "table",
					      "exits",  "time",    "changes", "huge"};
	static const char *const arrays[] = {"vcpus", "devices", "virtio"};

	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++)
		if (!has(check, stats, objects[i], JSON_OBJECT))
			return false;
	for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++)
		if (!has(check, stats, arrays[i], JSON_ARRAY))
			return false;
	return check_tree(check, stats);
}

/* Goes into an object of the root. */
static bool part(struct check *check, const json_t *root, const char *name,
		 bool (*judge)(struct check *check, const json_t *part))
{
	size_t at;

	if (!has(check, root, name, JSON_OBJECT))
		return false;
	at = enter(check, ".%s", name);
	if (!judge(check, json_object_get(root, name)))
		return false;
	leave(check, at);
	return true;
}

static bool check_version(struct check *check, const json_t *root)
{
	const json_t *version = json_object_get(root, "mezz_report");
	char text[96];

	if (!json_is_object(root) || !version)
		return wrong(check, "is no recording of a run by mezz");
	if (json_integer_value(version) == MZ_RECORDING_VERSION)
		return true;
	snprintf(text, sizeof(text),
		 "is of version %" JSON_INTEGER_FORMAT ", and this mezz reads version %d",
		 json_integer_value(version), MZ_RECORDING_VERSION);
	return wrong(check, text);
}

int mz_recording_check(const json_t *root, const char *name, struct mz_failure *failure)
{
	struct check check = {.name = name, .failure = failure};
	bool right = check_version(&check, root) && part(&check, root, "run", check_run) &&
		part(&check, root, "stats", check_stats) &&
		each(&check, root, "areas", MZ_RECORD_AREAS, area_element) &&
		each(&check, root, "leaf_sizes", MZ_LEVELS_MAX, text_element) &&
		check_rows(&check, root) && part(&check, root, "time", check_time) &&
		part(&check, root, "looks", check_looks) &&
		each(&check, root, "cells", ROWS_MAX * MZ_RECORD_COLUMNS, cell_element) &&
		each(&check, root, "latency", 16, latency_element) &&
		part(&check, root, "hot", check_hot) && part(&check, root, "events", check_events);

	return right ? 0 : -1;
}
