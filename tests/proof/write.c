// SPDX-License-Identifier: MPL-2.0
/*
 * mz_table_write_protect() and mz_table_write_enable() on any table of the shape, links narrow or
 * not, with any arguments, a gather of the caller's or none, memory or none at each allocation.
 * Long proof write_protect_1: -DSHAPE=22 -DLINKS -DCOVER=1 --function write_protect --unwind 4
 *   --unwindset write_protect_below:1,write_protect_below.0:3,lock_cover.0:2,lock_to_protect.0:2
 * Long proof write_protect_2: -DSHAPE=22 -DLINKS -DCOVER=2 --function write_protect --unwind 4
 *   --unwindset write_protect_below:1,write_protect_below.0:3,lock_cover.0:2,lock_to_protect.0:2
 * Long proof write_protect_flat_1: -DSHAPE=22 -DFLAT -DCOVER=1 --function write_protect --unwind 4
 *   --unwindset write_protect_below:1,write_protect_below.0:3,lock_cover.0:2,lock_to_protect.0:2
 * Long proof write_protect_flat_2: -DSHAPE=22 -DFLAT -DCOVER=2 --function write_protect --unwind 4
 *   --unwindset write_protect_below:1,write_protect_below.0:3,lock_cover.0:2,lock_to_protect.0:2
 * Long proof write_enable_1: -DSHAPE=22 -DLINKS -DLANDING=1 --function write_enable --unwind 4
 *   --unwindset instance_write_enable.0:2,forbid_write.0:2,allow_write.0:2,entry_protect.0:2
 *   --unwindset split_count:1,split_count.0:1,split_count_whole.0:1,split_fill:1,split_fill.0:1
 *   --unwindset split_fill_run:1,split_fill_run.0:1,entries_fill.0:1,entries_fill.2:1
 *   --unwindset split_leaf.0:1,split_undo:1,split_undo.0:1
 * Long proof write_enable_2: -DSHAPE=22 -DLINKS -DLANDING=2 --function write_enable --unwind 4
 *   --unwindset instance_write_enable.0:2,forbid_write.0:2,allow_write.0:2,entry_protect.0:2
 *   --unwindset split_count:1,split_count.0:1,split_count_whole.0:1,split_fill:1,split_fill.0:3
 *   --unwindset split_fill_run:1,split_fill_run.0:1,entries_fill.0:1,entries_fill.2:3
 *   --unwindset split_leaf.0:3,split_undo:1,split_undo.0:1
 */
#include "tests/proof/narrow.h"

void write_protect(void)
{
	mz_ia ia = mz_ia_from(nondet_u64());
	uint64_t bytes = nondet_u64(), last = ia.addr + (bytes - 1);
	struct mz_gather *given;
	struct mz_item is;
	enum mz_error error;
	bool wrote, writes;
	unsigned slot;

	free_table();
	given = free_gather();
	wrote = lets_write_now(watched.was, watched.addr);

	error = instance_write_protect(&table, ia, bytes, given);

	finish(given);
	claim_valid();
	claim_others_unchanged();
	CLAIM(watched.reported == 0, "reports nothing as unmapped");
	if (error != MZ_OK) {
		CLAIM(error == MZ_MISALIGNED || error == MZ_OUT_OF_RANGE, "fails as documented");
		CLAIM(bytes == 0 || !range_is_managed(ia.addr, last),
		      "refuses only what is not the table's");
		claim_unchanged();
		return;
	}
	CLAIM(bytes > 0 && range_is_managed(ia.addr, last),
	      "protects whole pages that the table manages");
	is = lookup(watched.addr, &slot);
	writes = lets_write_now(is, watched.addr);
	CLAIM(same_but_write(is, watched.was) && is.level == watched.was.level,
	      "all is mapped as before");
	if (watched_meets(ia.addr, last)) {
		CLAIM(!writes || (is.prop.perm & MZ_READ) == 0, "no memory there may be written");
		CLAIM(!wrote || writes || watched.flushed, "flushes what might have been");
		CLAIM(!wrote || is_narrow_now(watched.addr) == 0 || flushed_nodes,
		      "and links that forbid it");
		REACHES(wrote && !writes && mmu_has_written);
	} else {
		CLAIM(writes == wrote, "all else may be written as before");
		REACHES(wrote);
	}
}

/* What could be written before: `asked` at the address that was asked for, `wrote` at the watched.
 */
static void claim_enabled(uint64_t addr, struct mz_item was, const struct mz_writable *w,
			  bool asked, bool wrote)
{
	uint64_t last = w->ia.addr + (w->bytes - 1);
	unsigned slot;
	struct mz_item is = lookup(watched.addr, &slot);
	bool writes = lets_write_now(is, watched.addr);

	CLAIM(is_inside(addr, w->ia.addr, last) && w->leaf_level == was.level,
	      "says what it has let be written, and the leaf that it met");
	CLAIM(asked || w->level_max > 1 || w->bytes == span_of(1), "a part as was asked for");
	CLAIM(same_but_write(is, watched.was), "all is mapped as before");
	CLAIM(is.level == watched.was.level || watched.flushed, "flushes what was split");
	if (is_inside(watched.addr, w->ia.addr, last)) {
		CLAIM(writes, "that may be written");
#if LANDING > 1
		REACHES(!wrote && was.level == 2 && is.level == 1);
#endif
		REACHES(mmu_has_written && !wrote);
	} else {
		CLAIM((is.prop.perm & MZ_READ) == 0 || writes == wrote,
		      "and no memory else that might not before");
		CLAIM((is.prop.perm & ~watched.was.prop.perm) == 0, "no leaf says so either");
#if LANDING == 1
		REACHES((watched.was.prop.perm & ~is.prop.perm) == MZ_WRITE);
#endif
	}
}

void write_enable(void)
{
	mz_ia ia = mz_ia_from(nondet_u64());
	mz_oa only = mz_oa_from(nondet_u64());
	struct mz_writable w = {.level_max = nondet_unsigned()};
	enum mz_error error;
	bool asked, wrote, is_wanted;
	struct mz_item was, is;
	unsigned slot;

	free_table();
	w.gather = free_gather();
	w.only = nondet_bool() ? &only : NULL;
	wrote = lets_write_now(watched.was, watched.addr);
	was = lookup(ia.addr, &slot);
	asked = lets_write_now(was, ia.addr);
	is_wanted = was.level != 0 && (was.prop.perm & MZ_READ) != 0 &&
		(w.only == NULL || (was.oa.addr & ~(uint64_t)(NODE_BYTES - 1)) == only.addr);

	error = instance_write_enable(&table, ia, &w);

	finish(w.gather);
	claim_valid();
	claim_others_unchanged();
	CLAIM(watched.reported == 0, "reports nothing as unmapped");
	CLAIM((error == MZ_OUT_OF_RANGE) == (slot == FRAMES * ENTRIES),
	      "out of range where the table does not reach");
	if (error == MZ_OK) {
		CLAIM(is_wanted, "lets memory be written that was asked for");
		claim_enabled(ia.addr, was, &w, asked, wrote);
		return;
	}
	CLAIM(error == MZ_OUT_OF_RANGE || (error == MZ_NOT_MAPPED && !is_wanted) ||
		      (error == MZ_NO_MEMORY && memory_refused),
	      "fails as documented");
	is = lookup(watched.addr, &slot);
	CLAIM(same_but_write(is, watched.was) && is.level == watched.was.level,
	      "all is mapped as before");
	CLAIM((is.prop.perm & MZ_READ) == 0 || lets_write_now(is, watched.addr) == wrote,
	      "and memory may be written as before");
#if LANDING > 1
	REACHES(error == MZ_NO_MEMORY);
#endif
	REACHES(error == MZ_NOT_MAPPED && was.level != 0);
}
