// SPDX-License-Identifier: MPL-2.0
/*
 * Stage 2 of 52 bits with pages of 16 KiB begins at Arm's level 0, which VTCR_EL2.DS permits. An
 * emulator that refuses that says so by the guest's first fetch, of which no scenario would be
 * left.
 */
#include "guest/mmu/arm64/own.h"
#include "guest/mmu/scenarios.h"

/* An instruction abort by a walk: a translation fault of level 0, as of an address too wide. */
#define ESR_REFUSED ((uint64_t)0x20 << 26 | 1u << 25 | 1u << 7 | 0x04)

static bool begins(const struct own *own)
{
	static struct world world;
	struct access access = {.kind = MZ_READ};
	struct verdict verdict;
	bool done;

	report_test("%s_begins_at_level_0", own->stage.name);
	world_begin(&world, &own->platform, &own->stage);
	access.va = world_va(&world);
	world_guest_map(&world, access.va, world_map_scratch(&world), MZ_READ, false);
	world_use(&world);
	verdict = judge(&world, &access);
	done = verdict.wrong == NULL;
	if (!done && verdict.outcome.ending == ENDING_FAULT &&
	    verdict.outcome.raw[0] == ESR_REFUSED)
		report_skip("QEMU refuses level 0 with pages of 16 KiB");
	else
		judge_report(&verdict, ENDING_DONE);
	world_end(&world);
	return done;
}

void own_wide(const struct platform *platform)
{
	static const struct arm_stage second = {
		"s2_16k_of_52_bits", {14, 52, 52, MZ_ARM_WIDE | MZ_ARM_XNX}, 0};
	const struct mz_arm_s1 first = {12, 48, 52, MZ_ARM_WIDE};
	static struct own own;

	if (!own_make(&own, platform, &second, &first) || !begins(&own))
		return;
	scenario_permissions(&own.platform, &own.stage);
	scenario_absent(&own.platform, &own.stage);
	scenario_bits(&own.platform, &own.stage);
	scenario_changes(&own.platform, &own.stage);
}
