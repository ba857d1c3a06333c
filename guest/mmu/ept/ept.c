// SPDX-License-Identifier: MPL-2.0
/* Extended page tables of Intel's VMX as a platform of the scenarios. */
#include "guest/mmu/ept/ept.h"

#include "guest/mmu/ept/vmx.h"
#include "guest/mmu/x86/x86.h"

/* The HPET's capabilities: IA-PC HPET Specification 1.0a, sections 2.3.4 and 3.2.4. */
#define HPET 0xfed00000u

static const struct ept_stage *stage_in_use;
static uint64_t code_at[2]; /* for the kernel, for the user */

static void use(const struct stage *stage, const struct mz_table *stage2,
		const struct mz_table *stage1, uint64_t code_va, uint64_t user_code_va)
{
	stage_in_use = stage->own;
	vmx_guest_use(mz_table_root_register(stage2), mz_table_root_register(stage1),
		      stage_in_use->secondary);
	if (stage_in_use->secondary & SECONDARY_PML)
		ept_log_begin();
	code_at[0] = code_va;
	code_at[1] = user_code_va;
}

/* INVEPT takes no address. */
static void flush(void *context, mz_ia first, mz_ia last, bool nodes)
{
	(void)context;
	(void)first;
	(void)last;
	(void)nodes;
	vmx_flush();
}

static enum ending ending_of(const struct access *access, const struct x86_registers *registers,
			     const uint64_t *raw)
{
	switch (raw[0]) {
	case REASON_EPT_VIOLATION:
	case REASON_EPT_MISCONFIGURED:
		return ENDING_FAULT;
	case REASON_EXCEPTION:
		return (raw[1] & INTERRUPTION_VECTOR) == VECTOR_PAGE_FAULT ? ENDING_GUEST_FAULT
									   : ENDING_UNEXPECTED;
	case REASON_CPUID:
		return x86_access_done(access, code_at[access->user], registers)
			? ENDING_DONE
			: ENDING_UNEXPECTED;
	default:
		return ENDING_UNEXPECTED;
	}
}

/* Of an exception, `raw` has what it was in the place of the qualification. */
static struct outcome outcome_of(const struct access *access, const struct x86_registers *registers)
{
	uint64_t reason = vmx_read(VMCS_EXIT_REASON);
	struct outcome outcome = {
		.value = registers->rsi,
		.raw = {reason,
			vmx_read(reason == REASON_EXCEPTION ? VMCS_EXIT_INTERRUPTION
							    : VMCS_EXIT_QUALIFICATION),
			vmx_read(VMCS_GUEST_PHYSICAL), vmx_read(VMCS_GUEST_LINEAR)},
	};
	const uint64_t *raw = outcome.raw;

	outcome.ending = ending_of(access, registers, raw);
	if (reason == REASON_EPT_VIOLATION)
		outcome.fault = mz_ept_violation(raw[1], raw[2], raw[3], stage_in_use->advanced,
						 stage_in_use->modes);
	if (reason == REASON_EPT_MISCONFIGURED)
		outcome.fault = mz_ept_misconfiguration(raw[2]);
	return outcome;
}

/* A log that has become full is begun anew, and the access goes on: section 29.3.6. */
static struct outcome access_once(const struct access *access)
{
	struct x86_registers registers = x86_access_begin(access, code_at[access->user]);

	vmx_guest_level(access->user ? 3 : 0);
	for (;;) {
		if (!vmx_guest_run(&registers))
			return (struct outcome) {
				.ending = ENDING_UNEXPECTED,
				.raw = {EPT_NOT_ENTERED, vmx_read(VMCS_INSTRUCTION_ERROR)},
			};
		if (vmx_read(VMCS_EXIT_REASON) != REASON_PML_FULL)
			return outcome_of(access, &registers);
		ept_log_full();
	}
}

static struct platform platform = {
	.name = "ept",
	.use = use,
	.flush = flush,
	.flush_stage1 = vmx_flush_linear,
	.access = access_once,
	.syndrome_right = ept_syndrome_right,
	.deviation = ept_deviation,
	.device = {HPET},
	.own_tests = ept_own_tests,
};

const struct platform *ept_platform(void)
{
	return &platform;
}

void platform_main(void)
{
	static struct stage stages[EPT_STAGES];
	const char *lacking = vmx_begin();

	if (lacking != NULL)
		x86_give_up(lacking);
	x86_describe(&platform);
	platform.stages = stages;
	platform.take_log = vmx_can(SECONDARY_PML) ? ept_log_take : NULL;
	platform.stage_count = ept_find_stages(stages);
	mmu_main(&platform);
}
