// SPDX-License-Identifier: MPL-2.0
/*
 * Violations that become exceptions of the guest, and what suppresses that: Intel SDM volume 3C,
 * section 25.5.7 "Virtualization exceptions". The guest's exceptions exit.
 */
#include "guest/mmu/ept/ept.h"
#include "guest/mmu/ept/vmx.h"
#include "guest/mmu/scenarios.h"

/* Table 25-1: the virtualization-exception information area. */
static struct {
	uint32_t reason;
	uint32_t busy; /* set by the processor, which delivers no other as long as it is */
	uint64_t qualification, linear, physical;
	uint16_t pointer_index;
	uint8_t rest[4096 - 34];
} information __attribute__((aligned(4096)));

#define BUSY 0xffffffffu

#define SUPPRESS ((uint64_t)1 << 63)

enum way { WAY_ABSENT, WAY_DENIED, WAY_MISCONFIGURED, WAYS };

static const char *const way_names[WAYS] = {"what_is_absent", "what_is_denied",
					    "what_is_misconfigured"};

static struct world world;
static mz_ia gpa;

/* With write and execute alone it is misconfigured; with execute alone, or nothing, it is not. */
static uint64_t spoil(uint64_t leaf, enum way way, unsigned kind, bool suppress)
{
	const struct mz_format *f = world.stage->config.format;
	unsigned denied = kind == MZ_EXEC ? MZ_READ | MZ_WRITE : MZ_READ;

	if (way == WAY_ABSENT)
		leaf = 0;
	else
		leaf = f->with_perm(leaf, 1, way == WAY_DENIED ? denied : MZ_WRITE | MZ_EXEC);
	return suppress ? leaf | SUPPRESS : leaf;
}

static bool is_exception(const struct outcome *outcome)
{
	return outcome->raw[0] == REASON_EXCEPTION &&
		(outcome->raw[1] & INTERRUPTION_VECTOR) == VECTOR_VE;
}

static const char *exception_differs(const struct prediction *prediction,
				     const struct outcome *outcome)
{
	struct outcome told = {
		.ending = ENDING_FAULT,
		.raw = {information.reason, information.qualification, information.physical,
			information.linear},
	};

	if (!is_exception(outcome))
		return "it is no exception";
	if (information.busy != BUSY || information.pointer_index != 0)
		return "the information area was not filled in";
	return ept_syndrome_right(world.stage, &prediction->expected, &told)
		? NULL
		: "the information area tells of another violation";
}

static void try_access(const struct access *access, bool exception)
{
	struct prediction prediction = predict(&world, access);
	struct verdict verdict;
	const char *wrong;

	if (!exception) {
		judge_test(&world, access, ENDING_FAULT);
		return;
	}
	verdict = judge_by(&world, &prediction);
	wrong = exception_differs(&prediction, &verdict.outcome);
	if (wrong == NULL) {
		report_ok();
	} else {
		report_not_ok("%s", wrong);
		judge_explain(&verdict);
	}
}

static void one(const struct stage *stage, enum way way, const struct operation *operation,
		bool suppress)
{
	mz_oa oa = mz_oa_from(memory_data().addr + 7 * FRAME_BYTES);
	struct access access;
	uint64_t *slot;

	report_test("%s_%s_of_%s_%s", stage->name, operation->name, way_names[way],
		    suppress                           ? "is_no_exception_where_suppressed"
			    : way == WAY_MISCONFIGURED ? "is_never_an_exception"
						       : "is_an_exception");
	world_begin(&world, ept_platform(), stage);
	if (!world_target(&world, 1, 1, oa, &gpa))
		must(MZ_OUT_OF_RANGE, "world_target");
	world_map_target(&world, 1, gpa, oa, world_prop(stage, world_all_perm(stage)));
	aim(&world, MANNER_ACCESS, gpa, oa, operation->user);
	slot = world_slot(&world, gpa, 1);
	world_patch(&world, slot, spoil(*slot, way, operation->kind, suppress),
		    way == WAY_MISCONFIGURED ? MZ_FAULT_MISCONFIGURED : MZ_FAULT_UNKNOWN);
	world_use(&world);
	information.busy = 0;
	access = judge_access(world_va(&world), operation->kind, operation->user);
	try_access(&access, !suppress && way != WAY_MISCONFIGURED);
	world_end(&world);
}

void ept_test_exceptions(const struct stage *stage)
{
	struct ept_stage own = *ept_own(stage);
	struct stage with_exceptions = *stage;

	if (!vmx_can(SECONDARY_VE)) {
		report_test("%s_violations_become_exceptions", stage->name);
		report_skip("the processor has no virtualization exceptions");
		return;
	}
	own.secondary |= SECONDARY_VE;
	with_exceptions.own = &own;
	vmx_write(VMCS_VE_INFORMATION, (uintptr_t)&information);
	vmx_write(VMCS_EPTP_INDEX, 0);
	for (enum way way = 0; way < WAYS; way++) {
		for (unsigned i = 0; i < OPERATIONS; i++) {
			/* What is denied to a read is misconfigured if writes are not denied. */
			if (way == WAY_DENIED && operations[i].kind == MZ_READ)
				continue;
			one(&with_exceptions, way, &operations[i], false);
			one(&with_exceptions, way, &operations[i], true);
		}
	}
}
