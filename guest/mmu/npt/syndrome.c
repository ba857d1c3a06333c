// SPDX-License-Identifier: MPL-2.0
/*
 * What EXITINFO1 and EXITINFO2 must be. Source: AMD APM volume 2, section 15.25.6 "Nested versus
 * guest page faults, fault ordering".
 */
#include "guest/mmu/npt/npt.h"
#include "guest/mmu/npt/vmcb.h"

#define INFO_PRESENT  ((uint64_t)1 << 0)
#define INFO_WRITE    ((uint64_t)1 << 1)
#define INFO_USER     ((uint64_t)1 << 2) /* always: so the MMU accesses nested tables */
#define INFO_RESERVED ((uint64_t)1 << 3)
#define INFO_FETCH    ((uint64_t)1 << 4)
#define INFO_FINAL    ((uint64_t)1 << 32) /* the address of the access itself */
#define INFO_WALK     ((uint64_t)1 << 33) /* the address of an entry of the guest's tables */

static uint64_t info_1(const struct expected *expected)
{
	uint64_t info = INFO_USER | (expected->walk ? INFO_WALK : INFO_FINAL);

	if (expected->cause != MZ_FAULT_ABSENT)
		info |= INFO_PRESENT;
	if (expected->cause == MZ_FAULT_MISCONFIGURED)
		info |= INFO_RESERVED;
	if (expected->tried == MZ_WRITE)
		info |= INFO_WRITE;
	if ((expected->tried & (MZ_EXEC | MZ_EXEC_USER)) != 0)
		info |= INFO_FETCH;
	return info;
}

/* Section 15.25.13, footnote: under the execute trap, some processors are wrong about the user bit.
 */
bool npt_syndrome_right(const struct stage *stage, const struct expected *expected,
			const struct outcome *outcome)
{
	uint64_t differs = outcome->raw[1] ^ info_1(expected);

	if (npt_traps(stage))
		differs &= ~INFO_USER;
	return outcome->raw[0] == EXIT_NESTED_PAGE_FAULT && differs == 0 &&
		outcome->raw[2] == expected->ia.addr;
}
