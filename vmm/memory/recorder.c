// SPDX-License-Identifier: MPL-2.0
/* Recording. */
#include "vmm/memory/recorder.h"

#include <stdlib.h>
#include <string.h>

#include "vmm/memory/ram.h"

/* ---- Making ---- */

static bool is_memory(const struct mz_record_area *area)
{
	return strcmp(area->kind, "device") != 0;
}

/* The least power of 2 that is no less, a page at least. */
static uint64_t power_from(uint64_t least)
{
	uint64_t power = MZ_RAM_PAGE;

	while (power < least)
		power *= 2;
	return power;
}

static uint64_t parts(uint64_t bytes, uint64_t part)
{
	return (bytes + part - 1) / part;
}

static void lay_out(struct mz_recorder *recorder)
{
	uint64_t all = 0, memory = 0, row_bytes;

	for (unsigned i = 0; i < recorder->area_count; i++) {
		all += recorder->areas[i].bytes;
		memory += is_memory(&recorder->areas[i]) ? recorder->areas[i].bytes : 0;
	}
	row_bytes = power_from(parts(memory, MZ_RECORD_ROWS));
	recorder->unit_bytes = power_from(parts(all, MZ_RECORD_UNITS));
	for (unsigned i = 0; i < recorder->area_count; i++) {
		struct mz_record_area *area = &recorder->areas[i];

		area->row = recorder->row_count;
		area->row_bytes = is_memory(area) ? row_bytes : power_from(area->bytes);
		area->rows = (unsigned)parts(area->bytes, area->row_bytes);
		area->unit = recorder->unit_count;
		recorder->row_count += area->rows;
		recorder->unit_count += parts(area->bytes, recorder->unit_bytes);
	}
}

int mz_recorder_make(struct mz_recorder **made, const struct mz_record_area *areas,
		     unsigned area_count, uint64_t start_ns, struct mz_failure *failure)
{
	struct mz_recorder *recorder = calloc(1, sizeof(*recorder));

	*made = NULL;
	if (!recorder)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "no memory to record the run");
	recorder->start_ns = start_ns;
	recorder->area_count = area_count;
	memcpy(recorder->areas, areas, area_count * sizeof(areas[0]));
	recorder->column_ns = MZ_RECORD_COLUMN;
	recorder->columns = 1;
	pthread_mutex_init(&recorder->mutex, NULL);
	lay_out(recorder);
	recorder->cells = calloc((size_t)recorder->row_count * MZ_RECORD_COLUMNS,
				 sizeof(recorder->cells[0]));
	recorder->look = calloc(recorder->row_count, sizeof(recorder->look[0]));
	recorder->units = calloc(recorder->unit_count, sizeof(recorder->units[0]));
	recorder->events = calloc(MZ_RECORD_EVENTS, sizeof(recorder->events[0]));
	if (!recorder->cells || !recorder->look || !recorder->units || !recorder->events) {
		mz_recorder_free(recorder);
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "no memory to record the run");
	}
	*made = recorder;
	return 0;
}

void mz_recorder_free(struct mz_recorder *recorder)
{
	if (!recorder)
		return;
	free(recorder->cells);
	free(recorder->look);
	free(recorder->units);
	free(recorder->events);
	pthread_mutex_destroy(&recorder->mutex);
	free(recorder);
}

/* ---- Where things are ---- */

static struct mz_record_area *area_of(struct mz_recorder *recorder, uint64_t gpa)
{
	for (unsigned i = 0; i < recorder->area_count; i++) {
		struct mz_record_area *area = &recorder->areas[i];

		if (gpa >= area->gpa && gpa - area->gpa < area->bytes)
			return area;
	}
	return NULL;
}

static unsigned row_of(const struct mz_record_area *area, uint64_t gpa)
{
	return area->row + (unsigned)((gpa - area->gpa) / area->row_bytes);
}

static struct mz_record_unit *unit_of(struct mz_recorder *recorder,
				      const struct mz_record_area *area, uint64_t gpa)
{
	return &recorder->units[area->unit + (gpa - area->gpa) / recorder->unit_bytes];
}

static struct mz_record_cell *cell_of(struct mz_recorder *recorder, unsigned row, unsigned column)
{
	return &recorder->cells[(size_t)row * MZ_RECORD_COLUMNS + column];
}

/* ---- Time ---- */

static uint16_t add_few(uint16_t a, uint16_t b)
{
	unsigned sum = (unsigned)a + b;

	return sum < UINT16_MAX ? (uint16_t)sum : UINT16_MAX;
}

/* `later` follows `cell`, and says what was so in the end; of a time without a look, nothing. */
static void merge(struct mz_record_cell *cell, const struct mz_record_cell *later, bool looked)
{
	cell->faults += later->faults;
	if (looked)
		cell->present = later->present;
	if (later->written > cell->written)
		cell->written = later->written;
	if (later->samples) {
		cell->samples = later->samples;
		cell->used = later->used;
	}
}

static void halve_row(struct mz_recorder *recorder, unsigned row)
{
	for (unsigned column = 0; column < MZ_RECORD_COLUMNS / 2; column++) {
		struct mz_record_cell *cell = cell_of(recorder, row, 2 * column);

		merge(cell, cell + 1, 2 * column + 1 <= recorder->looked_column);
		*cell_of(recorder, row, column) = *cell;
	}
	memset(cell_of(recorder, row, MZ_RECORD_COLUMNS / 2), 0,
	       MZ_RECORD_COLUMNS / 2 * sizeof(struct mz_record_cell));
}

/* The column that a time lies in, which there is from now on. */
static unsigned column_at(struct mz_recorder *recorder, uint64_t ns)
{
	unsigned column;

	while (ns / recorder->column_ns >= MZ_RECORD_COLUMNS) {
		for (unsigned row = 0; row < recorder->row_count; row++)
			halve_row(recorder, row);
		recorder->column_ns *= 2;
		recorder->columns = (recorder->columns + 1) / 2;
		recorder->looked_column /= 2;
	}
	column = (unsigned)(ns / recorder->column_ns);
	if (column >= recorder->columns)
		recorder->columns = column + 1;
	return column;
}

/* ---- Faults ---- */

/* Up to 8, each number has a bin of its own; then, its topmost bit and the two below decide. */
static unsigned bin_of(uint64_t ns)
{
	unsigned top, bin;

	if (ns < 8)
		return (unsigned)ns;
	top = 63u - (unsigned)__builtin_clzll(ns);
	bin = 4 * (top - 1) + (unsigned)(ns >> (top - 2) & 3);
	return bin < MZ_RECORD_BINS ? bin : MZ_RECORD_BINS - 1;
}

uint64_t mz_record_bin_last(unsigned bin)
{
	unsigned top = bin / 4 + 1;

	if (bin < 8)
		return bin;
	return ((uint64_t)(4 + bin % 4 + 1) << (top - 2)) - 1;
}

static void count_latency(struct mz_record_latency *latency, uint64_t ns)
{
	latency->bins[bin_of(ns)]++;
	latency->count++;
	latency->sum_ns += ns;
	if (ns > latency->max_ns)
		latency->max_ns = ns;
}

static void keep(struct mz_recorder *recorder, const struct mz_record_event *kept)
{
	if (recorder->event_count < MZ_RECORD_EVENTS)
		recorder->events[recorder->event_count] = *kept;
	recorder->event_count++;
}

static void count_place(struct mz_recorder *recorder, uint64_t ns, uint64_t address)
{
	const struct mz_record_area *area = area_of(recorder, address);

	if (!area) {
		recorder->elsewhere++;
		return;
	}
	cell_of(recorder, row_of(area, address), column_at(recorder, ns))->faults++;
	unit_of(recorder, area, address)->faults++;
}

void mz_recorder_add(struct mz_recorder *recorder, const struct mz_event *event, uint64_t begun_ns)
{
	bool mapped = event->answer == MZ_RESOLVED || event->answer == MZ_RETRY;
	const struct mz_record_event kept = {
		.ns = begun_ns - recorder->start_ns,
		.address = event->address,
		.took_ns = mz_now_ns() - begun_ns,
		.source = (uint8_t)event->source,
		.answer = (uint8_t)event->answer,
		.level = mapped ? event->fault.item.level : 0,
		.write = event->write,
	};

	pthread_mutex_lock(&recorder->mutex);
	keep(recorder, &kept);
	count_place(recorder, kept.ns, kept.address);
	count_latency(&recorder->latency[kept.source], kept.took_ns);
	pthread_mutex_unlock(&recorder->mutex);
}

/* ---- Looks ---- */

/* A look counts once for a unit, however many of its pages it finds. */
static void count_look(struct mz_recorder *recorder, struct mz_record_unit *unit)
{
	uint32_t this = (uint32_t)recorder->looks + 1;

	if (unit->last != this)
		unit->looks++;
	unit->last = this;
}

/* [gpa, end) lies in one row of an area. */
static void written_in(struct mz_recorder *recorder, const struct mz_record_area *area,
		       uint64_t gpa, uint64_t end)
{
	uint64_t pages = parts(end - gpa, MZ_RAM_PAGE);

	recorder->look[row_of(area, gpa)].written += (uint32_t)pages;
	for (uint64_t i = 0; i < pages; i++)
		count_look(recorder, unit_of(recorder, area, gpa + i * MZ_RAM_PAGE));
}

void mz_recorder_written(struct mz_recorder *recorder, uint64_t gpa, uint64_t bytes)
{
	uint64_t end = gpa + bytes;

	while (gpa < end) {
		const struct mz_record_area *area = area_of(recorder, gpa);
		uint64_t row_end;

		if (!area)
			return;
		row_end = area->gpa + ((gpa - area->gpa) / area->row_bytes + 1) * area->row_bytes;
		if (row_end > area->gpa + area->bytes)
			row_end = area->gpa + area->bytes;
		row_end = row_end < end ? row_end : end;
		written_in(recorder, area, gpa, row_end);
		gpa = row_end;
	}
}

void mz_recorder_mapped(struct mz_recorder *recorder, unsigned row,
			const uint64_t bytes[MZ_LEVELS_MAX + 1])
{
	memcpy(recorder->look[row].mapped, bytes, sizeof(recorder->look[row].mapped));
}

void mz_recorder_sampled(struct mz_recorder *recorder, unsigned row, bool used)
{
	recorder->look[row].samples++;
	recorder->look[row].used += used;
}

static uint32_t present(const struct mz_record_row *found)
{
	uint64_t bytes = 0;

	for (unsigned level = 1; level <= MZ_LEVELS_MAX; level++)
		bytes += found->mapped[level];
	return (uint32_t)parts(bytes, MZ_RAM_PAGE);
}

static void fill_in(struct mz_record_cell *cell, const struct mz_record_row *found)
{
	cell->present = present(found);
	if (found->written > cell->written)
		cell->written = found->written;
	cell->samples = add_few(cell->samples, found->samples);
	cell->used = add_few(cell->used, found->used);
}

void mz_recorder_looked(struct mz_recorder *recorder)
{
	unsigned now;

	pthread_mutex_lock(&recorder->mutex);
	recorder->end_ns = mz_now_ns() - recorder->start_ns;
	now = column_at(recorder, recorder->end_ns);
	for (unsigned row = 0; row < recorder->row_count; row++)
		for (unsigned column = recorder->looked_column; column <= now; column++)
			fill_in(cell_of(recorder, row, column), &recorder->look[row]);
	recorder->looked_column = now;
	recorder->looks++;
	pthread_mutex_unlock(&recorder->mutex);
	for (unsigned row = 0; row < recorder->row_count; row++) {
		struct mz_record_row *found = &recorder->look[row];

		found->written = found->samples = found->used = 0;
	}
}

/* ---- What there is to see ---- */

const struct mz_record_area *mz_recorder_area(const struct mz_recorder *recorder, uint64_t gpa)
{
	return area_of((struct mz_recorder *)recorder, gpa);
}

const struct mz_record_cell *mz_recorder_cell(const struct mz_recorder *recorder, unsigned row,
					      unsigned column)
{
	return cell_of((struct mz_recorder *)recorder, row, column);
}

static uint64_t heat(const struct mz_record_unit *unit)
{
	return (uint64_t)unit->faults + unit->looks;
}

/* Puts it where it belongs among the hottest, and pushes the last out where there is no room. */
static unsigned insert(struct mz_record_hot *hot, unsigned used, unsigned count,
		       const struct mz_record_hot *one)
{
	unsigned at = used;

	while (at > 0 && heat(&hot[at - 1].counts) < heat(&one->counts))
		at--;
	if (at == count)
		return used;
	if (used < count)
		used++;
	memmove(&hot[at + 1], &hot[at], (used - at - 1) * sizeof(hot[0]));
	hot[at] = *one;
	return used;
}

unsigned mz_recorder_hottest(const struct mz_recorder *recorder, struct mz_record_hot *hot,
			     unsigned count)
{
	unsigned used = 0;

	for (unsigned i = 0; i < recorder->area_count; i++) {
		const struct mz_record_area *area = &recorder->areas[i];

		for (uint64_t at = 0; at < area->bytes; at += recorder->unit_bytes) {
			const struct mz_record_hot one = {
				.gpa = area->gpa + at,
				.counts = recorder->units[area->unit + at / recorder->unit_bytes],
			};

			if (heat(&one.counts))
				used = insert(hot, used, count, &one);
		}
	}
	return used;
}
