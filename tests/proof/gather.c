// SPDX-License-Identifier: MPL-2.0
/*
 * core/gather.h: any configuration, any range, any cut node, any number of items.
 * Proof gather_finish: -DSHAPE=22 --function gather_finish --unwind 34
 * Proof gather_item: -DSHAPE=22 --function gather_item --unwind 34
 * Proof gather_node: -DSHAPE=22 --function gather_node --unwind 34
 * Proof gather_shared: -DSHAPE=22 --function gather_shared --unwind 10
 *   --unwindset mz_gather_finish.1:3,mz_node_put.0:1,mz_table_reclaim.0:1
 */
#include "tests/proof/single.h"

/* What the hooks were told, in order: a flush, then nodes, then items. */
static struct told {
	unsigned flushes, retirements, items;
	uint64_t first, last;
	bool nodes, watched_item;
	uint32_t cut;
} told;

static struct mz_item watched_item;

static void told_flush(void *context, mz_ia first, mz_ia last, bool nodes)
{
	(void)context;
	CLAIM(told.retirements == 0 && told.items == 0, "the flush comes first");
	told.flushes++;
	told.first = first.addr;
	told.last = last.addr;
	told.nodes = nodes;
}

static void told_retire(void *context, struct mz_table *of, uint32_t nodes)
{
	(void)context;
	CLAIM(of == &table && told.items == 0, "nodes come before items");
	told.retirements++;
	told.cut = nodes;
}

static void told_put(void *context, struct mz_item item)
{
	(void)context;
	told.items++;
	told.watched_item |= same_item(item, watched_item);
}

static struct mz_item free_item(void)
{
	struct mz_item item = {
		mz_oa_from(nondet_u64()), {nondet_u8(), nondet_u8(), nondet_u16()}, nondet_u8()};

	return item;
}

/* Any gather, with `watched_item` among its items if it has some. */
static void free_full_gather(void)
{
	unsigned place = nondet_unsigned();

	free_config();
	table.config.flush.range = nondet_bool() ? told_flush : NULL;
	table.config.rcu.retire = told_retire;
	table.config.items.put = told_put;
	mz_gather_init(&gather, &table);
	CLAIM(gather.first > gather.last && gather.cut == MZ_FRAME_NONE && gather.item_count == 0 &&
		      !gather.nodes && gather.unmapped == NULL && gather.table == &table,
	      "a new gather owes nothing");
	gather.first = nondet_u64();
	gather.last = nondet_u64();
	gather.nodes = nondet_bool();
	gather.cut = nondet_u32();
	gather.item_count = nondet_unsigned();
	ASSUME(gather.item_count <= MZ_GATHER_ITEMS);
	watched_item = free_item();
	ASSUME(place < MZ_GATHER_ITEMS);
	gather.items[place] = watched_item;
	ASSUME(gather.item_count == 0 || place < gather.item_count);
}

static void claim_finished(const struct mz_gather *was)
{
	CLAIM(told.flushes == (was->first <= was->last && table.config.flush.range != NULL),
	      "flushes once where there is something to flush");
	CLAIM(told.flushes == 0 ||
		      (told.first == was->first && told.last == was->last &&
		       told.nodes == was->nodes),
	      "flushes the range, and upper entries where nodes were cut");
	CLAIM(told.retirements == (was->cut != MZ_FRAME_NONE), "retires nodes where some were cut");
	CLAIM(told.retirements == 0 || told.cut == was->cut, "all of them");
	CLAIM(told.items == was->item_count, "puts as many items as were gathered");
	CLAIM(was->item_count == 0 || told.watched_item, "each of them");
}

static void claim_new(void)
{
	CLAIM(gather.first > gather.last && gather.cut == MZ_FRAME_NONE && !gather.nodes &&
		      gather.item_count == 0,
	      "is as new after it");
}

void gather_finish(void)
{
	uint64_t first = nondet_u64(), last = nondet_u64(), addr = nondet_u64();
	struct mz_gather was;

	free_full_gather();
	was = gather;
	if (first <= last) {
		mz_gather_range_(&gather, first, last);
		CLAIM(addr < first || addr > last || is_inside(addr, gather.first, gather.last),
		      "what is added is flushed");
		CLAIM(was.first > was.last || !is_inside(addr, was.first, was.last) ||
			      is_inside(addr, gather.first, gather.last),
		      "and what was there before");
		was = gather;
	}

	mz_gather_finish(&gather);

	claim_finished(&was);
	claim_new();
	REACHES(told.items == MZ_GATHER_ITEMS && told.flushes == 1 && told.retirements == 1);
	REACHES(told.items == 0 && told.flushes == 0 && told.retirements == 0);
}

void gather_item(void)
{
	struct mz_item item = free_item();
	struct mz_gather was;

	free_full_gather();
	was = gather;

	mz_gather_item_(&gather, item);

	CLAIM(gather.item_count >= 1 && gather.item_count <= MZ_GATHER_ITEMS &&
		      same_item(gather.items[gather.item_count - 1], item),
	      "the item is kept");
	if (was.item_count == MZ_GATHER_ITEMS) {
		claim_finished(&was);
		CLAIM(gather.item_count == 1, "what is full is finished first");
		REACHES(told.flushes == 1);
		return;
	}
	CLAIM(told.flushes == 0 && told.retirements == 0 && told.items == 0,
	      "nothing is given back before there is no room");
	CLAIM(gather.item_count == was.item_count + 1 && gather.first == was.first &&
		      gather.last == was.last && gather.cut == was.cut && gather.nodes == was.nodes,
	      "and the rest stays");
	REACHES(gather.item_count == MZ_GATHER_ITEMS);
}

/* Two nodes make a list of two. */
void gather_node(void)
{
	unsigned one = nondet_unsigned(), two = nondet_unsigned();
	uint32_t cut;

	free_full_gather();
	ASSUME(one < FRAMES && two < FRAMES && one != two);
	cut = gather.cut;

	mz_gather_node_(table.config.format, &gather, address_of(one));
	mz_gather_node_(table.config.format, &gather, address_of(two));

	CLAIM(gather.nodes, "upper entries are to be flushed");
	CLAIM(gather.cut == FIRST_FRAME + two && frames[two].next == FIRST_FRAME + one &&
		      frames[one].next == cut,
	      "cut nodes are a list");
	CLAIM(told.flushes == 0 && told.retirements == 0 && told.items == 0,
	      "nothing is given back yet");
	REACHES(cut == MZ_FRAME_NONE);
}

/* Two nodes that other tables have too, of which some are giving one up already. */
void gather_shared(void)
{
	struct mz_frame was[FRAMES];
	bool listed[FRAMES] = {false};
	unsigned kept = 0;

	free_full_gather();
	gather.cut = MZ_FRAME_NONE;
	gather.item_count = 0;
	table.config.items.put = NULL;
	for (unsigned f = 1; f < FRAMES; f++) {
		mz_node node = {address_of(f)};

		frames[f] = mz_frame_new(1);
		frames[f].refs = nondet_u32();
		frames[f].parting = nondet_bool();
		frames[f].parted = nondet_bool();
		ASSUME(frames[f].refs > 1u + frames[f].parting);
		was[f] = frames[f];
		mz_gather_shared_(&gather, node);
		kept += was[f].parting;
		CLAIM(gather.parted_count == kept &&
			      (!was[f].parting || gather.parted[kept - 1].oa.addr == node.oa.addr),
		      "keeps the reference where another is given up");
		CLAIM(frames[f].refs == was[f].refs && told.flushes == 0, "and gives nothing back");
	}

	mz_gather_finish(&gather);

	claim_new();
	CLAIM(gather.parted_count == 0, "and keeps no reference");
	for (uint32_t page = told.retirements == 0 ? MZ_FRAME_NONE : told.cut, i = 0;
	     page != MZ_FRAME_NONE && i < FRAMES; i++) {
		unsigned f = page - FIRST_FRAME;

		CLAIM(f > 0 && f < FRAMES && !listed[f], "each node is retired once");
		ASSUME(f < FRAMES);
		listed[f] = true;
		page = frames[f].next;
	}
	for (unsigned f = 1; f < FRAMES; f++) {
		CLAIM(listed[f] == !was[f].parting, "what nobody else is giving up is retired");
		CLAIM(frames[f].parting, "and is being given up now");
		CLAIM(frames[f].refs == was[f].refs - was[f].parting,
		      "with a reference, which goes behind the flush where another is retired");
		CLAIM(!was[f].parting || frames[f].parted, "and that has to wait once more");
	}
	REACHES(listed[1] && listed[2]);
	REACHES(!listed[1] && told.retirements == 0);
}
