// SPDX-License-Identifier: MPL-2.0
/* What EPT has and no other second stage. */
#include "guest/mmu/ept/ept.h"

void ept_own_tests(void)
{
	const struct platform *platform = ept_platform();

	for (unsigned i = 0; i < platform->stage_count; i++) {
		ept_test_markers(&platform->stages[i]);
		ept_test_log(&platform->stages[i]);
		ept_test_exceptions(&platform->stages[i]);
		ept_test_pointer(&platform->stages[i]);
	}
	ept_report_lacking();
}
