// SPDX-License-Identifier: MPL-2.0
/*
 * What page faults must say of themselves, and what raw bits of entries do. Sections are those of
 * the Intel SDM, volume 3A (September 2023); what the AMD APM, volume 2, section 5.3 says otherwise
 * is left out.
 */
#include "guest/mmu/kvm/kvm.h"

#include "guest/mmu/spoil.h"

#define PAGE_FAULT 14

/* Section 4.7, figure 4-12: the error code. */
#define ERROR_PRESENT  1u
#define ERROR_WRITE    2u
#define ERROR_USER     4u
#define ERROR_RESERVED 8u
#define ERROR_FETCH    16u

bool kvm_syndrome_right(const struct stage *stage, const struct expected *expected,
			const struct outcome *outcome)
{
	unsigned error = (expected->cause != MZ_FAULT_ABSENT ? ERROR_PRESENT : 0) |
		(expected->tried == MZ_WRITE ? ERROR_WRITE : 0) |
		(expected->access.user ? ERROR_USER : 0) |
		(expected->cause == MZ_FAULT_MISCONFIGURED ? ERROR_RESERVED : 0) |
		(expected->tried == MZ_EXEC ? ERROR_FETCH : 0);

	(void)stage;
	return outcome->raw[0] == PAGE_FAULT && outcome->raw[1] == error &&
		outcome->raw[2] == expected->ia.addr;
}

#define BIT(n)           ((uint64_t)1 << (n))
#define BITS(first, end) (BIT(end) - BIT(first))

/*
 * Section 4.5.4, tables 4-15 to 4-20. Where the two manuals differ, in bit 8 of the upper links,
 * nothing is tried.
 */
static struct spoil_bits bits_of(const struct stage *stage, enum mz_kind kind, unsigned level)
{
	/* PWT and PCD; 11:9; 58:52, and 62:59 without protection keys. */
	struct spoil_bits bits = {
		.reserved = BITS(stage->config.oa_lg2, 52),
		.ignored = BITS(3, 5) | BITS(9, 12) | BITS(52, 63),
	};

	if (kind == MZ_NODE)
		bits.ignored |= BIT(6);
	if (level < 4)
		bits.ignored |= BIT(8);
	else
		bits.reserved |= BIT(7);
	if (kind == MZ_LEAF && level > 1)
		bits.reserved |= BITS(13, level == 2 ? 21 : 30);
	return bits;
}

bool kvm_spoil(const struct stage *stage, uint64_t entry, enum mz_kind kind, unsigned level,
	       unsigned n, struct spoilt *out)
{
	if (spoil_bit(bits_of(stage, kind, level), entry, &n, out))
		return true;
	out->what = "present_clear";
	out->bit = -1;
	out->entry = entry & ~BIT(0);
	out->cause = MZ_FAULT_ABSENT;
	return n == 0;
}
