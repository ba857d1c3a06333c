/* SPDX-License-Identifier: MPL-2.0 */
/* What happens during a run, one event at a time, for whoever wants to watch. */
#ifndef MZ_VMM_TRACE_H
#define MZ_VMM_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ept/space.h"

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
	MZ_FAULT_MISSING, /* a first touch; the memory file had no page either */
	MZ_FAULT_MINOR,   /* a first touch of a page that the memory file had already */
	MZ_FAULT_EXIT,    /* KVM gave the access up to us */
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

/* Where events go. `event` is called on the thread where it happens, by several at once. */
struct mz_tracer {
	unsigned kinds; /* enum mz_trace_kind that are wanted */
	void *context;
	void (*event)(void *context, const struct mz_event *event);
	uint64_t start_ns;
};

uint64_t mz_now_ns(void); /* on the monotonic clock */

/* Stamps the event with the time and hands it on, if its kind is wanted. */
void mz_trace(const struct mz_tracer *tracer, struct mz_event *event);

/* The event as one line without its newline. */
void mz_event_text(const struct mz_event *event, char *text, size_t size);

const char *mz_fault_source_text(enum mz_fault_source source);

#ifdef __cplusplus
}
#endif

#endif
