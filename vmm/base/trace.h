/* SPDX-License-Identifier: MPL-2.0 */
/* What happens during a run, one event at a time, for whoever wants to watch all or some of it. */
#ifndef MZ_VMM_TRACE_H
#define MZ_VMM_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ept/space.h"
#include "vmm/base/failure.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Kinds of event, as bits. */
enum mz_trace_kind {
	MZ_TRACE_FAULTS = 1, /* a question to the space, and its answer */
	MZ_TRACE_MMIO = 2,   /* an access to a device in memory */
	MZ_TRACE_IO = 4,     /* an access to a port */
};

/* What made the guest's access a question to the space. */
enum mz_fault_source {
	MZ_FAULT_MISSING,   /* a first touch; the memory file had no page either */
	MZ_FAULT_MINOR,     /* a first touch of a page that the memory file had already */
	MZ_FAULT_EXIT,      /* KVM gave the access up to us */
	MZ_FAULT_PROTECTED, /* a write to a page that was protected, so that it is known of */
	MZ_FAULT_SOURCES,
};

struct mz_event {
	enum mz_trace_kind kind;
	uint64_t ns;      /* since the machine was made */
	uint64_t address; /* guest-physical, or a port */
	bool write;

	/* faults */
	enum mz_fault_source source;
	enum mz_answer answer;
	struct mz_fault fault;

	/* devices */
	unsigned bytes;
	uint64_t data;
	const char *device; /* NULL: none answers there */
};

#define MZ_TRACE_RANGES 32

/* Addresses of events of a kind: guest-physical, or ports. */
struct mz_trace_range {
	enum mz_trace_kind kind;
	uint64_t first, last;
};

/* Which events are wanted. All zero: none. */
struct mz_trace_filter {
	unsigned kinds;  /* enum mz_trace_kind that are, */
	unsigned ranged; /* and of these, those that are only where they touch one of the ranges */
	struct mz_trace_range ranges[MZ_TRACE_RANGES];
	unsigned range_count;
};

/*
 * Adds what the text asks for: kinds, "faults", "mmio" or "io", separated by commas; behind each, a
 * range may stand: "@FIRST-LAST" or "@ADDRESS". A kind that is named without a range is wanted
 * everywhere. MZ_STATUS_BAD_ARGUMENT, and the text says which word is wrong.
 */
int mz_trace_filter_add(struct mz_trace_filter *filter, const char *text,
			struct mz_failure *failure);

/* Where events go. `event` is called on the thread where it happens, by several at once. */
struct mz_tracer {
	struct mz_trace_filter filter;
	void *context;
	void (*event)(void *context, const struct mz_event *event);
	uint64_t start_ns;
};

uint64_t mz_now_ns(void); /* on the monotonic clock */

/* For poll(): from now until that time; -1, which is for ever, if it is weeks away. */
int mz_ms_until(uint64_t when_ns);

/* Is an event of the kind wanted that touches [address, address + bytes)? 0 bytes are one. */
bool mz_trace_ranges_touch(const struct mz_trace_filter *filter, enum mz_trace_kind kind,
			   uint64_t address, unsigned bytes);

static inline bool mz_trace_wants(const struct mz_tracer *tracer, enum mz_trace_kind kind,
				  uint64_t address, unsigned bytes)
{
	const struct mz_trace_filter *filter = &tracer->filter;

	if (!(filter->kinds & (unsigned)kind))
		return false;
	return !(filter->ranged & (unsigned)kind) ||
		mz_trace_ranges_touch(filter, kind, address, bytes);
}

/* Stamps the event with the time and hands it on, if it is wanted. */
void mz_trace(const struct mz_tracer *tracer, struct mz_event *event);

/* The event as one line without its newline. */
void mz_event_text(const struct mz_event *event, char *text, size_t size);

const char *mz_fault_source_text(enum mz_fault_source source);

#ifdef __cplusplus
}
#endif

#endif
