/* SPDX-License-Identifier: MPL-2.0 */
/* What the parts of this platform know of one another; guest/mmu/platform.h has the contracts. */
#ifndef GUEST_MMU_EPT_EPT_H
#define GUEST_MMU_EPT_EPT_H

#include "guest/mmu/platform.h"

/* What `own` of a stage points to. */
struct ept_stage {
	uint32_t secondary; /* controls that it needs: vmcs.h */
	bool modes;         /* mode-based execute control */
	bool advanced;      /* advanced VM-exit information for violations */
};

static inline const struct ept_stage *ept_own(const struct stage *stage)
{
	return stage->own;
}

#define EPT_STAGES 6

/* The stages that the processor has; answers how many. */
unsigned ept_find_stages(struct stage stages[EPT_STAGES]);

/* Reports those that it has not as skipped. */
void ept_report_lacking(void);

/* stage.spoil, platform.syndrome_right, platform.deviation, platform.own_tests. */
bool ept_spoil(const struct stage *stage, uint64_t entry, enum mz_kind kind, unsigned level,
	       unsigned n, struct spoilt *out);
bool ept_syndrome_right(const struct stage *stage, const struct expected *expected,
			const struct outcome *outcome);
const char *ept_deviation(const struct stage *stage, const char *test,
			  const struct expected *expected, const struct outcome *outcome);
void ept_own_tests(void);

/* Is this Bochs, as tests/mmu/ starts it? No other machine is excused for what Bochs does. */
bool ept_on_bochs(void);

const struct platform *ept_platform(void);

/*
 * Page-modification logging. It is begun by use(), and anew where it was full when a write came;
 * ept_log_full_count() counts that. ept_log_take() is platform.take_log.
 */
void ept_log_begin(void);
void ept_log_full(void);
unsigned ept_log_full_count(void);
unsigned ept_log_take(const struct stage *stage, uint64_t *gpas, unsigned most);

/* In the place of an exit reason: the processor did not enter the guest. raw[1] is the error. */
#define EPT_NOT_ENTERED ((uint64_t)1 << 63)

/* The platform's own tests, over one stage. */
void ept_test_markers(const struct stage *stage);
void ept_test_log(const struct stage *stage);
void ept_test_exceptions(const struct stage *stage);
void ept_test_pointer(const struct stage *stage);

#endif
