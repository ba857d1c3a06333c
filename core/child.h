/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Children: what an entry refers to - nothing, a node, or an item. A struct mz_child owns it: the
 * reference to the node, or the item's. A struct mz_child_ref only looks.
 */
#ifndef MZ_CORE_CHILD_H
#define MZ_CORE_CHILD_H

#include "core/node.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mz_child {
	enum mz_kind kind;   /* absent: nothing is owned */
	mz_node node;        /* of a node */
	struct mz_item item; /* of a leaf; `level` is that of the entry */
};

struct mz_child_ref {
	enum mz_kind kind;
	struct mz_node_ref node;
	struct mz_item item;
};

static inline struct mz_child mz_child_absent(void)
{
	struct mz_child child = {MZ_ABSENT, {{0}}, {{0}, {0, 0, 0}, 0}};

	return child;
}

/* Takes over the caller's reference to the node. */
static inline struct mz_child mz_child_from_node(mz_node node)
{
	struct mz_child child = mz_child_absent();

	child.kind = MZ_NODE;
	child.node = node;
	return child;
}

/* Takes over the caller's reference to the item. */
static inline struct mz_child mz_child_from_item(struct mz_item item)
{
	struct mz_child child = mz_child_absent();

	child.kind = MZ_LEAF;
	child.item = item;
	return child;
}

/*
 * Into an entry of `level` and back: the same child, the same ownership. The entry owns in between.
 * MZ_BAD_LEVEL: a node that is not of the level below, an item of another level or of one without
 * leaves. MZ_NOT_ENCODABLE, MZ_MISALIGNED, MZ_OUT_OF_RANGE: an item that the format cannot express.
 */
MZ_MUST_CHECK enum mz_error mz_child_into_entry(const struct mz_config *c, struct mz_child child,
						unsigned level, uint64_t *entry);
struct mz_child mz_child_from_entry(const struct mz_config *c, uint64_t entry, unsigned level);

/* Looks at what an entry owns: no reference is taken. */
struct mz_child_ref mz_child_ref(const struct mz_config *c, uint64_t entry, unsigned level);

/* Gives up what the child owns: puts the node, or the item through its hook. */
void mz_child_put(const struct mz_config *c, struct mz_child child);

#ifdef __cplusplus
}
#endif

#endif
