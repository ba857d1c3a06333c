/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A gather: the flush work, the cut nodes and the unmapped items that changes leave behind. Several
 * changes of one table may share a gather; nothing that they took out is reused before
 * mz_gather_finish().
 */
#ifndef MZ_CORE_GATHER_H
#define MZ_CORE_GATHER_H

#include "core/node.h"
#include "core/table.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MZ_GATHER_ITEMS  32
#define MZ_GATHER_PARTED 8

struct mz_reserve;

struct mz_gather {
	struct mz_table *table;
	uint64_t first, last; /* what to flush; first > last: nothing */
	bool nodes;           /* nodes were cut: upper entries may be cached */
	uint32_t cut;         /* the cut nodes */
	unsigned item_count, parted_count;

	/*
	 * Set after mz_gather_init() by who wants to hear of each leaf that is unmapped: `count`
	 * consecutive leaves, the first of which maps ia to `item`. Called with node locks held;
	 * must not call back into the table. NULL: nobody.
	 */
	void (*unmapped)(void *context, mz_ia ia, struct mz_item item, unsigned count);
	void *context;

	/*
	 * Set after mz_gather_init() by who has set nodes aside: splits take from here what is
	 * there, and only then ask for memory; mz_reserve_need_splits() says how many they can
	 * take. NULL: no nodes were set aside.
	 */
	struct mz_reserve *reserve;

	struct mz_item items[MZ_GATHER_ITEMS];
	mz_node parted[MZ_GATHER_PARTED]; /* references to nodes that other tables give up, too */
};

void mz_gather_init(struct mz_gather *gather, struct mz_table *table);

/*
 * Flushes, then retires the nodes and puts the items. The gather is as new after it, but for
 * `unmapped`. No lock may be held.
 */
void mz_gather_finish(struct mz_gather *gather);

/* For the instances: [first, last] needs a flush. */
static inline void mz_gather_range_(struct mz_gather *gather, uint64_t first, uint64_t last)
{
	/* Branches: mostly the range grows in one direction, or not at all. */
	if (first < gather->first)
		gather->first = first;
	if (last > gather->last)
		gather->last = last;
}

/* For the instances: flushes what is to be flushed, and keeps the nodes and the items. */
void mz_gather_flush_(struct mz_gather *gather);

/* For the instances: takes over a cut node. */
static inline void mz_gather_node_(const struct mz_format *f, struct mz_gather *gather, mz_oa node)
{
	mz_frame_at(f, &gather->table->config, node)->next = gather->cut;
	gather->cut = mz_page_number(f, node);
	gather->nodes = true;
}

/*
 * For the instances: takes over a reference to a node that other tables have, too, which is locked
 * and was cut. A full gather flushes early.
 */
void mz_gather_shared_(struct mz_gather *gather, mz_node node);

/* For the instances: takes over an unmapped item. A full gather flushes early. */
void mz_gather_item_(struct mz_gather *gather, struct mz_item item);

#ifdef __cplusplus
}
#endif

#endif
