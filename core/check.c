// SPDX-License-Identifier: MPL-2.0
#include "core/check.h"

#include "core/node.h"
#include "core/visit.h"

const char *mz_rule_text(enum mz_rule rule)
{
	static const char *const texts[MZ_RULES] = {
		[MZ_RULE_NONE] = "every rule holds",
		[MZ_RULE_LEVEL] = "a node's level is that of its place",
		[MZ_RULE_REFS] = "a node in the tree has an owner",
		[MZ_RULE_STRAY] = "no stray node is in the tree",
		[MZ_RULE_LOCKED] = "no node is locked while nobody works on the table",
		[MZ_RULE_COUNT] = "child_count is the number of present entries",
		[MZ_RULE_EMPTY] = "no node below the root is empty",
		[MZ_RULE_LEAF_LEVEL] = "leaves are only at levels that allow them",
		[MZ_RULE_LEAF_ALIGNED] = "a leaf's output address is aligned and within the format",
		[MZ_RULE_PROP] = "a leaf's properties are encodable",
		[MZ_RULE_NODE_ADDRESS] = "a link points to an aligned node",
		[MZ_RULE_ROUND_TRIP] =
			"an entry is what the format makes of its address and properties",
	};

	return (unsigned)rule < MZ_RULES ? texts[rule] : "unknown rule";
}

static struct mz_violation violation(enum mz_rule rule, mz_oa node, unsigned level, unsigned index,
				     uint64_t entry)
{
	struct mz_violation v = {rule, node, level, index, entry};

	return v;
}

static enum mz_rule leaf_rule(const struct mz_table *table, uint64_t entry, unsigned level)
{
	const struct mz_format *f = table->config.format;
	mz_oa oa = f->oa(entry, level);
	struct mz_prop prop = f->prop(entry, level);
	unsigned oa_lg2 = mz_oa_lg2(&table->config);

	if (!mz_leaf_allowed(table->config.leaf_levels, level))
		return MZ_RULE_LEAF_LEVEL;
	if ((oa.addr & (mz_span(f, level) - 1)) != 0 ||
	    (oa_lg2 < 64 && (oa.addr + (mz_span(f, level) - 1)) >> oa_lg2 != 0))
		return MZ_RULE_LEAF_ALIGNED;
	if (!f->encodable(prop, level, table->config.features))
		return MZ_RULE_PROP;
	return f->make_leaf(oa, level, prop) == entry ? MZ_RULE_NONE : MZ_RULE_ROUND_TRIP;
}

static enum mz_rule link_rule(const struct mz_table *table, uint64_t entry, unsigned level)
{
	const struct mz_format *f = table->config.format;
	mz_oa node = f->oa(entry, level);
	uint64_t made = f->make_node(node, level), hw = mz_link_hw_bits(f, level);

	if ((node.addr & (((uint64_t)1 << mz_node_lg2(f, level - 1)) - 1)) != 0 ||
	    (node.addr >> f->page_lg2) - table->config.memory.first_frame >=
		    table->config.memory.frame_count)
		return MZ_RULE_NODE_ADDRESS;
	if (((made ^ entry) & ~hw) == 0)
		return MZ_RULE_NONE;
	/* A link may lack the permission to write: see mz_table_write_protect(). */
	return f->hierarchical && ((f->link_write(made, level, false) ^ entry) & ~hw) == 0
		? MZ_RULE_NONE
		: MZ_RULE_ROUND_TRIP;
}

struct mz_violation mz_entry_check(const struct mz_table *table, mz_oa node, unsigned level,
				   unsigned index)
{
	const struct mz_format *f = table->config.format;
	uint64_t entry = mz_load_acquire(&mz_slots_at(&table->config, node)[index]);
	enum mz_kind kind = f->kind(entry, level);
	enum mz_rule rule = MZ_RULE_NONE;

	if (kind == MZ_LEAF)
		rule = leaf_rule(table, entry, level);
	else if (kind == MZ_NODE)
		rule = link_rule(table, entry, level);
	return violation(rule, node, level, index, entry);
}

static enum mz_rule frame_rule(const struct mz_table *table, const struct mz_frame *frame,
			       unsigned level)
{
	const struct mz_format *f = table->config.format;
	bool may_be_empty = level == f->levels ||
		(level == f->levels - 1u && table->config.root_fixed);

	if (mz_frame_level(frame) != level)
		return MZ_RULE_LEVEL;
	if (frame->refs == 0)
		return MZ_RULE_REFS;
	if (mz_frame_stray(frame))
		return MZ_RULE_STRAY;
	if (frame->lock != 0)
		return MZ_RULE_LOCKED;
	if (frame->child_count == 0 && !may_be_empty)
		return MZ_RULE_EMPTY;
	return MZ_RULE_NONE;
}

struct mz_violation mz_node_check(const struct mz_table *table, mz_oa node, unsigned level)
{
	const struct mz_format *f = table->config.format;
	const struct mz_frame *frame = mz_frame_at(f, &table->config, node);
	bool root = level == f->levels;
	unsigned end = root ? table->config.root_end : mz_entry_count(f, level);
	enum mz_rule rule = frame_rule(table, frame, level);
	unsigned present = 0;

	for (unsigned i = root ? table->config.root_first : 0; rule == MZ_RULE_NONE && i < end;
	     i++) {
		struct mz_violation v = mz_entry_check(table, node, level, i);

		if (v.rule != MZ_RULE_NONE)
			return v;
		present += f->kind(v.entry, level) != MZ_ABSENT;
	}
	if (rule == MZ_RULE_NONE && present != frame->child_count)
		rule = MZ_RULE_COUNT;
	return violation(rule, node, level, 0, 0);
}

struct check {
	const struct mz_table *table;
	struct mz_violation first;
};

/* A node is checked before the visit goes below it, so a broken link is never followed. */
static bool check_node(void *context, mz_oa node, unsigned level, mz_ia ia, unsigned child_count)
{
	struct check *check = context;

	(void)ia, (void)child_count;
	check->first = mz_node_check(check->table, node, level);
	return check->first.rule == MZ_RULE_NONE;
}

struct mz_violation mz_table_check(const struct mz_table *table)
{
	struct check check = {.table = table};
	struct mz_visitor visitor = {.context = &check, .node = check_node};

	mz_table_visit(table, &visitor);
	return check.first;
}
