// SPDX-License-Identifier: MPL-2.0
/*
 * core/child.h: any configuration, any tree of the shape, any child, any level, any 64-bit word.
 * Proof child_into_entry: -DSHAPE=22 --function child_into_entry --unwind 4
 * Proof child_into_entry@FORMATS: -DSHAPE=22 --function child_into_entry --unwind 4
 * Proof child_from_entry: -DSHAPE=22 --function child_from_entry --unwind 4
 * Proof child_from_entry@FORMATS: -DSHAPE=22 --function child_from_entry --unwind 4
 * Proof child_ref: -DSHAPE=22 --function child_ref --unwind 4
 * Proof child_put: -DSHAPE=22 -DHOOKS --function child_put --unwind 4
 */
#include "tests/proof/single.h"

void child_into_entry(void)
{
	struct mz_child child, back;
	unsigned level = nondet_unsigned();
	uint64_t entry = nondet_u64(), was = entry;
	enum mz_error error;

	free_table();
	child = free_child();

	error = mz_child_into_entry(&table.config, child, level, &entry);

	claim_unchanged();
	claim_fits(error, child, level);
	if (error != MZ_OK) {
		CLAIM(entry == was, "what is refused leaves the entry alone");
		return;
	}
	back = mz_child_from_entry(&table.config, entry, level);
	CLAIM(same_child(back, child), "the child comes back");
	REACHES(child.kind == MZ_NODE);
	REACHES(child.kind == MZ_LEAF && level == SHAPE_LEVELS);
	REACHES(child.kind == MZ_ABSENT);
}

void child_from_entry(void)
{
	uint64_t entry = nondet_u64();
	unsigned level = nondet_unsigned();
	struct mz_child child;

	free_config();
	ASSUME(level >= 1 && level <= SHAPE_LEVELS);

	child = mz_child_from_entry(&table.config, entry, level);

	CLAIM(child.kind == small_kind(entry, level), "a child is what its entry is");
	CLAIM(child.kind != MZ_NODE || child.node.oa.addr == small_oa(entry, level).addr,
	      "a node is the one that is linked");
	CLAIM(child.kind != MZ_LEAF ||
		      (child.item.oa.addr == small_oa(entry, level).addr &&
		       same_prop(child.item.prop, small_prop(entry, level)) &&
		       child.item.level == level),
	      "an item is that of the leaf");
	REACHES(child.kind == MZ_NODE);
	REACHES(child.kind == MZ_LEAF);
}

void child_ref(void)
{
	unsigned frame = nondet_unsigned(), index = nondet_unsigned(), level;
	struct mz_child_ref ref;
	uint64_t entry;

	free_table();
	ASSUME(frame < FRAMES && index < ENTRIES && live[frame]);
	ASSUME(frame != 0 || is_managed(index));
	level = mz_frame_level(&frames[frame]);
	entry = pool[frame * ENTRIES + index];

	ref = mz_child_ref(&table.config, entry, level);

	claim_unchanged();
	CLAIM(ref.kind == small_kind(entry, level), "what it refers to is what the entry is");
	if (ref.kind == MZ_NODE) {
		unsigned below = frame_of(small_oa(entry, level));

		CLAIM(ref.node.frame == &frames[below] &&
			      ref.node.level == mz_frame_level(&frames[below]) &&
			      ref.node.level == level - 1,
		      "a node is found with its metadata and its level");
		CLAIM((uintptr_t)ref.node.slots == LINEAR + address_of(below).addr,
		      "and with its entries");
	}
	CLAIM(ref.kind != MZ_LEAF ||
		      (ref.item.oa.addr == small_oa(entry, level).addr &&
		       same_prop(ref.item.prop, small_prop(entry, level)) &&
		       ref.item.level == level),
	      "an item is that of the leaf");
	REACHES(ref.kind == MZ_NODE);
	REACHES(ref.kind == MZ_LEAF);
}

/* What dies with a last reference is for node_put. */
void child_put(void)
{
	struct mz_child child;
	unsigned frame;
	uint32_t refs;
	int taken;

	free_table();
	child = free_child();
	frame = child.kind == MZ_NODE ? frame_of(child.node.oa) : 0;
	if (child.kind == MZ_NODE) {
		frames[frame].refs = nondet_u32();
		ASSUME(frames[frame].refs > 1);
	}
	ASSUME(child.kind != MZ_LEAF ||
	       (child.item.level >= 1 && child.item.level <= SHAPE_LEVELS));
	refs = frames[frame].refs;
	taken = watched.taken;

	mz_child_put(&table.config, child);

	CLAIM(frames[frame].refs == refs - (child.kind == MZ_NODE),
	      "a node's reference is given back");
	CLAIM(live[frame], "a node that has owners lives");
	CLAIM(watched.taken == taken - (child.kind == MZ_LEAF && item_has(child.item, watched.oa)),
	      "an item is put once, and nothing else is");
	REACHES(child.kind == MZ_NODE);
	REACHES(watched.taken != taken);
}
