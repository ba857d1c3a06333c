/* SPDX-License-Identifier: MPL-2.0 */
/* Spoiling entries bit by bit: what most of a platform's spoil() comes to. */
#ifndef GUEST_MMU_SPOIL_H
#define GUEST_MMU_SPOIL_H

#include "guest/mmu/platform.h"

struct spoil_bits {
	uint64_t reserved; /* another value than in the good entry: MZ_FAULT_MISCONFIGURED */
	uint64_t ignored;  /* nothing changes */
};

/*
 * Flips the n-th bit of these masks in `entry`. Where there are no more, takes as many from `n` as
 * there were, for what else can be spoilt, and answers false.
 */
static inline bool spoil_bit(struct spoil_bits bits, uint64_t entry, unsigned *n,
			     struct spoilt *out)
{
	for (int bit = 0; bit < 64; bit++) {
		uint64_t mask = (uint64_t)1 << bit;

		if (((bits.reserved | bits.ignored) & mask) == 0 || (*n)-- != 0)
			continue;
		out->bit = bit;
		out->entry = entry ^ mask;
		out->what = bits.reserved & mask ? "reserved_bit" : "ignored_bit";
		out->cause = bits.reserved & mask ? MZ_FAULT_MISCONFIGURED : MZ_FAULT_UNKNOWN;
		return true;
	}
	return false;
}

#endif
