// SPDX-License-Identifier: MPL-2.0
/* Trace events: which are wanted, and what they say. */
#include "vmm/base/trace.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "vmm/base/text.h"

uint64_t mz_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int mz_ms_until(uint64_t when_ns)
{
	uint64_t now = mz_now_ns();
	uint64_t left = when_ns > now ? (when_ns - now) / 1000000u : 0;

	return left < INT_MAX ? (int)left : -1;
}

bool mz_trace_ranges_touch(const struct mz_trace_filter *filter, enum mz_trace_kind kind,
			   uint64_t address, unsigned bytes)
{
	uint64_t last = address + (bytes ? bytes - 1 : 0);

	for (unsigned i = 0; i < filter->range_count; i++) {
		const struct mz_trace_range *range = &filter->ranges[i];

		if (range->kind == kind && address <= range->last && last >= range->first)
			return true;
	}
	return false;
}

void mz_trace(const struct mz_tracer *tracer, struct mz_event *event)
{
	if (!mz_trace_wants(tracer, event->kind, event->address, event->bytes))
		return;
	event->ns = mz_now_ns() - tracer->start_ns;
	tracer->event(tracer->context, event);
}

const char *mz_fault_source_text(enum mz_fault_source source)
{
	switch (source) {
	case MZ_FAULT_MISSING:
		return "missing";
	case MZ_FAULT_MINOR:
		return "minor";
	case MZ_FAULT_EXIT:
		return "exit";
	case MZ_FAULT_PROTECTED:
		return "protected";
	case MZ_FAULT_SOURCES:
		break;
	}
	return "unknown";
}

static void fault_text(const struct mz_event *event, char *text, size_t size)
{
	const struct mz_fault *fault = &event->fault;
	const char *access = event->write ? "write" : "read";
	const char *source = mz_fault_source_text(event->source);
	const char *answer = mz_answer_text(event->answer);

	switch (event->answer) {
	case MZ_RESOLVED:
	case MZ_RETRY:
		snprintf(text, size,
			 "fault %s %s 0x%" PRIx64 ": %s, %s %s at 0x%" PRIx64 " -> 0x%" PRIx64,
			 source, access, event->address, answer, mz_region_kind_text(fault->kind),
			 mz_size_text(fault->bytes).text, fault->ia.addr, fault->item.oa.addr);
		break;
	case MZ_DENIED:
		snprintf(text, size, "fault %s %s 0x%" PRIx64 ": %s, %s", source, access,
			 event->address, answer, mz_denial_text(fault->cause));
		break;
	default:
		snprintf(text, size, "fault %s %s 0x%" PRIx64 ": %s", source, access,
			 event->address, answer);
	}
}

static void device_text(const struct mz_event *event, char *text, size_t size)
{
	snprintf(text, size, "%s %s 0x%" PRIx64 " %u 0x%0*" PRIx64 " %s",
		 event->kind == MZ_TRACE_IO ? "io" : "mmio", event->write ? "write" : "read",
		 event->address, event->bytes, (int)event->bytes * 2, event->data,
		 event->device ? event->device : "-");
}

void mz_event_text(const struct mz_event *event, char *text, size_t size)
{
	int used = snprintf(text, size, "%4" PRIu64 ".%06" PRIu64 " ", event->ns / 1000000000u,
			    event->ns / 1000u % 1000000u);

	if (used < 0 || (size_t)used >= size)
		return;
	if (event->kind == MZ_TRACE_FAULTS)
		fault_text(event, text + used, size - (size_t)used);
	else
		device_text(event, text + used, size - (size_t)used);
}
