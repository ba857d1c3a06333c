// SPDX-License-Identifier: MPL-2.0
/*
 * The order of the stages: what the guest's own tables forbid is the guest's fault, and the second
 * stage, which would forbid it too, is not asked.
 */
#include "guest/mmu/scenarios.h"

static const struct denied {
	const char *name;
	unsigned perm; /* of the guest's page; 0: there is none */
	bool user;     /* the page is the user's */
	struct access access;
} denied[] = {
	{"read_where_the_guest_maps_nothing", 0, false, {.kind = MZ_READ}},
	{"write_where_the_guest_maps_nothing", 0, false, {.kind = MZ_WRITE}},
	{"execute_where_the_guest_maps_nothing", 0, false, {.kind = MZ_EXEC}},
	{"write_to_a_read_only_page", MZ_READ, false, {.kind = MZ_WRITE}},
	{"execute_from_a_data_page", MZ_READ | MZ_WRITE, false, {.kind = MZ_EXEC}},
	{"user_writes_to_a_read_only_page", MZ_READ, true, {.kind = MZ_WRITE, .user = true}},
	{"user_executes_a_data_page", MZ_READ | MZ_WRITE, true, {.kind = MZ_EXEC, .user = true}},
	{"user_reads_the_kernel's_page",
	 MZ_READ | MZ_WRITE,
	 false,
	 {.kind = MZ_READ, .user = true}},
	{"user_writes_to_the_kernel's_page",
	 MZ_READ | MZ_WRITE,
	 false,
	 {.kind = MZ_WRITE, .user = true}},
};

#define DENIED (sizeof(denied) / sizeof(denied[0]))

static void one(const struct platform *platform, const struct stage *stage,
		const struct denied *case_, bool mapped)
{
	static struct world world;
	uint64_t va;
	struct access access;
	mz_ia gpa;

	report_test("%s_%s_faults_in_the_guest_%s", stage->name, case_->name,
		    mapped ? "alone" : "first");
	world_begin(&world, platform, stage);
	va = world_va(&world);
	gpa = mz_ia_from(memory_data().addr);
	if (mapped)
		world_map_scratch(&world);
	if (case_->perm != 0)
		world_guest_map(&world, va, gpa, case_->perm, case_->user);
	world_use(&world);
	access = judge_access(va, case_->access.kind, case_->access.user);
	judge_test(&world, &access, ENDING_GUEST_FAULT);
	world_end(&world);
}

void scenario_guest(const struct platform *platform, const struct stage *stage)
{
	for (unsigned i = 0; i < DENIED; i++) {
		one(platform, stage, &denied[i], true);
		one(platform, stage, &denied[i], false);
	}
}
