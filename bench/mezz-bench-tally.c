// SPDX-License-Identifier: MPL-2.0
#include "bench/mezz-bench-tally.h"

#define SHIFT(l) (12 + 9 * ((l)-1))
#define RIGHTS   ((uint64_t)0x7) /* read, write, execute */

/* Mixes well enough that a leaf at the wrong place, or a wrong bit, changes the sum. */
static uint64_t mix(uint64_t ia, uint64_t entry)
{
	uint64_t x = (ia ^ entry << 20 ^ entry >> 44) * 0x9e3779b97f4a7c15u;

	return (x ^ x >> 29) * 0xbf58476d1ce4e5b9u + entry;
}

void tally_add(struct tally *tally, uint64_t ia, uint64_t entry)
{
	tally->leaf_count++;
	tally->sum += mix(ia, entry);
}

void tally_subtract(struct tally *tally, uint64_t ia, uint64_t entry)
{
	tally->leaf_count--;
	tally->sum -= mix(ia, entry);
}

void tally_add_range(struct tally *tally, uint64_t ia, uint64_t bytes, uint64_t oa, unsigned level,
		     unsigned bits)
{
	uint64_t span = (uint64_t)1 << SHIFT(level);

	for (uint64_t end = ia + bytes; ia < end; ia += span, oa += span)
		tally_add(tally, ia, oa | bits);
}

/* `rights`: what the links above let be done. */
static void tally_node(const struct limit *table, uint64_t node, unsigned level, uint64_t ia,
		       uint64_t rights, struct tally *tally)
{
	const uint64_t *entries = (const uint64_t *)(table->linear + (node & LIMIT_OA));

	for (unsigned i = 0; i < 512; i++, ia += (uint64_t)1 << SHIFT(level)) {
		if (entries[i] == 0)
			continue;
		if (level == 1 || (entries[i] & LIMIT_LARGE) != 0)
			tally_add(tally, ia, entries[i] & ~(RIGHTS & ~rights));
		else
			tally_node(table, entries[i], level - 1, ia, rights & entries[i], tally);
	}
}

struct tally tally_table(const struct limit *table)
{
	struct tally tally = {0, 0};

	tally_node(table, table->root, 4, 0, RIGHTS, &tally);
	return tally;
}

bool tally_equal(struct tally a, struct tally b)
{
	return a.leaf_count == b.leaf_count && a.sum == b.sum;
}
