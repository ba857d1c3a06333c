/* SPDX-License-Identifier: MPL-2.0 */
/* What a table did to its hooks, in order. */
#ifndef MZ_TESTS_JOURNAL_H
#define MZ_TESTS_JOURNAL_H

#include <pthread.h>

#include "core/types.h"

enum event_kind {
	EVENT_FREE, /* `first` is the node's address, `last` its last byte's */
	EVENT_TAKE,
	EVENT_PUT,
	EVENT_FLUSH,  /* of [first, last] */
	EVENT_RETIRE, /* `first` is the list's first page number */
	EVENT_KINDS,
};

struct event {
	enum event_kind kind;
	uint64_t first, last;
	bool nodes;
	struct mz_item item;
};

struct journal {
	pthread_mutex_t mutex;
	struct event *events;
	size_t count, max;
};

void journal_init(struct journal *journal);
void journal_destroy(struct journal *journal);
void journal_add(struct journal *journal, struct event event);
void journal_clear(struct journal *journal);

/* How many events of this kind there are. */
size_t journal_count(const struct journal *journal, enum event_kind kind);

/* The number of the first event of this kind from number `from` on, or `journal->count`. */
size_t journal_find(const struct journal *journal, enum event_kind kind, size_t from);

/* Did flushes drop all of [first, last]? */
bool journal_flushed(const struct journal *journal, uint64_t first, uint64_t last);

#endif
