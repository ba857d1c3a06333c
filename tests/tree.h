/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A look at a table's nodes that uses none of the library's walks: through the format's functions
 * and `linear` alone. Tests judge the library by it, and reach entries through it that they set as
 * an MMU, or a stray pointer, would.
 */
#ifndef MZ_TESTS_TREE_H
#define MZ_TESTS_TREE_H

#include "core/table.h"
#include "tests/model.h"

uint64_t *tree_node(const struct mz_table *table, mz_oa node);
struct mz_frame *tree_frame(const struct mz_table *table, mz_oa node);

/* The entry of this level on the way to ia, and its node; NULL if the way ends above it. */
uint64_t *tree_slot(const struct mz_table *table, uint64_t ia, unsigned level, mz_oa *node);

/*
 * The entry with one flag more, by the bit that the MMU sets for it; as it was if it has none.
 */
uint64_t tree_with_flag(const struct mz_format *f, uint64_t entry, unsigned level, unsigned flag);

/* Is this what a leaf says of itself that stands for a device, and lets no access? */
bool tree_is_marker(const struct mz_config *config, struct mz_prop prop);

/* The present entries and the nodes, each node before its entries, in the order of the entries. */
struct tree_row {
	mz_oa node;
	unsigned level, index; /* index TREE_NODE: the node itself */
	uint64_t ia;
	uint64_t entry; /* of a node: its child_count */
};

#define TREE_NODE 0xffffffffu

struct tree {
	struct tree_row *rows;
	size_t count, max;
};

void tree_init(struct tree *tree);
void tree_destroy(struct tree *tree);

/* Replaces what `tree` holds by all that the table has within its root range. */
void tree_read(struct tree *tree, const struct mz_table *table);

bool tree_equal(const struct tree *a, const struct tree *b);

/* Equal but for where the nodes lie. */
bool tree_same_shape(const struct mz_format *format, const struct tree *a, const struct tree *b);

/* The leaves, joined, as a model: with permissions as links narrow them. */
void tree_model(const struct tree *tree, const struct mz_format *format, struct model *model);

/* ia as an address of the format: with the sign repeated where the format is signed. */
uint64_t tree_canonical(const struct mz_format *format, uint64_t ia);

#endif
