// SPDX-License-Identifier: MPL-2.0
/*
 * EPT pointers that the processor must refuse, and INVEPT. Source: Intel SDM volume 3C, sections
 * 25.6.11 "Extended-page-table pointer", 27.2.1.1 "VM-execution control fields", and 31.3 "INVEPT".
 */
#include "guest/mmu/ept/cpu.h"
#include "guest/mmu/ept/ept.h"
#include "guest/mmu/ept/vmx.h"
#include "guest/mmu/scenarios.h"

#define BIT(n) ((uint64_t)1 << (n))

/* IA32_VMX_EPT_VPID_CAP; appendix A.10 of volume 3D. */
#define CAP_LEVELS_5     BIT(7)
#define CAP_WALK_UC      BIT(8)
#define CAP_SHADOW_STACK BIT(23)
#define CAP_INVEPT_ALL   BIT(26)

#define TYPES       8u
#define TYPE_UC     0u
#define LENGTH_LG2  3
#define LENGTHS     8u
#define BIT_SHADOW  7
#define BIT_ADDRESS 12

#define ERROR_CONTROLS 7 /* section 31.4 "VM instruction error numbers" */

static struct world world;

static void refused(const char *what, unsigned n, uint64_t pointer)
{
	struct access access = judge_access(world_va(&world), MZ_READ, false);
	struct outcome outcome;

	report_test("%s_pointer_with_%s_%u_is_refused", world.stage->name, what, n);
	vmx_write(VMCS_EPT_POINTER, pointer);
	outcome = ept_platform()->access(&access);
	if (outcome.raw[0] == EPT_NOT_ENTERED && outcome.raw[1] == ERROR_CONTROLS)
		report_ok();
	else
		report_not_ok("exit reason %llx, error %llx", (unsigned long long)outcome.raw[0],
			      (unsigned long long)outcome.raw[1]);
}

static void spoil_pointer(uint64_t good, uint64_t cap)
{
	const struct mz_config *c = &world.stage->config;

	for (uint64_t type = 0; type < TYPES; type++)
		if (type != (good & 7) && (type != TYPE_UC || !(cap & CAP_WALK_UC)))
			refused("memory_type", (unsigned)type, (good & ~(uint64_t)7) | type);
	for (uint64_t length = 0; length < LENGTHS; length++)
		if (length != 3 && (length != 4 || !(cap & CAP_LEVELS_5)))
			refused("walk_length", (unsigned)length + 1,
				(good & ~((uint64_t)7 << LENGTH_LG2)) | length << LENGTH_LG2);
	for (unsigned bit = BIT_SHADOW; bit < BIT_ADDRESS; bit++)
		if (bit != BIT_SHADOW || !(cap & CAP_SHADOW_STACK))
			refused("reserved_bit", bit, good | BIT(bit));
	for (unsigned bit = c->oa_lg2; bit < 64; bit++)
		refused("reserved_bit", bit, good | BIT(bit));
}

static void types_of_invept(uint64_t good)
{
	static const uint64_t bad[] = {0, 3, 4, 8, UINT32_MAX, UINT64_MAX};

	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		report_test("%s_invept_of_type_%llx_is_refused", world.stage->name,
			    (unsigned long long)bad[i]);
		if (invept(bad[i], good))
			report_not_ok("it is not");
		else
			report_ok();
	}
}

/* What single-context INVEPT does for every change is tested all over; this is the other type. */
static void all_contexts(uint64_t good)
{
	struct access access = judge_access(world_va(&world), MZ_READ, false);
	struct verdict verdict = judge(&world, &access);
	uint64_t *slot = world_slot(&world, mz_ia_from(memory_data().addr), 1);

	report_test("%s_invept_of_all_contexts_ends_a_translation", world.stage->name);
	world_patch(&world, slot, 0, MZ_FAULT_UNKNOWN);
	if (verdict.wrong != NULL || !invept(INVALIDATE_ALL, good))
		report_not_ok("%s", verdict.wrong != NULL ? verdict.wrong : "INVEPT failed");
	else
		judge_test(&world, &access, ENDING_FAULT);
}

void ept_test_pointer(const struct stage *stage)
{
	uint64_t cap = vmx_hardware().ept_vpid_cap, good;
	struct access access;

	world_begin(&world, ept_platform(), stage);
	world_guest_map(&world, world_va(&world), world_map_scratch(&world), MZ_READ, false);
	world_use(&world);
	good = mz_table_root_register(world.stage2);
	spoil_pointer(good, cap);
	vmx_write(VMCS_EPT_POINTER, good);
	report_test("%s_pointer_of_the_table_is_taken", stage->name);
	access = judge_access(world_va(&world), MZ_READ, false);
	judge_test(&world, &access, ENDING_DONE);
	types_of_invept(good);
	if (cap & CAP_INVEPT_ALL)
		all_contexts(good);
	world_end(&world);
}
