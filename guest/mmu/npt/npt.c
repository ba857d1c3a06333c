// SPDX-License-Identifier: MPL-2.0
/* Nested paging of AMD's SVM as a platform of the scenarios. */
#include "guest/mmu/npt/npt.h"

#include "guest/mmu/npt/svm.h"
#include "guest/mmu/x86/x86.h"

/* The HPET's capabilities: IA-PC HPET Specification 1.0a, sections 2.3.4 and 3.2.4. */
#define HPET 0xfed00000u

#define CR4_LA57 (1u << 12) /* section 3.1.3 */

static struct vmcb guest __attribute__((aligned(4096)));
static uint64_t code_at[2]; /* for the kernel, for the user */
static unsigned host_levels = 4;
static bool traps;

/* Nested tables have as many levels as the host's own: section 15.25.3. */
static void walk_levels(unsigned levels)
{
	if (levels != host_levels)
		x86_paging(levels);
	host_levels = levels;
}

static void use(const struct stage *stage, const struct mz_table *stage2,
		const struct mz_table *stage1, uint64_t code_va, uint64_t user_code_va)
{
	walk_levels(stage2->config.format->levels);
	svm_guest_make(&guest);
	svm_guest_use(&guest, stage2);
	if (npt_traps(stage))
		guest.nested_control |= NESTED_CONTROL_EXECUTE_TRAP;
	if (stage1->config.format->levels == 5)
		guest.cr4 |= CR4_LA57;
	traps = npt_traps(stage);
	guest.cr3 = mz_table_root_register(stage1);
	code_at[0] = code_va;
	code_at[1] = user_code_va;
}

static void flush(void *context, mz_ia first, mz_ia last, bool nodes)
{
	(void)context;
	(void)first;
	(void)last;
	(void)nodes;
	svm_guest_flush(&guest);
}

static void flush_stage1(void)
{
	svm_guest_flush(&guest);
}

static struct outcome outcome_of(const struct access *access, const struct x86_registers *registers)
{
	struct outcome outcome = {
		.ending = ENDING_UNEXPECTED,
		.value = registers->rsi,
		.raw = {guest.exit_code, guest.exit_info_1, guest.exit_info_2, guest.rip},
	};

	if (guest.exit_code == EXIT_CPUID &&
	    x86_access_done(access, code_at[access->user], registers))
		outcome.ending = ENDING_DONE;
	if (guest.exit_code == EXIT_PAGE_FAULT)
		outcome.ending = ENDING_GUEST_FAULT;
	if (guest.exit_code == EXIT_NESTED_PAGE_FAULT) {
		outcome.ending = ENDING_FAULT;
		outcome.fault = traps
			? mz_npt_gmet_fault(guest.exit_info_1, guest.exit_info_2, guest.cpl)
			: mz_npt_fault(guest.exit_info_1, guest.exit_info_2);
	}
	return outcome;
}

static struct outcome access_once(const struct access *access)
{
	struct x86_registers at = x86_access_begin(access, code_at[access->user]);
	struct svm_registers general = {.rdi = at.rdi, .rsi = at.rsi, .rdx = at.rdx};

	svm_guest_level(&guest, access->user ? 3 : 0);
	guest.rip = at.rip;
	svm_guest_run(&guest, &general);
	at.rip = guest.rip;
	at.rsi = general.rsi;
	return outcome_of(access, &at);
}

static struct stage stages[NPT_STAGES];

static struct platform platform = {
	.name = "npt",
	.stages = stages,
	.use = use,
	.flush = flush,
	.flush_stage1 = flush_stage1,
	.access = access_once,
	.syndrome_right = npt_syndrome_right,
	.deviation = npt_deviation,
	.device = {HPET},
	.own_tests = npt_own_tests,
};

struct vmcb *npt_guest(void)
{
	return &guest;
}

const struct platform *npt_platform(void)
{
	return &platform;
}

void platform_main(void)
{
	const char *lacking = svm_begin();

	if (lacking != NULL)
		x86_give_up(lacking);
	x86_describe(&platform);
	platform.stage_count = npt_find_stages(stages);
	mmu_main(&platform);
}
