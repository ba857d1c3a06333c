/* SPDX-License-Identifier: MPL-2.0 */
/* What proofs of single nodes, entries and children share: any child, and what fits where. */
#ifndef MZ_TESTS_PROOF_SINGLE_H
#define MZ_TESTS_PROOF_SINGLE_H

#include "tests/proof/table.h"

#include "core/child.c"

/* Any child, whether it fits anywhere or not; a node is one that is allocated. */
static struct mz_child free_child(void)
{
	struct mz_child child = mz_child_absent();

	child.kind = (enum mz_kind)(nondet_unsigned() % 3);
	if (child.kind == MZ_NODE) {
		unsigned frame = nondet_unsigned();

		ASSUME(frame < FRAMES && live[frame]);
		child.node.oa = address_of(frame);
	} else if (child.kind == MZ_LEAF) {
		child.item.oa = mz_oa_from(nondet_u64());
		child.item.prop.perm = nondet_u8();
		child.item.prop.memory = nondet_u8();
		child.item.prop.flags = nondet_u16();
		child.item.level = nondet_u8();
	}
	return child;
}

static bool same_child(struct mz_child a, struct mz_child b)
{
	if (a.kind != b.kind)
		return false;
	if (a.kind == MZ_NODE)
		return a.node.oa.addr == b.node.oa.addr;
	return a.kind != MZ_LEAF || same_item(a.item, b.item);
}

/* Claims that `error` is what core/child.h says of `child` in an entry of `level`. */
static void claim_fits(enum mz_error error, struct mz_child child, unsigned level)
{
	bool in_format = level >= 1 && level <= SHAPE_LEVELS;
	bool leaves = in_format && (table.config.leaf_levels >> level & 1) != 0;
	uint64_t offset = leaves ? span_of(level) - 1 : 0;

	if (!in_format) {
		CLAIM(error == MZ_BAD_LEVEL, "a level that the format lacks is refused");
	} else if (child.kind == MZ_NODE) {
		CLAIM(error ==
			      (mz_frame_level(&frames[frame_of(child.node.oa)]) == level - 1
				       ? MZ_OK
				       : MZ_BAD_LEVEL),
		      "a node fits where it is of the level below, and nowhere else");
	} else if (child.kind == MZ_LEAF) {
		CLAIM((error == MZ_BAD_LEVEL) == (!leaves || child.item.level != level),
		      "an item fits at its level, where that has leaves");
		CLAIM(error != MZ_MISALIGNED || (child.item.oa.addr & offset) != 0,
		      "misaligned where it is");
		CLAIM(error != MZ_OUT_OF_RANGE || child.item.oa.addr + offset >> OA_LG2 != 0,
		      "out of range where it is");
		CLAIM(error != MZ_NOT_ENCODABLE ||
			      !small_encodable(child.item.prop, level, table.config.features),
		      "not encodable where it is not");
		CLAIM(error != MZ_OK ||
			      ((child.item.oa.addr & offset) == 0 &&
			       child.item.oa.addr + offset >> OA_LG2 == 0 &&
			       small_encodable(child.item.prop, level, table.config.features)),
		      "what is accepted can be expressed");
		CLAIM(error == MZ_OK || error == MZ_BAD_LEVEL || error == MZ_MISALIGNED ||
			      error == MZ_OUT_OF_RANGE || error == MZ_NOT_ENCODABLE,
		      "fails as documented");
	} else {
		CLAIM(error == MZ_OK, "nothing fits anywhere");
	}
}

#endif
