/* SPDX-License-Identifier: MPL-2.0 */
/* What proofs of cursors claim of the next thing that is found in some bytes from the position on.
 */
#ifndef MZ_TESTS_PROOF_FRAGMENT_H
#define MZ_TESTS_PROOF_FRAGMENT_H

#include "tests/proof/cursor.h"

/* Claims that there was nothing, or an error, and that this has changed nothing but the position.
 */
static void claim_nothing_found(enum mz_error error, const struct mz_fragment *is, uint64_t bytes)
{
	uint64_t limit = limit_within(bytes);

	CLAIM(is->kind == MZ_ABSENT && is->bytes == 0, "nothing is what was found");
	if (error != MZ_OK || bytes == 0 || opened.ended) {
		claim_not_moved();
	} else {
		CLAIM(watched.was.level == 0 || !is_inside(watched.addr, opened.at, limit),
		      "where nothing is mapped");
		claim_behind(limit);
	}
	claim_only_looked();
}

/*
 * Claims that the cursor has found the first thing that is mapped in the bytes, that `is` says what
 * it was, and that the position is behind it.
 */
static void claim_found(const struct mz_fragment *is, uint64_t bytes)
{
	uint64_t first = is->ia.addr, last = first + (is->bytes - 1), limit = limit_within(bytes);
	uint64_t mask = is->kind == MZ_LEAF ? span_of(is->item.level) - 1 : is->bytes - 1;
	uint64_t base = watched.addr & ~mask;

	CLAIM(bytes > 0 && (bytes & (NODE_BYTES - 1)) == 0 && !opened.ended,
	      "something is found in bytes of the range only");
	CLAIM(is->bytes > 0 && last >= first && first >= opened.at && last <= limit,
	      "it lies in the bytes");
	CLAIM(anything_mapped(first, last), "and maps something");
	claim_behind(last);
	CLAIM(watched.was.level == 0 || watched.addr < opened.at || watched.addr >= first,
	      "it is the first that is mapped");
	if (!is_inside(watched.addr, first, last))
		return;
	if (is->kind == MZ_NODE) {
		CLAIM(first == base && last == base + mask, "a subtree lies inside");
		return;
	}
	CLAIM(first == (base > opened.at ? base : opened.at) &&
		      last == (base + mask < limit ? base + mask : limit),
	      "a leaf, as far as it lies inside");
	CLAIM(watched.was.level == is->item.level &&
		      watched.was.oa.addr == is->item.oa.addr + (watched.addr - first) &&
		      same_prop(watched.was.prop, is->item.prop),
	      "and what it was mapped to");
}

#endif
