// SPDX-License-Identifier: MPL-2.0
/*
 * What the bits of an entry do. Source: Intel SDM volume 3C, the tables of section 29.3.2, and
 * section 29.3.3.1 "EPT misconfigurations", in the edition of September 2023.
 */
#include "guest/mmu/spoil.h"

#include "guest/mmu/ept/ept.h"
#include "guest/mmu/world.h"

#define BIT(n)            ((uint64_t)1 << (n))
#define BITS(first, last) ((BIT(last) << 1) - BIT(first))

/* The memory type of a leaf. Bit t of `known`: the type t exists (section 12.3 of volume 3A). */
#define TYPE_SHIFT  3
#define TYPES       8u
#define TYPES_KNOWN 0x73u

static struct spoil_bits bits_of(const struct stage *stage, enum mz_kind kind, unsigned level)
{
	const struct mz_config *c = &stage->config;
	struct spoil_bits bits = {
		.reserved = c->oa_lg2 < 52 ? BITS(c->oa_lg2, 51) : 0,
		.ignored = BITS(8, 9) | BIT(11) | BITS(52, 63),
	};

	if (!ept_own(stage)->modes)
		bits.ignored |= BIT(10);
	/* Of a soft flag and what it hides, the library has its own opinion. */
	if (stage->flags_hide)
		bits.ignored &= ~(BIT(8) | BITS(52, 54));
	if (kind == MZ_NODE) {
		bits.reserved |= BITS(3, 6);
		bits.reserved |= stage_leaf_allowed(stage, level) ? 0 : BIT(7);
	} else if (level == 1) {
		bits.ignored |= BITS(6, 7);
	} else {
		/* Without bit 7 it is a link, of which the bits of the memory type are reserved. */
		bits.reserved |= BIT(7) | BITS(12, c->format->shift[level] - 1u);
		bits.ignored |= BIT(6);
	}
	return bits;
}

static bool spoil_type(uint64_t entry, unsigned type, struct spoilt *out)
{
	out->what = "memory_type";
	out->bit = (int)type;
	out->entry = (entry & ~BITS(TYPE_SHIFT, TYPE_SHIFT + 2)) | (uint64_t)type << TYPE_SHIFT;
	out->cause = TYPES_KNOWN >> type & 1 ? MZ_FAULT_UNKNOWN : MZ_FAULT_MISCONFIGURED;
	return type < TYPES;
}

bool ept_spoil(const struct stage *stage, uint64_t entry, enum mz_kind kind, unsigned level,
	       unsigned n, struct spoilt *out)
{
	if (spoil_bit(bits_of(stage, kind, level), entry, &n, out))
		return true;
	if (n-- == 0) {
		out->what = "write_without_read";
		out->bit = 0;
		out->entry = entry & ~BIT(0);
		out->cause = MZ_FAULT_MISCONFIGURED;
		return true;
	}
	return kind == MZ_LEAF && spoil_type(entry, n, out);
}
