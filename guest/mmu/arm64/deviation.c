// SPDX-License-Identifier: MPL-2.0
/*
 * What QEMU up to 8.1 is known to do wrongly; docs/deviations.md has the evidence. Each is told by
 * the outcome itself, to the bit.
 */
#include "guest/mmu/arm64/guest.h"

#include "core/walk.h"

static const uint64_t *stage1_node_at(void *context, mz_oa node, size_t bytes)
{
	const mz_ia *ia = context;

	/* The guest's memory is where the guest has it, up to the node that faults. */
	return ia->addr - node.addr < bytes ? NULL : (const uint64_t *)(uintptr_t)node.addr;
}

/* The level, as Arm counts, of the guest's entry at `ia`, which its walk for `va` came to. */
static unsigned guest_level(mz_ia ia, uint64_t va)
{
	const struct mz_table *stage1 = guest_stage1_table();
	struct mz_walk walk;

	(void)mz_walk_root(stage1->config.format, stage1->root_oa, stage1_node_at, &ia,
			   mz_ia_from(va), &walk);
	return 4 - (stage1->config.format->levels - walk.step_count);
}

/* The level in DFSC and IFSC. */
#define STATUS_LEVEL 3u

const char *deviation(const struct stage *stage, const char *test, const struct expected *expected,
		      const struct outcome *outcome)
{
	struct outcome mended = *outcome;

	(void)test;
	if (outcome->ending != ENDING_FAULT || !expected->walk)
		return NULL;
	if ((outcome->raw[0] & STATUS_LEVEL) != guest_level(expected->ia, expected->access.va))
		return NULL;
	mended.raw[0] = (outcome->raw[0] & ~(uint64_t)STATUS_LEVEL) |
		(expected->level == 0 ? 0 : 4u - expected->level);
	return syndrome_right(stage, expected, &mended)
		? "QEMU tells the level of the guest's entry, not that of the second stage's"
		: NULL;
}
