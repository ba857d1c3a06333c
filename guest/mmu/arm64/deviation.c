// SPDX-License-Identifier: MPL-2.0
/*
 * What QEMU before 8.2 is known to do wrongly; docs/deviations.md has the evidence. Each is told by
 * the outcome itself, to the bit: with what is known mended, the syndrome is right.
 */
#include "core/geometry.h"
#include "guest/mmu/arm64/guest.h"

/* DFSC and IFSC: the cause in 5:2, the level in 1:0. */
enum {
	STATUS = 63,
	STATUS_LEVEL = 3,
	STATUS_TRANSLATION = 0x04,
	STATUS_ACCESS_FLAG = 0x08,
	STATUS_PERMISSION = 0x0c,
};

static bool contains(const char *text, const char *word)
{
	for (; *text != 0; text++) {
		size_t n = 0;

		while (word[n] != 0 && text[n] == word[n])
			n++;
		if (word[n] == 0)
			return true;
	}
	return false;
}

/* A link that is marked as a block, where no block may be, is taken for one without permissions. */
static unsigned mend_block(const struct stage *stage, const struct expected *expected,
			   unsigned status)
{
	bool leaves = (stage->config.format->leaf_levels >> expected->level & 1) != 0;
	unsigned known = (stage->flags_demanded & MZ_ACCESSED) != 0 ? STATUS_ACCESS_FLAG
								    : STATUS_PERMISSION;

	if (expected->cause != MZ_FAULT_ABSENT || leaves || (status & ~3u) != known)
		return status;
	return STATUS_TRANSLATION | (status & STATUS_LEVEL);
}

/* Is the guest's entry that the walk came to, at expected->ia, of this level as Arm counts? */
static bool is_guest_level(const struct expected *expected, unsigned level)
{
	const struct mz_format *f = guest_stage1_format();
	unsigned index = mz_index(f, expected->access.va, 4 - level);

	return (expected->ia.addr & (((uint64_t)1 << f->page_lg2) - 1)) == index * sizeof(uint64_t);
}

const char *deviation(const struct stage *stage, const char *test, const struct expected *expected,
		      const struct outcome *outcome)
{
	struct outcome mended = *outcome;
	unsigned was = (unsigned)outcome->raw[0] & STATUS, status = was;
	unsigned level = expected->level == 0 ? 0 : 4u - expected->level;
	bool block;

	if (outcome->ending != ENDING_FAULT || !expected->faults)
		return NULL;
	if (contains(test, "reserved_type"))
		status = mend_block(stage, expected, status);
	block = status != was;
	if (expected->walk && is_guest_level(expected, status & STATUS_LEVEL))
		status = (status & ~(unsigned)STATUS_LEVEL) | level;
	mended.raw[0] ^= was ^ status;
	if (!syndrome_right(stage, expected, &mended))
		return NULL;
	return block ? "QEMU takes a block for one at any level"
		     : "QEMU tells the level of the guest's entry, not that of the second stage's";
}
