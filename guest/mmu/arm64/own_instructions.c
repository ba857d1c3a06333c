// SPDX-License-Identifier: MPL-2.0
/*
 * Instructions that are no plain load or store of a doubleword, and what ESR_EL2 must say when the
 * second stage stops them. Arm ARM (DDI 0487), ESR_EL2, "ISS encoding for an exception from a Data
 * Abort".
 */
#include "guest/mmu/arm64/own.h"
#include "guest/mmu/arm64/stub.h"
#include "guest/mmu/scenarios.h"

/* A single register that is loaded or stored, without writeback: ISV 24, and what it makes valid.
 */
#define ISS_ISV      (1u << 24)
#define ISS_SAS(lg2) ((lg2) << 22)
#define ISS_SSE      (1u << 21)
#define ISS_SRT(n)   ((unsigned)(n) << 16)
#define ISS_SF       (1u << 15)
#define ISS_AR       (1u << 14)

#define ONE(lg2, n) (ISS_ISV | ISS_SAS(lg2) | ISS_SRT(n))

enum {
	ISS_CM = 1 << 8,
	ISS_S1PTW = 1 << 7,
	ISS_WNR = 1 << 6,
	STATUS_TRANSLATION = 0x04,
	STATUS_ACCESS_FLAG = 0x08,
	STATUS_PERMISSION = 0x0c,
	LEVEL = 3,
};

#define ESR_DATA_ABORT ((uint64_t)0x24 << 26 | 1u << 25)

/* In the order of stub.S. */
static const struct instruction {
	const char *name;
	unsigned needs; /* MZ_READ, MZ_WRITE, or both */
	uint32_t iss;   /* its own part of the syndrome */
} instructions[] = {
	{"ldrb_w", MZ_READ, ONE(0u, 5)},
	{"ldrsb_w", MZ_READ, ONE(0u, 6) | ISS_SSE},
	{"ldrsb_x", MZ_READ, ONE(0u, 7) | ISS_SSE | ISS_SF},
	{"ldrh_w", MZ_READ, ONE(1u, 8)},
	{"ldrsh_w", MZ_READ, ONE(1u, 9) | ISS_SSE},
	{"ldrsh_x", MZ_READ, ONE(1u, 10) | ISS_SSE | ISS_SF},
	{"ldr_w", MZ_READ, ONE(2u, 11)},
	{"ldrsw_x", MZ_READ, ONE(2u, 12) | ISS_SSE | ISS_SF},
	{"ldr_xzr", MZ_READ, ONE(3u, 31) | ISS_SF},
	{"ldar_x", MZ_READ, ONE(3u, 13) | ISS_SF | ISS_AR},
	{"ldarb_w", MZ_READ, ONE(0u, 14) | ISS_AR},
	{"strb_w", MZ_WRITE, ONE(0u, 15)},
	{"strh_w", MZ_WRITE, ONE(1u, 16)},
	{"str_w", MZ_WRITE, ONE(2u, 17)},
	{"str_xzr", MZ_WRITE, ONE(3u, 31) | ISS_SF},
	{"stlr_x", MZ_WRITE, ONE(3u, 5) | ISS_SF | ISS_AR},
	{"stlrh_w", MZ_WRITE, ONE(1u, 6) | ISS_AR},
	{"ldr_pre_index", MZ_READ, 0},
	{"ldr_post_index", MZ_READ, 0},
	{"str_pre_index", MZ_WRITE, 0},
	{"str_post_index", MZ_WRITE, 0},
	{"ldp", MZ_READ, 0},
	{"stp", MZ_WRITE, 0},
	{"ldxr", MZ_READ, 0},
	{"dc_zva", MZ_WRITE, 0},
	{"cas", MZ_READ | MZ_WRITE, 0},
	{"swp", MZ_READ | MZ_WRITE, 0},
	{"ldadd", MZ_READ | MZ_WRITE, 0},
	{"at_s1e1r", 0, ISS_CM | ISS_WNR},
};

#define PLAIN (COUNT(instructions) - 1)

/* What the second stage has in the page that is accessed. */
static const struct state {
	const char *name;
	unsigned perm;
	bool present, accessed;
	unsigned status;
} states[] = {
	{"absent", 0, false, true, STATUS_TRANSLATION},
	{"read_only", MZ_READ, true, true, STATUS_PERMISSION},
	{"write_only", MZ_WRITE, true, true, STATUS_PERMISSION},
	{"not_accessed", MZ_READ | MZ_WRITE, true, false, STATUS_ACCESS_FLAG},
	{"writable", MZ_READ | MZ_WRITE, true, true, 0},
};

static struct world world;

/* Its neighbour is there, so that the walk gets to the last level in any case. */
static void begin(const struct own *own, const struct state *state, mz_ia *gpa, mz_oa oa)
{
	struct mz_prop prop = world_prop(&own->stage, state->perm);

	world_begin(&world, &own->platform, &own->stage);
	if (!world_target(&world, 1, 1, oa, gpa))
		must(MZ_OUT_OF_RANGE, "world_target");
	world_map_target(&world, 1, mz_ia_from(gpa->addr + FRAME_BYTES), oa,
			 world_prop(&own->stage, MZ_READ));
	if (!state->accessed)
		prop.flags &= (uint16_t)~MZ_ACCESSED;
	if (state->present)
		world_map_target(&world, 1, *gpa, oa, prop);
}

static bool faults(const struct state *state, unsigned needs)
{
	return !state->present || !state->accessed || (needs & ~state->perm) != 0;
}

/* Of an instruction that reads and writes: a read, if that would fault alone. */
static unsigned wnr(const struct instruction *instruction, const struct state *state)
{
	bool read = (instruction->needs & MZ_READ) != 0;

	return read && faults(state, MZ_READ)          ? 0
		: (instruction->needs & MZ_WRITE) != 0 ? ISS_WNR
						       : 0;
}

static const char *differs(const struct outcome *outcome, uint64_t esr, uint64_t va,
			   const struct state *state, mz_ia gpa)
{
	if (outcome->ending != ENDING_FAULT)
		return "the second stage did not fault";
	if (outcome->raw[0] != esr)
		return "ESR_EL2 is another";
	if (outcome->raw[1] != va || outcome->value != va)
		return "another address";
	if (state->status != STATUS_PERMISSION && outcome->raw[2] != gpa.addr >> 12 << 4)
		return "HPFAR_EL2 is another";
	if (outcome->fault.access != ((esr & ISS_WNR) != 0 ? MZ_WRITE : MZ_READ) ||
	    outcome->fault.level != 1 || outcome->fault.ia.addr != gpa.addr)
		return "the decoder is wrong";
	return NULL;
}

static void report(const struct outcome *outcome, const char *wrong, uint64_t esr)
{
	if (wrong != NULL)
		report_not_ok("%s: ESR %llx, not %llx, FAR %llx, HPFAR %llx", wrong,
			      (unsigned long long)outcome->raw[0], (unsigned long long)esr,
			      (unsigned long long)outcome->raw[1],
			      (unsigned long long)outcome->raw[2]);
	else
		report_ok();
}

static void one(const struct own *own, size_t n, const struct state *state, bool user)
{
	const struct instruction *instruction = &instructions[n];
	mz_oa oa = memory_data();
	mz_ia gpa;
	struct access access = {.kind = MZ_READ, .user = user, .value = 1};
	struct outcome outcome;
	uint64_t esr = ESR_DATA_ABORT | instruction->iss | wnr(instruction, state) | state->status |
		LEVEL;
	const char *wrong;

	report_test("%s_%s_of_a_%s_page_at_EL%u", own->stage.name, instruction->name, state->name,
		    user ? 0u : 1u);
	begin(own, state, &gpa, oa);
	access.va = world_va(&world);
	world_guest_map(&world, access.va, gpa, MZ_READ | MZ_WRITE, user);
	world_use(&world);
	outcome = guest_execute(STUB_INSTRUCTIONS + 8 * (unsigned)n, &access);
	if (!faults(state, instruction->needs))
		wrong = outcome.ending == ENDING_DONE ? NULL : "it was not carried out";
	else
		wrong = differs(&outcome, esr, access.va, state, gpa);
	report(&outcome, wrong, esr);
	world_end(&world);
	memory_frame_fill(oa);
}

/* The instruction's own walk comes upon a page of the guest's tables. */
static void translation(const struct own *own)
{
	const struct state *state = &states[3];
	mz_oa oa = mz_oa_from(memory_data().addr + FRAME_BYTES);
	mz_ia gpa;
	struct access access = {.kind = MZ_READ};
	struct outcome outcome;
	uint64_t esr = ESR_DATA_ABORT | ISS_CM | ISS_WNR | ISS_S1PTW | STATUS_ACCESS_FLAG | LEVEL;
	const char *wrong = NULL;

	report_test("%s_%s_by_a_page_table_that_is_%s", own->stage.name, instructions[PLAIN].name,
		    state->name);
	begin(own, state, &gpa, oa);
	access.va = world_va(&world);
	world_guest_map(&world, access.va, world_map_scratch(&world), MZ_READ, false);
	world_guest_move(&world, access.va, 1, oa, gpa);
	world_use(&world);
	outcome = guest_execute(STUB_INSTRUCTIONS + 8 * (unsigned)PLAIN, &access);
	if (outcome.ending != ENDING_FAULT || outcome.raw[0] != esr ||
	    outcome.raw[1] != access.va || outcome.raw[2] != gpa.addr >> 12 << 4)
		wrong = "the syndrome is another";
	else if (!outcome.fault.walk || outcome.fault.access != MZ_READ ||
		 outcome.fault.cause != MZ_FAULT_ACCESS_FLAG)
		wrong = "the decoder is wrong";
	report(&outcome, wrong, esr);
	world_end(&world);
	memory_frame_fill(oa);
}

/* Nothing answers at the physical address: DFSC 0x10, for EL1 to handle. */
static void external_abort(const struct own *own)
{
	struct access access = {.kind = MZ_READ};
	struct mz_prop prop = world_prop(&own->stage, MZ_READ | MZ_WRITE);
	mz_oa oa = mz_oa_from(own->platform.ram_first.addr + own->platform.ram_bytes);
	struct outcome outcome;
	mz_ia gpa;

	report_test("%s_an_external_abort_is_not_for_a_table", own->stage.name);
	world_begin(&world, &own->platform, &own->stage);
	if (!world_target(&world, 1, 1, oa, &gpa))
		must(MZ_OUT_OF_RANGE, "world_target");
	world_map_target(&world, 1, gpa, oa, prop);
	access.va = world_va(&world);
	world_guest_map(&world, access.va, gpa, MZ_READ, false);
	world_use(&world);
	outcome = guest_access(&access);
	if (outcome.ending != ENDING_UNEXPECTED || (outcome.raw[0] & 63) != 0x10)
		report(&outcome, "there was no external abort", 0);
	else if (outcome.fault.cause != MZ_FAULT_OTHER || outcome.fault.level != 0)
		report(&outcome, "the decoder is wrong", 0);
	else
		report_ok();
	world_end(&world);
}

void own_instructions(const struct platform *platform)
{
	static const struct arm_stage second = {"instructions", {12, 48, 48, 0}, 0};
	const struct mz_arm_s1 first = {12, 48, 48, 0};
	static struct own own;

	if (!own_make(&own, platform, &second, &first))
		return;
	for (size_t n = 0; n < PLAIN; n++)
		for (size_t s = 0; s < COUNT(states); s++)
			for (unsigned user = 0; user < 2; user++)
				one(&own, n, &states[s], user != 0);
	translation(&own);
	external_abort(&own);
}
