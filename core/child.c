// SPDX-License-Identifier: MPL-2.0
#include "core/child.h"

static enum mz_error check_item(const struct mz_config *c, struct mz_item item, unsigned level)
{
	const struct mz_format *f = c->format;
	uint64_t mask = mz_span(f, level) - 1;
	uint64_t last = item.oa.addr + mask;
	unsigned oa_lg2 = mz_oa_lg2(c);

	if (item.level != level || !mz_leaf_allowed(c->leaf_levels, level))
		return MZ_BAD_LEVEL;
	if ((item.oa.addr & mask) != 0)
		return MZ_MISALIGNED;
	if (oa_lg2 < 64 && last >> oa_lg2 != 0)
		return MZ_OUT_OF_RANGE;
	return f->encodable(item.prop, level, c->features) ? MZ_OK : MZ_NOT_ENCODABLE;
}

enum mz_error mz_child_into_entry(const struct mz_config *c, struct mz_child child, unsigned level,
				  uint64_t *entry)
{
	const struct mz_format *f = c->format;
	enum mz_error error = MZ_OK;

	if (level < 1 || level > f->levels)
		return MZ_BAD_LEVEL;
	if (child.kind == MZ_NODE) {
		if (mz_node_ref(c, child.node).level != level - 1)
			return MZ_BAD_LEVEL;
		*entry = f->make_node(child.node.oa, level);
	} else if (child.kind == MZ_LEAF) {
		error = check_item(c, child.item, level);
		if (error == MZ_OK)
			*entry = f->make_leaf(child.item.oa, level, child.item.prop);
	} else {
		*entry = f->absent;
	}
	return error;
}

struct mz_child mz_child_from_entry(const struct mz_config *c, uint64_t entry, unsigned level)
{
	const struct mz_format *f = c->format;
	struct mz_child child = mz_child_absent();

	child.kind = f->kind(entry, level);
	if (child.kind == MZ_NODE) {
		child.node.oa = f->oa(entry, level);
	} else if (child.kind == MZ_LEAF) {
		child.item.oa = f->oa(entry, level);
		child.item.prop = f->prop(entry, level);
		child.item.level = (uint8_t)level;
	}
	return child;
}

struct mz_child_ref mz_child_ref(const struct mz_config *c, uint64_t entry, unsigned level)
{
	struct mz_child child = mz_child_from_entry(c, entry, level);
	struct mz_child_ref ref = {child.kind, {NULL, NULL, 0}, child.item};

	if (child.kind == MZ_NODE)
		ref.node = mz_node_ref_at(c->format, c, child.node.oa, level - 1);
	return ref;
}

void mz_child_put(const struct mz_config *c, struct mz_child child)
{
	if (child.kind == MZ_NODE)
		mz_node_put(c, child.node);
	else if (child.kind == MZ_LEAF && c->items.put != NULL)
		c->items.put(c->items.context, child.item);
}
