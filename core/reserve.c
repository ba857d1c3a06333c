// SPDX-License-Identifier: MPL-2.0
#include "core/reserve.h"

void mz_reserve_init(struct mz_reserve *reserve)
{
	for (unsigned level = 0; level <= MZ_LEVELS_MAX; level++) {
		reserve->need[level] = reserve->have[level] = 0;
		reserve->first[level] = MZ_FRAME_NONE;
	}
}

static void forget_need(struct mz_reserve *reserve)
{
	for (unsigned level = 0; level <= MZ_LEVELS_MAX; level++)
		reserve->need[level] = 0;
}

enum mz_error mz_reserve_fill(const struct mz_config *c, struct mz_reserve *reserve)
{
	const struct mz_format *f = c->format;

	for (unsigned level = 1; level <= f->levels; level++) {
		uint64_t need = reserve->need[level];

		reserve->need[level] = 0;
		while (reserve->have[level] < need) {
			mz_node node;
			enum mz_error error = mz_node_alloc_raw_(c, level, &node);

			if (error != MZ_OK) {
				forget_need(reserve);
				return error;
			}
			mz_reserve_put(f, c, reserve, node, level);
		}
	}
	return MZ_OK;
}

void mz_reserve_need_splits(const struct mz_config *c, struct mz_reserve *reserve, unsigned splits)
{
	const struct mz_format *f = c->format;
	uint64_t count = splits;

	for (unsigned level = f->levels - 1u; level >= 1; level--) {
		bool split_above = c->leaf_levels >> (level + 1) != 0;

		reserve->need[level] += count;
		/* Without leaves of this level, all that one above has mapped goes further down. */
		count = split_above && !mz_leaf_allowed(c->leaf_levels, level)
			? count << f->index_lg2[level]
			: splits;
	}
}

void mz_reserve_drain(const struct mz_config *c, struct mz_reserve *reserve)
{
	for (unsigned level = 1; level <= MZ_LEVELS_MAX; level++) {
		reserve->need[level] = 0;
		while (reserve->first[level] != MZ_FRAME_NONE)
			mz_node_free_raw_(c, mz_reserve_take(c->format, c, reserve, level));
	}
}
