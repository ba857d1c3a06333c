// SPDX-License-Identifier: MPL-2.0
#include "guest/mmu/ept/ept.h"

void ept_own_tests(void)
{
	ept_report_lacking();
}
