// SPDX-License-Identifier: MPL-2.0
/* Section names are those of the Arm ARM (DDI 0487). */
#include "guest/mmu/arm64/guest.h"

#include "guest/mmu/arm64/machine.h"
#include "guest/mmu/arm64/registers.h"
#include "guest/mmu/arm64/stages.h"
#include "guest/mmu/arm64/stub.h"

/* HCR_EL2: VM 0, RW 31 (EL1 is AArch64), FWB 46. */
#define HCR_VM  ((uint64_t)1 << 0)
#define HCR_RW  ((uint64_t)1 << 31)
#define HCR_FWB ((uint64_t)1 << 46)

/* MDCR_EL2: TDE 8, breakpoint instructions of EL0 and EL1 come to EL2. */
#define MDCR_TDE ((uint64_t)1 << 8)

/* SCTLR_EL1. RES1 or without effect here: 29, 28, 23, 22, 20, 11. M 0, C 2, I 12, DZE 14. */
#define SCTLR_EL1_ON (0x30d00800u | 1u << 0 | 1u << 2 | 1u << 12 | 1u << 14)

/* SPSR_EL2: mode 3:0, DAIF 9:6, PAN 22: the kernel keeps off what is the user's. */
enum {
	PSTATE_EL0T = 0,
	PSTATE_EL1H = 5,
	PSTATE_DAIF = 15 << 6,
	PSTATE_PAN = 1 << 22,
};

/* ESR_ELx: EC 31:26; the immediate of HVC and BRK 15:0; DFSC or IFSC 5:0. */
enum {
	EC_HVC = 0x16,
	EC_INSTRUCTION_LOWER = 0x20,
	EC_INSTRUCTION_SAME = 0x21,
	EC_DATA_LOWER = 0x24,
	EC_DATA_SAME = 0x25,
	EC_BRK = 0x3c,
};

#define VMID ((uint64_t)1 << 48)

/* Where naming pages one by one costs more than dropping all. */
#define FLUSH_PAGES_MAX 64

static struct {
	const struct arm_stage *own;
	const struct mz_table *stage2, *stage1;
	uint64_t code_va, user_code_va;
} used;

void guest_use(const struct stage *stage, const struct mz_table *stage2,
	       const struct mz_table *stage1, uint64_t code_va, uint64_t user_code_va)
{
	const struct arm_stage *own = stage->own;
	bool fwb = (own->wanted.options & MZ_ARM_FWB) != 0;

	used.own = own;
	used.stage2 = stage2;
	used.stage1 = stage1;
	used.code_va = code_va;
	used.user_code_va = user_code_va;
	WRITE_REGISTER("hcr_el2", HCR_VM | HCR_RW | (fwb ? HCR_FWB : 0));
	WRITE_REGISTER("mdcr_el2", READ_REGISTER("mdcr_el2") | MDCR_TDE);
	WRITE_REGISTER("vtcr_el2",
		       mz_arm_vtcr(&own->wanted, stage2->config.features, hardware()->vmid_bits));
	WRITE_REGISTER("vttbr_el2", mz_table_root_register(stage2) | VMID);
	WRITE_REGISTER("mair_el1", MZ_ARM_MAIR);
	WRITE_REGISTER(
		"tcr_el1",
		mz_arm_tcr(&arm_stage1_of(stage1->config.format)->wanted, stage1->config.features));
	WRITE_REGISTER("ttbr0_el1", mz_table_root_register(stage1));
	WRITE_REGISTER("vbar_el1", code_va + STUB_VECTORS);
	WRITE_REGISTER("sctlr_el1", SCTLR_EL1_ON);
	dsb();
	isb();
	__asm__ volatile("tlbi alle1is\n\tic ialluis" ::: "memory");
	dsb();
	isb();
}

const struct mz_format *guest_stage1_format(void)
{
	return used.stage1->config.format;
}

/* arch/arm/arm.h, "Translation caches". */
void guest_flush(void *context, mz_ia first, mz_ia last, bool nodes)
{
	unsigned page_lg2 = used.stage2->config.format->page_lg2;
	uint64_t page = first.addr >> page_lg2, page_last = last.addr >> page_lg2;

	(void)context;
	dsb();
	if (page_last - page >= FLUSH_PAGES_MAX) {
		__asm__ volatile("tlbi vmalls12e1is" ::: "memory");
	} else {
		for (; page <= page_last; page++)
			if (nodes)
				SYSTEM("tlbi ipas2e1is", page << page_lg2 >> 12);
			else
				SYSTEM("tlbi ipas2le1is", page << page_lg2 >> 12);
		dsb();
		__asm__ volatile("tlbi vmalle1is" ::: "memory");
	}
	dsb();
	isb();
}

void guest_flush_stage1(void)
{
	dsb();
	__asm__ volatile("tlbi vmalle1is" ::: "memory");
	dsb();
	isb();
}

/* MOVZ and MOVK of w0, shifted by 0 and 16, then BRK. */
void guest_write_return(void *at, uint32_t tag)
{
	const uint32_t code[] = {
		0x52800000u | (tag & 0xffff) << 5,
		0x72a00000u | tag >> 16 << 5,
		0xd4200000u | STUB_FETCHED << 5,
	};

	__builtin_memcpy(at, code, sizeof(code));
	SYSTEM("dc cvau", (uintptr_t)at);
	dsb();
	__asm__ volatile("ic ialluis" ::: "memory");
	dsb();
	isb();
}

static unsigned class_of(uint64_t esr)
{
	return (unsigned)(esr >> 26) & 63;
}

static unsigned immediate_of(uint64_t esr)
{
	return (unsigned)esr & 0xffff;
}

/* Address size, translation, access flag and permission: of levels 0 to 3, and of -1. */
static bool is_translation(uint64_t esr)
{
	unsigned status = (unsigned)esr & 63;

	return status < 16 || status == 0x29 || status == 0x2b;
}

/* AT S1E1R yields where the guest's own tables lead to: PAR_EL1, F 0, PA 51:12. */
static void find_ia(struct mz_fault_record *fault)
{
	uint64_t par;

	SYSTEM("at s1e1r", fault->guest_va);
	isb();
	par = READ_REGISTER("par_el1");
	if ((par & 1) != 0)
		return;
	fault->has_ia = true;
	fault->ia = mz_ia_from((par & 0x000ffffffffff000u) | (fault->guest_va & 0xfff));
}

/*
 * What the syndrome leaves out, as arch/arm/arm.h says. An address beyond the table is told as
 * absent at level 0, which some tables have.
 */
static void complete(struct mz_fault_record *fault, bool user)
{
	bool denied = fault->cause == MZ_FAULT_DENIED;

	if (fault->has_ia && fault->ia.addr >> used.stage2->config.format->ia_lg2 != 0)
		fault->level = 0;

	fault->user = user;
	if (fault->access == MZ_EXEC && user && (used.own->wanted.options & MZ_ARM_XNX) != 0)
		fault->access = MZ_EXEC_USER;
	if (denied && !fault->walk)
		find_ia(fault);
	if (denied && fault->walk &&
	    (mz_table_query(used.stage2, fault->ia).prop.perm & MZ_READ) == 0)
		fault->access = MZ_READ;
}

static void aborted(struct outcome *outcome, const struct access *access)
{
	outcome->ending = ENDING_FAULT;
	outcome->raw[3] = 0;
	outcome->fault = mz_arm_s2_fault(outcome->raw[0], outcome->raw[1], outcome->raw[2]);
	complete(&outcome->fault, access->user);
}

/* What has come to EL1 and was handed on. */
static void trapped(struct outcome *outcome, const struct access *access)
{
	uint64_t esr = READ_REGISTER("esr_el1"), far = READ_REGISTER("far_el1");
	unsigned fetch = access->user ? EC_INSTRUCTION_LOWER : EC_INSTRUCTION_SAME;
	unsigned data = access->user ? EC_DATA_LOWER : EC_DATA_SAME;

	outcome->raw[0] = esr;
	outcome->raw[1] = far;
	outcome->fault = mz_arm_s1_fault(esr, far);
	if (class_of(esr) == (access->kind == MZ_EXEC ? fetch : data) && is_translation(esr) &&
	    far == access->va)
		outcome->ending = ENDING_GUEST_FAULT;
}

static struct outcome outcome_of(const struct access *access, const struct guest_run *run)
{
	uint64_t esr = READ_REGISTER("esr_el2");
	struct outcome outcome = {
		.ending = ENDING_UNEXPECTED,
		.value = run->x[0],
		.raw = {esr, READ_REGISTER("far_el2"), READ_REGISTER("hpfar_el2"),
			READ_REGISTER("elr_el2")},
	};

	switch (class_of(esr)) {
	case EC_BRK:
		if (immediate_of(esr) == (access->kind == MZ_EXEC ? STUB_FETCHED : STUB_DONE))
			outcome.ending = ENDING_DONE;
		break;
	case EC_HVC:
		if (immediate_of(esr) == STUB_TRAPPED)
			trapped(&outcome, access);
		break;
	case EC_INSTRUCTION_LOWER:
	case EC_DATA_LOWER:
		if (is_translation(esr))
			aborted(&outcome, access);
		break;
	}
	return outcome;
}

static struct outcome run_at(uint64_t pc, const struct access *access)
{
	struct guest_run run = {
		.pc = pc,
		.pstate = PSTATE_DAIF | (access->user ? PSTATE_EL0T : PSTATE_EL1H | PSTATE_PAN),
		.x = {access->va, access->value, access->poke_va},
	};

	/* What was made present is seen by the walker. */
	dsb();
	guest_enter(&run);
	return outcome_of(access, &run);
}

struct outcome guest_execute(unsigned offset, const struct access *access)
{
	return run_at((access->user ? used.user_code_va : used.code_va) + offset, access);
}

struct outcome guest_access(const struct access *access)
{
	if (access->kind == MZ_EXEC)
		return run_at(access->va, access);
	if (access->kind == MZ_WRITE)
		return guest_execute(access->poke_va != 0 ? STUB_POKE_WRITE : STUB_WRITE, access);
	return guest_execute(access->poke_va != 0 ? STUB_POKE : STUB_READ, access);
}
