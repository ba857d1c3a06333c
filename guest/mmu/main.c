// SPDX-License-Identifier: MPL-2.0
/* All scenarios over all second stages of a platform. */
#include "guest/lib/guest.h"
#include "guest/mmu/scenarios.h"

static void over_stage(const struct platform *platform, const struct stage *stage)
{
	scenario_permissions(platform, stage);
	scenario_absent(platform, stage);
	scenario_bits(platform, stage);
	scenario_flags(platform, stage);
	if (platform->stage1 != NULL) {
		scenario_guest(platform, stage);
		scenario_nested(platform, stage);
		scenario_clone(platform, stage);
	} else {
		scenario_user(platform, stage);
	}
	scenario_changes(platform, stage);
	scenario_stale(platform, stage);
	scenario_types(platform, stage);
	scenario_log(platform, stage);
	scenario_narrow(platform, stage);
	scenario_dirty(platform, stage);
	scenario_age(platform, stage);
	scenario_huge(platform, stage);
	differential(platform, stage);
}

_Noreturn void mmu_main(const struct platform *platform)
{
	report_note("guest/mmu on %s", platform->name);
	memory_init(platform);
	for (unsigned i = 0; i < platform->stage_count; i++)
		over_stage(platform, &platform->stages[i]);
	if (platform->own_tests != NULL)
		platform->own_tests();
	finish(report_end() ? 0 : 1);
}
