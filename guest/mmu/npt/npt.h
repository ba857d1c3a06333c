/* SPDX-License-Identifier: MPL-2.0 */
/* What the parts of this platform know of one another; guest/mmu/platform.h has the contracts. */
#ifndef GUEST_MMU_NPT_NPT_H
#define GUEST_MMU_NPT_NPT_H

#include "guest/mmu/platform.h"

/* platform.spoil, platform.syndrome_right, platform.deviation. */
bool npt_spoil(const struct stage *stage, uint64_t entry, enum mz_kind kind, unsigned level,
	       unsigned n, struct spoilt *out);
bool npt_syndrome_right(const struct stage *stage, const struct expected *expected,
			const struct outcome *outcome);
const char *npt_deviation(const struct stage *stage, const char *test,
			  const struct expected *expected, const struct outcome *outcome);

#endif
