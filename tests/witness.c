/* SPDX-License-Identifier: MPL-2.0 */
/* Hooks that keep books. */
#include "tests/witness.h"

#include <stdlib.h>
#include <string.h>

#include "core/geometry.h"
#include "core/table.h"
#include "tests/must.h"

static void *grow(void *array, size_t count, size_t *max, size_t size)
{
	if (count < *max)
		return array;
	*max = *max ? *max * 2 : 64;
	array = realloc(array, *max * size);
	if (!array)
		abort();
	return array;
}

static void add_step(struct witness *witness, uint64_t addr, int64_t delta)
{
	struct witness_step *steps;
	size_t i = 0;

	while (i < witness->step_count && witness->steps[i].addr < addr)
		i++;
	if (i < witness->step_count && witness->steps[i].addr == addr) {
		steps = witness->steps;
		steps[i].delta += delta;
		if (steps[i].delta != 0)
			return;
		memmove(&steps[i], &steps[i + 1], (--witness->step_count - i) * sizeof(*steps));
		return;
	}
	witness->steps = grow(witness->steps, witness->step_count, &witness->step_max,
			      sizeof(*witness->steps));
	steps = witness->steps;
	memmove(&steps[i + 1], &steps[i], (witness->step_count++ - i) * sizeof(*steps));
	steps[i] = (struct witness_step) {addr, delta};
}

/* Output addresses are far from 2^64: the end of an item does not wrap. */
static void count(struct witness *witness, struct mz_item item, int64_t delta)
{
	must(item.level >= 1);
	must(item.level <= witness->format->levels);
	pthread_mutex_lock(&witness->journal->mutex);
	add_step(witness, item.oa.addr, delta);
	add_step(witness, item.oa.addr + mz_span(witness->format, item.level), -delta);
	pthread_mutex_unlock(&witness->journal->mutex);
}

static void take(void *context, struct mz_item item)
{
	struct witness *witness = context;

	count(witness, item, 1);
	journal_add(witness->journal, (struct event) {.kind = EVENT_TAKE, .item = item});
}

static void put(void *context, struct mz_item item)
{
	struct witness *witness = context;
	int64_t refs = 0;

	count(witness, item, -1);
	journal_add(witness->journal, (struct event) {.kind = EVENT_PUT, .item = item});
	pthread_mutex_lock(&witness->journal->mutex);
	for (size_t i = 0; i < witness->step_count; i++) {
		refs += witness->steps[i].delta;
		must_say(refs >= 0, "put without a take at %#llx",
			 (unsigned long long)item.oa.addr);
	}
	pthread_mutex_unlock(&witness->journal->mutex);
}

static void flush(void *context, mz_ia first, mz_ia last, bool nodes)
{
	struct witness *witness = context;

	must(first.addr <= last.addr);
	journal_add(witness->journal,
		    (struct event) {.kind = EVENT_FLUSH,
				    .first = first.addr,
				    .last = last.addr,
				    .nodes = nodes});
}

static void enter(void *context)
{
	struct witness *witness = context;

	__atomic_fetch_add(&witness->reader_count, 1, __ATOMIC_SEQ_CST);
}

static void leave(void *context)
{
	struct witness *witness = context;

	must(__atomic_sub_fetch(&witness->reader_count, 1, __ATOMIC_SEQ_CST) >= 0);
}

/* More than RCU owes: until nobody at all is inside. */
static void wait_for_readers(void *context)
{
	const struct witness *witness = context;

	while (__atomic_load_n(&witness->reader_count, __ATOMIC_SEQ_CST) != 0)
		mz_relax();
}

static void retire(void *context, struct mz_table *table, uint32_t nodes)
{
	struct witness *witness = context;

	must(nodes != MZ_FRAME_NONE);
	pthread_mutex_lock(&witness->journal->mutex);
	witness->retired = grow(witness->retired, witness->retired_count, &witness->retired_max,
				sizeof(*witness->retired));
	witness->retired[witness->retired_count++] = (struct witness_retired) {table, nodes};
	pthread_mutex_unlock(&witness->journal->mutex);
	journal_add(witness->journal, (struct event) {.kind = EVENT_RETIRE, .first = nodes});
}

void witness_init(struct witness *witness, const struct mz_format *format, struct journal *journal)
{
	memset(witness, 0, sizeof(*witness));
	witness->format = format;
	witness->journal = journal;
	witness->items = (struct mz_items) {witness, take, put};
	witness->rcu = (struct mz_rcu) {witness, enter, leave, retire, wait_for_readers};
	witness->flush = (struct mz_flush) {witness, flush};
}

void witness_destroy(struct witness *witness)
{
	must_say(witness->step_count == 0, "references to memory at %#llx are left",
		 (unsigned long long)witness->steps[0].addr);
	must_equal(witness->reader_count, 0);
	must_equal(witness->retired_count, 0);
	free(witness->steps);
	free(witness->retired);
}

int64_t witness_refs(const struct witness *witness, uint64_t oa)
{
	int64_t refs = 0;

	for (size_t i = 0; i < witness->step_count && witness->steps[i].addr <= oa; i++)
		refs += witness->steps[i].delta;
	return refs;
}

void witness_reclaim(struct witness *witness)
{
	must_equal(witness->reader_count, 0);
	for (size_t i = 0; i < witness->retired_count; i++)
		mz_table_reclaim(witness->retired[i].table, witness->retired[i].nodes);
	witness->retired_count = 0;
}
