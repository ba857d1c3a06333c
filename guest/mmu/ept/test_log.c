// SPDX-License-Identifier: MPL-2.0
/*
 * The log of written pages, beyond what is tested for every platform that has one: its order, its
 * end, and that it has no offsets. Source: Intel SDM volume 3C, section 29.3.6 "Page-modification
 * logging".
 */
#include "guest/mmu/ept/ept.h"
#include "guest/mmu/ept/vmx.h"
#include "guest/mmu/scenarios.h"

#define LOG_ENTRIES 512u

static struct world world;
static uint64_t logged[LOG_ENTRIES];

static uint64_t offset(uint64_t gpa)
{
	return gpa & (FRAME_BYTES - 1);
}

/* Page i of the guest's memory under test, a leaf without flags, is page i from world_va() on. */
static mz_ia begin(const struct stage *stage, unsigned pages)
{
	mz_oa oa = mz_oa_from(memory_data().addr + (uint64_t)FRAME_BYTES * LOG_ENTRIES);
	mz_ia gpa;

	world_begin(&world, ept_platform(), stage);
	if (!world_target(&world, 1, 1, oa, &gpa))
		must(MZ_OUT_OF_RANGE, "world_target");
	for (unsigned i = 0; i < pages; i++) {
		uint64_t at = (uint64_t)i * FRAME_BYTES;

		world_map_target(&world, 1, mz_ia_from(gpa.addr + at), mz_oa_from(oa.addr + at),
				 mz_prop_from(world_all_perm(stage)));
		world_guest_map(&world, world_va(&world) + at, mz_ia_from(gpa.addr + at),
				MZ_READ | MZ_WRITE, false);
	}
	world_use(&world);
	return gpa;
}

/* NULL, or what was wrong. */
static const char *write_page(unsigned page)
{
	uint64_t va = world_va(&world) + (uint64_t)page * FRAME_BYTES;
	struct access access = judge_access(va, MZ_WRITE, false);

	return judge(&world, &access).wrong;
}

static void report(const char *wrong)
{
	if (wrong == NULL)
		report_ok();
	else
		report_not_ok("%s", wrong);
}

static void report_offsets(unsigned count)
{
	bool bochs = ept_on_bochs();

	for (unsigned i = 0; i < count; i++) {
		if (offset(logged[i]) == 0)
			continue;
		if (bochs && offset(logged[i]) == FRAME_WRITE)
			report_skip("Bochs logs the address to the byte");
		else
			report_not_ok("there is %llx", (unsigned long long)logged[i]);
		return;
	}
	report_ok();
}

/* Each page twice, the last one first. */
static void in_order(const struct stage *stage)
{
	const unsigned pages = 8;
	mz_ia gpa = begin(stage, pages);
	const char *wrong = NULL;

	report_test("%s_written_pages_are_logged_once_and_in_order", stage->name);
	for (unsigned i = 0; i < 2 * pages && wrong == NULL; i++)
		wrong = write_page((2 * pages - 1 - i) / 2);
	if (wrong == NULL && ept_log_take(stage, logged, LOG_ENTRIES) != pages)
		wrong = "the log has another number of pages";
	for (unsigned i = 0; i < pages && wrong == NULL; i++)
		if (logged[i] - offset(logged[i]) !=
		    gpa.addr + (uint64_t)(pages - 1 - i) * FRAME_BYTES)
			wrong = "the log has another page";
	report(wrong);
	report_test("%s_logged_addresses_are_those_of_pages", stage->name);
	report_offsets(pages);
	world_end(&world);
}

/* The write that finds it full exits before it is done. */
static void full(const struct stage *stage)
{
	unsigned before = ept_log_full_count();
	const char *wrong = NULL;

	begin(stage, LOG_ENTRIES + 1);
	report_test("%s_the_log_holds_%u_pages", stage->name, LOG_ENTRIES);
	for (unsigned i = 0; i < LOG_ENTRIES && wrong == NULL; i++)
		wrong = write_page(i);
	if (wrong == NULL && ept_log_full_count() != before)
		wrong = "it was full before";
	report(wrong);
	report_test("%s_a_write_exits_where_the_log_is_full", stage->name);
	wrong = write_page(LOG_ENTRIES);
	if (wrong == NULL && ept_log_full_count() != before + 1)
		wrong = "it did not";
	if (wrong == NULL && ept_log_take(stage, logged, LOG_ENTRIES) != 1)
		wrong = "it was not logged afterwards";
	report(wrong);
	world_end(&world);
}

void ept_test_log(const struct stage *stage)
{
	if (!(ept_own(stage)->secondary & SECONDARY_PML))
		return;
	in_order(stage);
	full(stage);
}
