// SPDX-License-Identifier: MPL-2.0
/*
 * What exit reason and qualification must be. Source: Intel SDM volume 3C, section 28.2.1, table
 * 28-7 "Exit qualification for EPT violations", in the edition of September 2023.
 */
#include "guest/mmu/ept/ept.h"
#include "guest/mmu/ept/vmcs.h"

#define BIT(n) ((uint64_t)1 << (n))

#define QUALIFICATION_READ   BIT(0)
#define QUALIFICATION_WRITE  BIT(1)
#define QUALIFICATION_FETCH  BIT(2)
#define QUALIFICATION_LINEAR BIT(7) /* there is a guest-linear address */
#define QUALIFICATION_FINAL  BIT(8) /* its translation was accessed, not an entry on the way */
#define QUALIFICATION_USER   BIT(9) /* a user's linear address */

#define ALLOWED_SHIFT 3 /* read, write, execute */
#define ALLOWED_USER  BIT(6)

/* Where its conditions do not hold, the table calls these undefined. */
#define UNDEFINED_WITHOUT_MODES    BIT(6)
#define UNDEFINED_WITHOUT_ADVANCED (BIT(9) | BIT(10) | BIT(11))
#define UNDEFINED_WITHOUT_NMIS     BIT(12)

/*
 * The table's note: with accessed and dirty flags on, an access of the page walk reads and writes.
 * Section 28.2.1: a read-modify-write, such as the update of the guest's flags, sets the bit of
 * writes, and that of reads as the processor likes.
 */
static uint64_t tried_bits(const struct stage *stage, const struct expected *expected,
			   uint64_t *undefined)
{
	if (expected->walk && stage->walk_writes)
		return QUALIFICATION_READ | QUALIFICATION_WRITE;
	if (expected->walk && expected->tried == MZ_WRITE)
		*undefined |= QUALIFICATION_READ;
	return expected->tried == MZ_READ     ? QUALIFICATION_READ
		: expected->tried == MZ_WRITE ? QUALIFICATION_WRITE
					      : QUALIFICATION_FETCH;
}

static bool qualification_right(const struct stage *stage, const struct expected *expected,
				uint64_t seen)
{
	const struct ept_stage *own = ept_own(stage);
	uint64_t undefined = UNDEFINED_WITHOUT_NMIS | (own->modes ? 0 : UNDEFINED_WITHOUT_MODES) |
		UNDEFINED_WITHOUT_ADVANCED;
	uint64_t must_be = tried_bits(stage, expected, &undefined) | QUALIFICATION_LINEAR |
		(expected->walk ? 0 : QUALIFICATION_FINAL) |
		(uint64_t)(expected->allowed & (MZ_READ | MZ_WRITE | MZ_EXEC)) << ALLOWED_SHIFT |
		(expected->allowed & MZ_EXEC_USER ? ALLOWED_USER : 0);

	if (own->advanced && !expected->walk) {
		undefined &= ~QUALIFICATION_USER;
		must_be |= expected->access.user ? QUALIFICATION_USER : 0;
	}
	return ((seen ^ must_be) & ~undefined) == 0;
}

/* A misconfiguration leaves the qualification and the linear address undefined. */
bool ept_syndrome_right(const struct stage *stage, const struct expected *expected,
			const struct outcome *outcome)
{
	const uint64_t *raw = outcome->raw;

	if (raw[2] != expected->ia.addr)
		return false;
	if (expected->cause == MZ_FAULT_MISCONFIGURED)
		return raw[0] == REASON_EPT_MISCONFIGURED;
	return raw[0] == REASON_EPT_VIOLATION && raw[3] == expected->access.va &&
		qualification_right(stage, expected, raw[1]);
}
