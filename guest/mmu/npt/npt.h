/* SPDX-License-Identifier: MPL-2.0 */
/* What the parts of this platform know of one another; guest/mmu/platform.h has the contracts. */
#ifndef GUEST_MMU_NPT_NPT_H
#define GUEST_MMU_NPT_NPT_H

#include "guest/mmu/npt/vmcb.h"
#include "guest/mmu/platform.h"

/* Is the guest-mode execute trap on in this stage? */
static inline bool npt_traps(const struct stage *stage)
{
	return stage->own != NULL;
}

#define NPT_STAGES 5

/* The stages that the processor has; answers how many. */
unsigned npt_find_stages(struct stage stages[NPT_STAGES]);

/* Reports those that it has not as skipped. */
void npt_report_lacking(void);

/* stage.spoil, platform.syndrome_right, platform.deviation, platform.own_tests. */
bool npt_spoil(const struct stage *stage, uint64_t entry, enum mz_kind kind, unsigned level,
	       unsigned n, struct spoilt *out);
bool npt_syndrome_right(const struct stage *stage, const struct expected *expected,
			const struct outcome *outcome);
const char *npt_deviation(const struct stage *stage, const char *test,
			  const struct expected *expected, const struct outcome *outcome);
void npt_own_tests(void);

/* The guest, between use() and access(); and the platform itself. */
struct vmcb *npt_guest(void);
const struct platform *npt_platform(void);

#endif
