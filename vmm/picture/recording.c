// SPDX-License-Identifier: MPL-2.0
/* A run that was recorded, as JSON. */
#include "vmm/picture/recording.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/geometry.h"
#include "vmm/base/text.h"

#define HOTTEST 32

static void put(json_t *object, const char *name, uint64_t number)
{
	json_object_set_new(object, name, json_integer((json_int_t)number));
}

static void append(json_t *array, uint64_t number)
{
	json_array_append_new(array, json_integer((json_int_t)number));
}

/* Names of files may hold any bytes; where these are no UTF-8, what is no ASCII is left out. */
static json_t *text_json(const char *text)
{
	json_t *string = json_string(text);
	char *plain;

	if (string)
		return string;
	plain = strdup(text);
	for (char *at = plain; at && *at; at++)
		if ((unsigned char)*at >= 0x80)
			*at = '?';
	string = plain ? json_string(plain) : NULL;
	free(plain);
	return string;
}

static json_t *address_json(uint64_t address)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, address);
	return json_string(text);
}

static json_t *run_json(const struct mz_recording_run *run)
{
	json_t *object = json_object();

	json_object_set_new(object, "command", text_json(run->command));
	json_object_set_new(object, "image", text_json(run->image));
	json_object_set_new(object, "status", json_integer(run->status));
	json_object_set_new(object, "end", text_json(run->end));
	return object;
}

static json_t *areas_json(const struct mz_recorder *recorder)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < recorder->area_count; i++) {
		const struct mz_record_area *area = &recorder->areas[i];
		json_t *object = json_object();

		json_object_set_new(object, "name", text_json(area->name));
		json_object_set_new(object, "kind", json_string(area->kind));
		json_object_set_new(object, "address", address_json(area->gpa));
		put(object, "bytes", area->bytes);
		put(object, "row", area->row);
		put(object, "rows", area->rows);
		put(object, "row_bytes", area->row_bytes);
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *leaf_sizes_json(const struct mz_format *format)
{
	json_t *array = json_array();

	for (unsigned level = 1; level <= format->levels; level++)
		if (mz_leaf_allowed(format->leaf_levels, level))
			json_array_append_new(
				array, json_string(mz_size_text(mz_span(format, level)).text));
	return array;
}

/* Of each row, the bytes that leaves of each size map. */
static json_t *rows_json(const struct mz_recorder *recorder, const struct mz_format *format)
{
	json_t *array = json_array();

	for (unsigned row = 0; row < recorder->row_count; row++) {
		json_t *mapped = json_array();

		for (unsigned level = 1; level <= format->levels; level++)
			if (mz_leaf_allowed(format->leaf_levels, level))
				append(mapped, recorder->look[row].mapped[level]);
		json_array_append_new(array, mapped);
	}
	return array;
}

static json_t *time_json(const struct mz_recorder *recorder)
{
	json_t *object = json_object();

	put(object, "column_ns", recorder->column_ns);
	put(object, "columns", recorder->columns);
	put(object, "end_ns", recorder->end_ns);
	return object;
}

static json_t *looks_json(const struct mz_recorder *recorder)
{
	json_t *object = json_object();

	put(object, "count", recorder->looks);
	json_object_set_new(object, "blind",
			    recorder->blind ? json_string(recorder->blind) : json_null());
	return object;
}

/* Those that hold anything. */
static json_t *cells_json(const struct mz_recorder *recorder)
{
	json_t *array = json_array();

	for (unsigned row = 0; row < recorder->row_count; row++) {
		for (unsigned column = 0; column < recorder->columns; column++) {
			const struct mz_record_cell *cell = mz_recorder_cell(recorder, row, column);
			json_t *numbers;

			if (!cell->faults && !cell->present && !cell->written && !cell->samples)
				continue;
			numbers = json_array();
			append(numbers, row);
			append(numbers, column);
			append(numbers, cell->faults);
			append(numbers, cell->present);
			append(numbers, cell->written);
			append(numbers, cell->samples);
			append(numbers, cell->used);
			json_array_append_new(array, numbers);
		}
	}
	return array;
}

static json_t *bins_json(const struct mz_record_latency *latency)
{
	json_t *array = json_array();

	for (unsigned bin = 0; bin < MZ_RECORD_BINS; bin++) {
		json_t *pair;

		if (latency->bins[bin] == 0)
			continue;
		pair = json_array();
		append(pair, mz_record_bin_last(bin));
		append(pair, latency->bins[bin]);
		json_array_append_new(array, pair);
	}
	return array;
}

static json_t *latency_json(const struct mz_recorder *recorder)
{
	json_t *array = json_array();

	for (unsigned source = 0; source < MZ_FAULT_SOURCES; source++) {
		const struct mz_record_latency *latency = &recorder->latency[source];
		json_t *object = json_object();

		json_object_set_new(
			object, "cause",
			json_string(mz_fault_source_text((enum mz_fault_source)source)));
		put(object, "count", latency->count);
		put(object, "sum_ns", latency->sum_ns);
		put(object, "max_ns", latency->max_ns);
		json_object_set_new(object, "bins", bins_json(latency));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *hot_json(const struct mz_recorder *recorder)
{
	struct mz_record_hot hot[HOTTEST];
	unsigned count = mz_recorder_hottest(recorder, hot, HOTTEST);
	json_t *object = json_object(), *pages = json_array();

	for (unsigned i = 0; i < count; i++) {
		json_t *page = json_object();

		json_object_set_new(page, "address", address_json(hot[i].gpa));
		put(page, "faults", hot[i].counts.faults);
		put(page, "looks", hot[i].counts.looks);
		json_array_append_new(pages, page);
	}
	put(object, "bytes", recorder->unit_bytes);
	json_object_set_new(object, "pages", pages);
	return object;
}

static json_t *answers_json(void)
{
	json_t *array = json_array();

	for (unsigned answer = 0; answer < MZ_ANSWERS; answer++)
		json_array_append_new(array, json_string(mz_answer_text((enum mz_answer)answer)));
	return array;
}

/* Column by column, which takes less room than an object an event. */
static json_t *events_json(const struct mz_recorder *recorder)
{
	enum { NS, ADDRESS, TOOK, CAUSE, ANSWER, LEVEL, WRITE, COLUMNS };
	static const char *const names[COLUMNS] = {"ns",     "address", "took_ns", "cause",
						   "answer", "level",   "write"};
	uint64_t kept = recorder->event_count < MZ_RECORD_EVENTS ? recorder->event_count
								 : MZ_RECORD_EVENTS;
	json_t *object = json_object(), *columns[COLUMNS];

	put(object, "count", recorder->event_count);
	put(object, "elsewhere", recorder->elsewhere);
	json_object_set_new(object, "answers", answers_json());
	for (unsigned i = 0; i < COLUMNS; i++) {
		columns[i] = json_array();
		json_object_set_new(object, names[i], columns[i]);
	}
	for (uint64_t i = 0; i < kept; i++) {
		const struct mz_record_event *event = &recorder->events[i];

		append(columns[NS], event->ns);
		append(columns[ADDRESS], event->address);
		append(columns[TOOK], event->took_ns);
		append(columns[CAUSE], event->source);
		append(columns[ANSWER], event->answer);
		append(columns[LEVEL], event->level);
		append(columns[WRITE], event->write);
	}
	return object;
}

json_t *mz_recording_make(const struct mz_recording_run *run, const struct mz_recorder *recorder,
			  const struct mz_format *format, json_t *stats)
{
	json_t *recording = json_object();
	int failed = 0;

	failed |= json_object_set_new(recording, "mezz_report", json_integer(MZ_RECORDING_VERSION));
	failed |= json_object_set_new(recording, "run", run_json(run));
	failed |= json_object_set_new(recording, "stats", stats);
	failed |= json_object_set_new(recording, "areas", areas_json(recorder));
	failed |= json_object_set_new(recording, "leaf_sizes", leaf_sizes_json(format));
	failed |= json_object_set_new(recording, "rows", rows_json(recorder, format));
	failed |= json_object_set_new(recording, "time", time_json(recorder));
	failed |= json_object_set_new(recording, "looks", looks_json(recorder));
	failed |= json_object_set_new(recording, "cells", cells_json(recorder));
	failed |= json_object_set_new(recording, "latency", latency_json(recorder));
	failed |= json_object_set_new(recording, "hot", hot_json(recorder));
	failed |= json_object_set_new(recording, "events", events_json(recorder));
	if (!failed)
		return recording;
	json_decref(recording);
	return NULL;
}
