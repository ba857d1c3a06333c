// SPDX-License-Identifier: MPL-2.0
/*
 * core/huge.h on any table of the shape, at any address, any level. Where the
 * MMU may write, it does so once: before an entry is replaced, or before a flush is over.
 * Long proof huge_split: -DSHAPE=22 -DCOVER=2 --function huge_split --unwind 4
 *   --unwindset split_count:1,split_count.0:1,split_count_whole.0:1,split_fill:1,split_fill.0:3
 *   --unwindset split_fill_run:1,split_fill_run.0:1,entries_fill.0:1,entries_fill.2:3
 *   --unwindset split_leaf.0:3,split_undo:1,split_undo.0:1
 * Long proof huge_collapse: -DSHAPE=22 -DLINKS -DCOVER=2 --function huge_collapse --unwind 4
 *   --unwindset mz_node_put.0:2,instance_drop.0:1,mz_table_reclaim.0:2
 */
#include "tests/proof/narrow.h"

#include "core/huge.c"

/* A processor has the watched leaf cached until it is flushed. */
static void flush_late(void *context, mz_ia first, mz_ia last, bool nodes)
{
	if (watched.was.level != 0 && is_inside(watched.addr, first.addr, last.addr))
		mmu_writes_now(watched.slot);
	hook_flush(context, first, last, nodes);
}

static void free_huge(void)
{
	free_table();
	table.config.flush.range = flush_late;
	mz_gather_init(&gather, &table);
	gather.unmapped = HOOKS ? hook_report : NULL;
}

static void claim_error(enum mz_error error, uint64_t addr, unsigned level)
{
	bool leaves = level >= 1 && level <= SHAPE_LEVELS &&
		(table.config.leaf_levels >> level & 1) != 0;
	uint64_t page = addr & ~(uint64_t)(NODE_BYTES - 1);
	bool managed = range_is_managed(page, page + (NODE_BYTES - 1));

	CLAIM((error == MZ_OUT_OF_RANGE) == !managed,
	      "out of range where the table does not reach");
	CLAIM((error == MZ_BAD_LEVEL) == (managed && !leaves), "bad level where it has no leaves");
	CLAIM(error == MZ_OK || error == MZ_OUT_OF_RANGE || error == MZ_BAD_LEVEL ||
		      error == MZ_NOT_MAPPED || (error == MZ_NO_MEMORY && memory_refused),
	      "fails as documented");
}

void huge_split(void)
{
	mz_ia ia = mz_ia_from(nondet_u64());
	unsigned level = nondet_unsigned(), slot;
	struct mz_item was, is;
	enum mz_error error;

	free_huge();
	was = lookup(ia.addr, &slot);

	error = mz_table_split(&table, ia, level, &gather);

	finish(&gather);
	claim_valid();
	claim_others_unchanged();
	claim_error(error, ia.addr, level);
	CLAIM(watched.reported == 0, "reports nothing as unmapped");
	if (error != MZ_OK) {
		CLAIM(error != MZ_NOT_MAPPED || was.level == 0, "not mapped where nothing is");
		claim_unchanged();
		REACHES(error == MZ_NOT_MAPPED);
		REACHES(error == MZ_NO_MEMORY);
		return;
	}
	CLAIM(was.level != 0, "splits what is mapped");
	is = lookup(ia.addr, &slot);
	CLAIM(is.level == (was.level < level ? was.level : level),
	      "the leaf around the address has the level, or was smaller");
	is = lookup(watched.addr, &slot);
	CLAIM(is.oa.addr == watched.was.oa.addr && (is.level != 0) == (watched.was.level != 0) &&
		      same_prop(is.prop, watched.was.prop),
	      "translates as before, and loses no flag");
	CLAIM(is.level == watched.was.level || watched.flushed, "flushes what was split");
	REACHES(is.level == 1 && watched.was.level == 2 && mmu_has_written);
}

/* Can the node below the root's entry for `addr` give way to one leaf, as core/huge.h says? */
static bool is_alike(uint64_t addr, unsigned level)
{
	unsigned index = (unsigned)(addr / span_of(2)) & (ENTRIES - 1), node = index + 1;
	bool narrow = is_narrow_now(addr), alike = level == 2 && !table.config.root_fixed;
	struct mz_prop prop = small_prop(pool[node * ENTRIES], 1);
	uint64_t oa = small_oa(pool[node * ENTRIES], 1).addr;

	if (narrow)
		prop.perm &= (uint8_t)~MZ_WRITE;
	alike &= small_kind(pool[index], 2) == MZ_NODE && (oa & (span_of(2) - 1)) == 0 &&
		small_encodable(prop, 2, table.config.features);
	for (unsigned i = 0; i < ENTRIES; i++) {
		kept_entry entry = pool[node * ENTRIES + i];
		struct mz_prop other = small_prop(entry, 1);

		if (narrow)
			other.perm &= (uint8_t)~MZ_WRITE;
		alike &= small_kind(entry, 1) == MZ_LEAF &&
			small_oa(entry, 1).addr == oa + i * span_of(1) && other.perm == prop.perm &&
			other.memory == prop.memory;
	}
	return alike;
}

static void claim_collapsed(uint64_t addr, bool wrote)
{
	unsigned slot;
	struct mz_item is = lookup(watched.addr, &slot);

	if (watched.addr >> IA_LG2 != 0 || addr / span_of(2) != watched.addr / span_of(2)) {
		CLAIM(same_item(is, watched.was), "all else is as before");
		return;
	}
	CLAIM(is.level == 2, "one leaf is there");
	CLAIM(is.oa.addr == watched.was.oa.addr && is.prop.memory == watched.was.prop.memory &&
		      (is.prop.perm | MZ_WRITE) == (watched.was.prop.perm | MZ_WRITE) &&
		      lets_write_now(is, watched.addr) == wrote,
	      "translates as before, with the same permissions");
	CLAIM((watched.was.prop.flags & ~is.prop.flags) == 0, "and loses no flag");
	CLAIM(watched.flushed && flushed_nodes, "flushes the nodes that were there");
	REACHES(mmu_has_written && is.prop.flags == MZ_DIRTY);
}

void huge_collapse(void)
{
	mz_ia ia = mz_ia_from(nondet_u64());
	unsigned level = nondet_unsigned();
	bool alike = false, wrote;
	enum mz_error error;

	free_huge();
	wrote = lets_write_now(watched.was, watched.addr);
	if (ia.addr >> IA_LG2 == 0)
		alike = is_alike(ia.addr, level);

	error = mz_table_collapse(&table, ia, level, &gather);

	finish(&gather);
	claim_valid();
	claim_others_unchanged();
	claim_error(error, ia.addr, level);
	CLAIM(error != MZ_NO_MEMORY, "never out of memory");
	CLAIM(watched.reported == 0, "reports nothing as unmapped");
	if (error != MZ_OK) {
		CLAIM(error != MZ_NOT_MAPPED || !alike, "not mapped where leaves differ");
		claim_unchanged();
		REACHES(error == MZ_NOT_MAPPED && level == 2);
		return;
	}
	CLAIM(alike, "collapses leaves that are alike");
	claim_collapsed(ia.addr, wrote);
	REACHES(before.live[1] && !live[1]);
}
