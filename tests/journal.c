/* SPDX-License-Identifier: MPL-2.0 */
/* The journal: an array that grows. */
#include "tests/journal.h"

#include <stdlib.h>

void journal_init(struct journal *journal)
{
	pthread_mutex_init(&journal->mutex, NULL);
	journal->events = NULL;
	journal->count = 0;
	journal->max = 0;
}

void journal_destroy(struct journal *journal)
{
	free(journal->events);
	pthread_mutex_destroy(&journal->mutex);
}

void journal_add(struct journal *journal, struct event event)
{
	pthread_mutex_lock(&journal->mutex);
	if (journal->count == journal->max) {
		journal->max = journal->max ? journal->max * 2 : 64;
		journal->events = realloc(journal->events, journal->max * sizeof(*journal->events));
		if (!journal->events)
			abort();
	}
	journal->events[journal->count++] = event;
	pthread_mutex_unlock(&journal->mutex);
}

void journal_clear(struct journal *journal)
{
	journal->count = 0;
}

size_t journal_count(const struct journal *journal, enum event_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < journal->count; i++)
		count += journal->events[i].kind == kind;
	return count;
}

size_t journal_find(const struct journal *journal, enum event_kind kind, size_t from)
{
	while (from < journal->count && journal->events[from].kind != kind)
		from++;
	return from;
}

bool journal_flushed(const struct journal *journal, uint64_t first, uint64_t last)
{
	for (size_t i = 0; i < journal->count; i++) {
		const struct event *event = &journal->events[i];

		if (event->kind == EVENT_FLUSH && event->first <= first && event->last >= last)
			return true;
	}
	return false;
}
