/* SPDX-License-Identifier: MPL-2.0 */
/* The fixture. */
#include "tests/fixture.h"

#include <string.h>

#include "tests/tree.h"

static void choose_levels(struct fixture *x)
{
	const struct mz_format *f = x->format;
	uint32_t levels = x->variant == VARIANT_BASE_PAGES ? 1u << 1 : f->leaf_levels;

	x->top = 1;
	for (unsigned level = 1; level <= f->levels; level++)
		if (mz_leaf_allowed(levels, level))
			x->top = level;
	x->second = fixture_leaf_below(x, x->top);
	if (x->second == 0)
		x->second = 1;
}

/* The format itself if it breaks before it makes, or a copy that does, for the run-time instance.
 */
static const struct mz_format *breaking_format(struct fixture *x, const struct mz_format *format)
{
	if (format->break_before_make)
		return format;
	x->breaking = *format;
	x->breaking.break_before_make = true;
	x->breaking.ops = NULL;
	return &x->breaking;
}

void fixture_prepare(struct fixture *x, int loop)
{
	unsigned root_count;

	memset(x, 0, sizeof(*x));
	x->test_case = case_at(loop % CASES);
	x->variant = (enum variant)(loop / CASES);
	x->format = x->test_case->format;
	if (x->variant == VARIANT_BREAKING)
		x->format = breaking_format(x, x->format);
	x->page = (uint64_t)1 << x->format->page_lg2;
	x->root_span = x->format->levels > 1 ? fixture_span(x, x->format->levels)
					     : 4 * fixture_span(x, 2);
	root_count = mz_entry_count(x->format, x->format->levels);
	journal_init(&x->journal);
	track_init(&x->track, x->format->page_lg2, &x->journal);
	witness_init(&x->witness, x->format, &x->journal);
	x->config.format = x->format;
	x->config.memory = x->track.memory;
	x->base = x->root_span;
	switch (x->variant) {
	case VARIANT_BASE_PAGES:
		x->config.leaf_levels = 1u << 1;
		break;
	case VARIANT_ROOT_RANGE:
		/* The upper part: with signed addresses, below zero. */
		x->config.root_first = (uint16_t)(root_count / 2 + 1);
		x->config.root_end = (uint16_t)(root_count - 1);
		/* Where the root has leaves, a node that stays would keep them out. */
		x->config.root_fixed = !mz_leaf_allowed(x->format->leaf_levels, x->format->levels);
		x->base = x->config.root_first * mz_span(x->format, x->format->levels);
		x->base = tree_canonical(x->format, (x->base / x->root_span + 1) * x->root_span);
		break;
	case VARIANT_WITNESSED:
	case VARIANT_BREAKING:
		x->config.features = x->format->features;
		if (x->variant == VARIANT_BREAKING)
			x->config.features &= ~(uint32_t)MZ_LIVE_SPLITS;
		x->config.items = x->witness.items;
		x->config.rcu = x->witness.rcu;
		x->config.flush = x->witness.flush;
		break;
	default:
		break;
	}
	choose_levels(x);
}

void fixture_begin(struct fixture *x, int loop)
{
	fixture_prepare(x, loop);
	fixture_make(x);
}

void fixture_make(struct fixture *x)
{
	expect_ok(mz_table_init(&x->table, &x->config));
	if (x->config.flush.range) {
		mz_gather_init(&x->gather, &x->table);
		x->shared = &x->gather;
	}
}

void fixture_settle(struct fixture *x)
{
	if (x->shared)
		mz_gather_finish(x->shared);
	witness_reclaim(&x->witness);
}

void fixture_end(struct fixture *x)
{
	if (!x->destroyed) {
		fixture_settle(x);
		expect_sound(x);
		mz_table_destroy(&x->table);
	}
	track_destroy(&x->track);
	witness_destroy(&x->witness);
	journal_destroy(&x->journal);
}

bool fixture_is_flat(struct fixture *x)
{
	if (x->format->levels > 1)
		return false;
	fixture_end(x);
	return true;
}

enum mz_error fixture_map(struct fixture *x, uint64_t ia, uint64_t bytes, uint64_t oa,
			  unsigned perm)
{
	return mz_table_map(&x->table, mz_ia_from(ia), bytes, mz_oa_from(oa), mz_prop_from(perm));
}

enum mz_error fixture_unmap(struct fixture *x, uint64_t ia, uint64_t bytes)
{
	return mz_table_unmap(&x->table, mz_ia_from(ia), bytes, x->shared);
}

enum mz_error fixture_protect(struct fixture *x, uint64_t ia, uint64_t bytes, unsigned perm)
{
	return mz_table_protect(&x->table, mz_ia_from(ia), bytes, perm, x->shared);
}

uint64_t fixture_span(const struct fixture *x, unsigned level)
{
	return level <= x->format->levels ? mz_span(x->format, level) : 16 * x->page;
}

bool fixture_leaf_allowed(const struct fixture *x, unsigned level)
{
	uint32_t levels = x->config.leaf_levels ? x->config.leaf_levels : x->format->leaf_levels;

	return mz_leaf_allowed(levels, level);
}

unsigned fixture_leaf_below(const struct fixture *x, unsigned level)
{
	while (--level > 0)
		if (fixture_leaf_allowed(x, level))
			return level;
	return 0;
}

void expect_mapped(struct fixture *x, uint64_t ia, uint64_t oa, unsigned perm, unsigned level)
{
	struct mz_item item = mz_table_query(&x->table, mz_ia_from(ia));

	must_say(item.level != 0, "%s: %#llx is not mapped", x->test_case->name,
		 (unsigned long long)ia);
	must_say(item.oa.addr == oa, "%s: %#llx translates to %#llx, not %#llx", x->test_case->name,
		 (unsigned long long)ia, (unsigned long long)item.oa.addr, (unsigned long long)oa);
	must_say(item.prop.perm == perm, "%s: permissions %u at %#llx, not %u", x->test_case->name,
		 item.prop.perm, (unsigned long long)ia, perm);
	must_say(level == 0 || item.level == level, "%s: level %u at %#llx, not %u",
		 x->test_case->name, item.level, (unsigned long long)ia, level);
}

void expect_hole(struct fixture *x, uint64_t ia)
{
	struct mz_item item = mz_table_query(&x->table, mz_ia_from(ia));

	must_say(item.level == 0, "%s: %#llx is mapped, at level %u", x->test_case->name,
		 (unsigned long long)ia, item.level);
}

void expect_nodes(struct fixture *x, uint64_t count)
{
	fixture_settle(x);
	must_say(x->track.live_count == count, "%s: %llu nodes, not %llu", x->test_case->name,
		 (unsigned long long)x->track.live_count, (unsigned long long)count);
}

void expect_sound(struct fixture *x)
{
	struct mz_violation violation = mz_table_check(&x->table);

	must_say(violation.rule == MZ_RULE_NONE, "%s: %s: level %u index %u of node %#llx",
		 x->test_case->name, mz_rule_text(violation.rule), violation.level, violation.index,
		 (unsigned long long)violation.node.addr);
}
