// SPDX-License-Identifier: MPL-2.0
/*
 * core/clone.h on any table of the shape, with any arguments, memory or none at each allocation.
 * Any node of a table that shares may have one more owner, another table: nothing may be written
 * through the link to it, and it stays as it is.
 * Long proof clone_make: -DSHAPE=22 -DLINKS -DSPARE=1 --function clone_make --unwind 5
 *   --unwindset write_protect_below:1,write_protect_below.0:3,protect_all.0:3,share_entries.0:3
 * Long proof clone_own: -DSHAPE=22 -DLINKS -DSPARE=2 --function clone_own --unwind 6
 *   --unwindset own_below:1,own_below.0:3,share_entries.0:3,mz_gather_finish.1:3
 *   --unwindset mz_node_put.0:2,instance_drop.0:1,mz_table_reclaim.0:3
 * Long proof clone_exchange: -DSHAPE=22 -DLINKS --function clone_exchange --unwind 4
 *   --unwindset split_count:1,split_count.0:1,split_count_whole.0:1,split_fill:1,split_fill.0:3
 *   --unwindset split_fill_run:1,split_fill_run.0:1,entries_fill.0:1,entries_fill.2:3
 *   --unwindset split_leaf.0:3,split_undo:1,split_undo.0:1
 */
#include "tests/proof/narrow.h"

#include "core/clone.c"
#include "core/huge.c"

/* By how many other tables a node is owned. */
static uint32_t others[FRAMES];

/* Claims that each node has an owner for each link to it, for each table, and for each other. */
static void claim_owned(unsigned roots)
{
	unsigned frame = nondet_unsigned(), links = 0, present = 0;

	ASSUME(frame < FRAMES);
	if (!live[frame])
		return;
	for (unsigned f = 0; f < FRAMES; f++)
		for (unsigned i = 0; i < ENTRIES; i++)
			links += live[f] && mz_frame_level(&frames[f]) == 2 &&
				(f != 0 || is_managed(i)) &&
				small_kind(pool[f * ENTRIES + i], 2) == MZ_NODE &&
				links_to(pool[f * ENTRIES + i], address_of(frame), 2);
	for (unsigned i = 0; i < ENTRIES; i++)
		present += (frame != 0 || is_managed(i)) &&
			small_kind(pool[frame * ENTRIES + i], mz_frame_level(&frames[frame])) !=
				MZ_ABSENT;
	CLAIM(mz_frame_level(&frames[frame]) == 2 ? roots > 0 && links == 0
						  : links + others[frame] > 0,
	      "nothing leaks");
	CLAIM(frames[frame].refs ==
		      (mz_frame_level(&frames[frame]) == 2 ? 1 : links + others[frame]),
	      "a node has as many references as owners");
	CLAIM(frames[frame].child_count == present, "child_count is right");
	CLAIM(!mz_frame_stray(&frames[frame]) && frames[frame].lock == 0,
	      "no node is stray or locked");
	CLAIM(!HOOKS || watched.taken == times_mapped(),
	      "an item is owned as often as it is mapped");
}

/* Claims that a table maps the watched address as before, but for the permission to write. */
static void claim_same(unsigned root, bool may_write)
{
	unsigned slot;
	struct mz_item is = lookup_below(root, watched.addr, &slot);

	CLAIM(same_but_write(is, watched.was) && is.level == watched.was.level,
	      "all is mapped as before");
	CLAIM((is.prop.perm & MZ_READ) == 0 ||
		      lets_write_below(root, is, watched.addr) == may_write,
	      "and memory may be written where it should");
}

static bool clone_is_flushed;

static void flush_clone(void *context, mz_ia first, mz_ia last, bool nodes)
{
	(void)context, (void)first, (void)last, (void)nodes;
	clone_is_flushed = true;
}

/* The frame that no node of the table is in: always the same, which saves CBMC paths. */
static enum mz_error alloc_root(void *context, unsigned size_lg2, mz_oa *pa)
{
	(void)context;
	return alloc_frame(FRAMES - 1, size_lg2, pa);
}

void clone_make(void)
{
	const struct mz_flush flush = {NULL, flush_clone};
	struct mz_table clone;
	enum mz_error error;
	bool wrote;

	free_table();
	table.config.memory.alloc = alloc_root;
	mz_gather_init(&gather, &table);
	wrote = lets_write_now(watched.was, watched.addr);

	error = mz_table_clone(&clone, &table, &flush, &gather);

	finish(&gather);
	CLAIM((error == MZ_BAD_ROOT) == table.config.root_fixed,
	      "nodes that are fixed are its own");
	CLAIM(!clone_is_flushed, "nobody has the clone cached yet");
	if (error != MZ_OK) {
		CLAIM(error == MZ_BAD_ROOT || (error == MZ_NO_MEMORY && memory_refused),
		      "fails as documented");
		claim_unchanged();
		CLAIM(!table.shares, "and shares nothing");
		REACHES(error == MZ_NO_MEMORY);
		return;
	}
	CLAIM(table.shares && clone.shares && clone.config.flush.range == flush_clone &&
		      clone.config.root_first == table.config.root_first &&
		      clone.config.root_end == table.config.root_end,
	      "both share, and each flushes for itself");
	claim_owned(2);
	claim_others_unchanged();
	claim_same(0, false);
	claim_same(frame_of(clone.root_oa), false);
	CLAIM(!wrote || (watched.was.prop.perm & MZ_READ) == 0 || watched.flushed,
	      "what might have been written is flushed");
	REACHES(wrote && watched.was.level == 1 && frames[2].refs == 2);
	REACHES(wrote && watched.was.level == 2);
}

/* Gives nodes other owners, if the table shares. */
static void share_nodes(void)
{
	table.shares = nondet_bool();
	for (unsigned i = 0; i < ENTRIES; i++) {
		unsigned frame = i + 1;

		others[frame] = live[frame] && nondet_bool();
		ASSUME(others[frame] == 0 ||
		       (table.shares && (small_prop(pool[i], 2).perm & MZ_WRITE) == 0));
		frames[frame].refs += others[frame];
	}
	take_snapshot();
}

/* Is the node around an address on a way that mz_table_own() is to make the table's own? */
static bool is_asked_for(uint64_t addr, uint64_t first, uint64_t last, bool all)
{
	uint64_t base = addr & ~(span_of(2) - 1), base_last = base + (span_of(2) - 1);

	return base <= last && base_last >= first && (all || base < first || base_last > last);
}

void clone_own(void)
{
	mz_ia ia = mz_ia_from(nondet_u64());
	uint64_t bytes = nondet_u64(), last = ia.addr + (bytes - 1);
	bool all = nondet_bool(), wrote;
	unsigned other = nondet_unsigned(), i = nondet_unsigned(), now;
	enum mz_error error;

	free_table();
	share_nodes();
	mz_gather_init(&gather, &table);
	wrote = lets_write_now(watched.was, watched.addr);

	error = mz_table_own(&table, ia, bytes, all, &gather);

	finish(&gather);
	claim_owned(1);
	claim_others_unchanged();
	claim_same(0, wrote);
	CLAIM((error == MZ_OK || error == MZ_NO_MEMORY) ==
		      (bytes > 0 && range_is_managed(ia.addr, last)),
	      "of whole pages that the table manages");
	CLAIM(error == MZ_OK || error == MZ_MISALIGNED || error == MZ_OUT_OF_RANGE ||
		      (error == MZ_NO_MEMORY && memory_refused),
	      "fails as documented");
	ASSUME(other < FRAMES && i < ENTRIES && others[other] != 0);
	CLAIM(live[other] && pool[other * ENTRIES + i] == before.pool[other * ENTRIES + i] &&
		      frames[other].child_count == before.frames[other].child_count,
	      "what another table has stays as it is");
	ASSUME(is_inside(watched.addr, (other - 1) * span_of(2), other * span_of(2) - 1) &&
	       small_kind(pool[other - 1], 2) == MZ_NODE);
	now = frame_of(small_oa(pool[other - 1], 2));
	CLAIM(now == other || (watched.flushed && flushed_nodes), "flushes the link to it");
	CLAIM(now == other || error == MZ_OK || error == MZ_NO_MEMORY, "nothing is copied in vain");
	CLAIM(now == other || is_asked_for(watched.addr, ia.addr, last, all),
	      "nor what is not asked for");
	CLAIM(error != MZ_OK || now != other || !is_asked_for(watched.addr, ia.addr, last, all),
	      "the way is the table's own");
	REACHES(error == MZ_OK && now != other && others[3 - other] != 0 && !all);
	REACHES(error == MZ_NO_MEMORY && now != other);
}

void clone_exchange(void)
{
	mz_ia ia = mz_ia_from(nondet_u64());
	mz_oa from = mz_oa_from(nondet_u64()), to = mz_oa_from(nondet_u64());
	struct mz_item was, is;
	enum mz_error error;
	unsigned slot;
	bool inside, fits, copied;

	free_table();
	mz_gather_init(&gather, &table);
	gather.unmapped = HOOKS ? hook_report : NULL;
	was = lookup(ia.addr, &slot);
	fits = ((from.addr | to.addr) & (NODE_BYTES - 1)) == 0 && to.addr >> OA_LG2 == 0 &&
		range_is_managed(ia.addr, ia.addr + (NODE_BYTES - 1));
	copied = was.level != 0 && was.oa.addr == from.addr && !lets_write_now(was, ia.addr);

	error = mz_table_exchange(&table, ia, from, to, &gather);

	finish(&gather);
	claim_valid();
	claim_others_unchanged();
	is = lookup(watched.addr, &slot);
	if (error != MZ_OK) {
		CLAIM(error == MZ_NOT_MAPPED || (error == MZ_NO_MEMORY && memory_refused) ||
			      ((error == MZ_MISALIGNED || error == MZ_OUT_OF_RANGE) && !fits),
		      "fails as documented");
		CLAIM(error != MZ_NOT_MAPPED || (fits && !copied), "not mapped where it is not");
		CLAIM(is.oa.addr == watched.was.oa.addr &&
			      (is.level != 0) == (watched.was.level != 0) &&
			      same_prop(is.prop, watched.was.prop) && watched.reported == 0,
		      "and all is mapped as before");
		REACHES(error == MZ_NOT_MAPPED && was.oa.addr == from.addr && was.level == 2);
		REACHES(error == MZ_NO_MEMORY);
		return;
	}
	inside = is_inside(watched.addr, ia.addr, ia.addr + (NODE_BYTES - 1));
	CLAIM(fits && copied, "exchanges what was copied");
	CLAIM(is.level == watched.was.level || watched.flushed, "flushes what was split");
	CLAIM(watched.reported == (inside && HOOKS), "reports the old page once");
	if (inside) {
		CLAIM(is.level == 1 && is.oa.addr == to.addr + (watched.addr - ia.addr),
		      "the new page is mapped");
		is.prop.flags |= watched.was.prop.flags;
		CLAIM(same_prop(is.prop, watched.was.prop), "with the same properties");
		CLAIM(watched.flushed, "and the old one flushed");
		REACHES(watched.was.level == 2);
		REACHES((is.prop.perm & MZ_WRITE) != 0);
	} else {
		CLAIM(is.oa.addr == watched.was.oa.addr &&
			      (is.level != 0) == (watched.was.level != 0) &&
			      same_prop(is.prop, watched.was.prop),
		      "all else is as before");
	}
}
