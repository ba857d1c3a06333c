// SPDX-License-Identifier: MPL-2.0
/*
 * What raw bits do to an entry of stage 2. Arm ARM (DDI 0487), section "VMSAv8-64 descriptor
 * formats". What the manual leaves open (reserved memory attributes and shareability, RES0) is not
 * tried.
 */
#include "guest/mmu/arm64/stages.h"

enum { VALID = 1, TABLE = 2 };
#define XN ((uint64_t)1 << 54) /* ignored in a table */

struct spoiling {
	uint64_t entry;
	unsigned n; /* how many ways are still to be passed over */
	struct spoilt *out;
};

/* One way: true if it is the n-th. */
static bool way(struct spoiling *s, const char *what, int bit, uint64_t entry, uint8_t cause)
{
	if (s->n-- != 0)
		return false;
	*s->out = (struct spoilt) {what, bit, entry, cause};
	return true;
}

static bool bits(struct spoiling *s, const char *what, uint64_t mask, uint8_t cause)
{
	for (int bit = 0; bit < 64; bit++)
		if ((mask >> bit & 1) != 0 &&
		    way(s, what, bit, s->entry ^ (uint64_t)1 << bit, cause))
			return true;
	return false;
}

static uint64_t range(unsigned last, unsigned first)
{
	return (UINT64_MAX >> (63 - last)) & (UINT64_MAX << first);
}

/*
 * Leaf: 63:57 and 55 (56 is the library's), and DBM, 51, unless the MMU keeps dirty state. Link:
 * 58:52, 11, 9:8 but with LPA2, and 7:2.
 */
static uint64_t ignored(const struct mz_arm_s2 *wanted, enum mz_kind kind)
{
	bool lpa2 = (wanted->options & MZ_ARM_WIDE) != 0 && wanted->page_lg2 != 16;
	bool dbm = (wanted->options & MZ_ARM_DBM) != 0;

	if (kind == MZ_NODE)
		return range(58, 52) | range(11, 11) | (lpa2 ? 0 : range(9, 8)) | range(7, 2);
	return range(63, 57) | range(55, 55) | (dbm ? 0 : range(51, 51));
}

/* Bits of the output address beyond VTCR_EL2.PS. */
static uint64_t beyond(const struct mz_arm_s2 *wanted)
{
	return wanted->oa_bits < 48 ? range(47, wanted->oa_bits) : 0;
}

/* The 64 KiB granule has blocks at one more level where physical addresses have 52 bits. */
static bool has_leaves(const struct stage *stage, unsigned level)
{
	const struct mz_format *f = stage->config.format;

	return (f->leaf_levels >> level & 1) != 0 ||
		(f->page_lg2 == 16 && level == 3 && hardware()->oa_bits == 52);
}

bool spoil(const struct stage *stage, uint64_t entry, enum mz_kind kind, unsigned level, unsigned n,
	   struct spoilt *out)
{
	const struct arm_stage *own = stage->own;
	struct spoiling s = {entry, n, out};
	bool leaves = has_leaves(stage, level);

	if (bits(&s, "ignored_bit", ignored(&own->wanted, kind), MZ_FAULT_UNKNOWN) ||
	    bits(&s, "address_bit", beyond(&own->wanted), MZ_FAULT_ADDRESS_SIZE) ||
	    way(&s, "not_valid", -1, entry & ~(uint64_t)VALID, MZ_FAULT_ABSENT))
		return true;
	/*
	 * A page is marked as a table is; other than that, a leaf above the last level for them.
	 * XN keeps a processor that takes it for one from executing what it maps.
	 */
	return (level == 1 || !leaves) &&
		way(&s, "reserved_type", -1, (entry & ~(uint64_t)TABLE) | XN, MZ_FAULT_ABSENT);
}
