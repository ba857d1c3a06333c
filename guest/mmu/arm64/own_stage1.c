// SPDX-License-Identifier: MPL-2.0
/*
 * Every first stage of EL1&0: granules, widths, leaves of every level, permissions, the access flag
 * and the dirty state; and its faults, by the decoder. The second stage lets everything through.
 */
#include "core/geometry.h"
#include "guest/mmu/arm64/own.h"
#include "guest/mmu/scenarios.h"

static const struct first {
	const char *name;
	struct mz_arm_s1 wanted;
} firsts[] = {
	{"s1_4k", {12, 48, 48, 0}},
	{"s1_4k_39_dbm", {12, 39, 48, MZ_ARM_DBM}},
	{"s1_4k_25", {12, 25, 40, 0}},
	{"s1_16k", {14, 48, 48, MZ_ARM_DBM}},
	{"s1_16k_36", {14, 36, 40, 0}},
	{"s1_64k", {16, 48, 48, 0}},
	{"s1_64k_42_dbm", {16, 42, 40, MZ_ARM_DBM}},
	{"s1_4k_wide", {12, 52, 52, MZ_ARM_WIDE}},
	{"s1_16k_wide", {14, 52, 52, MZ_ARM_WIDE | MZ_ARM_DBM}},
	{"s1_64k_wide", {16, 52, 52, MZ_ARM_WIDE}},
};

/* What is made of the guest's page, and by whom it is accessed. */
struct trial {
	const char *name; /* of the first stage */
	unsigned level, perm;
	bool of_user, by_user;
	uint16_t without; /* flags that the leaf has not */
};

static struct world world;

/* A leaf of this level, around the first data frame, which lies one to one. */
static uint64_t map_leaf(const struct own *own, const struct trial *trial)
{
	struct mz_prop prop = own->platform.stage1_prop(trial->perm, trial->of_user);
	uint64_t span = mz_span(world.stage1_format, trial->level);
	mz_oa oa = mz_oa_from(memory_data().addr & ~(span - 1));
	uint64_t va = world_va(&world) & ~(span - 1);

	prop.flags &= (uint16_t)~trial->without;
	world_map_scratch(&world);
	must(mz_table_map(&world.stage1, mz_ia_from(va), span, oa, prop),
	     "mz_table_map of stage 1");
	return va + (memory_data().addr & (span - 1));
}

/* Whoever owns the page has what the leaf gives: PAN keeps EL1 off what is EL0's. */
static bool allowed(const struct trial *trial, const struct operation *operation)
{
	return trial->of_user == trial->by_user && (trial->perm & operation->kind) != 0;
}

static const char *decoder_differs(const struct outcome *outcome, const struct trial *trial,
				   const struct access *access, enum mz_fault_cause cause)
{
	const struct mz_fault_record *fault = &outcome->fault;

	return fault->cause != cause || fault->level != trial->level ||
			fault->access != access->kind || fault->user != access->user ||
			!fault->has_ia || fault->ia.addr != access->va || fault->walk
		? "the decoder is wrong"
		: NULL;
}

/* `cause` is that of the guest's fault, or MZ_FAULT_UNKNOWN. */
static void try_access(struct access access, const struct trial *trial, enum mz_fault_cause cause)
{
	enum ending wanted = cause == MZ_FAULT_UNKNOWN ? ENDING_DONE : ENDING_GUEST_FAULT;
	struct prediction prediction = predict(&world, &access);
	struct verdict verdict;

	/* The walker does not know of flags that the guest's MMU demands. */
	if (cause != MZ_FAULT_UNKNOWN)
		prediction.ending = ENDING_GUEST_FAULT;
	verdict = judge_by(&world, &prediction);
	if (verdict.wrong == NULL && wanted == ENDING_GUEST_FAULT)
		verdict.wrong = decoder_differs(&verdict.outcome, trial, &access, cause);
	judge_report(&verdict, wanted);
}

static void permission(const struct own *own, const struct trial *trial,
		       const struct operation *operation)
{
	struct access access;

	report_test("%s_EL%u_%s_%s_page_of_%s%s%s_at_level_%u", trial->name,
		    trial->by_user ? 0u : 1u, operation->name,
		    trial->of_user ? "user's" : "kernel's", "r", trial->perm & MZ_WRITE ? "w" : "-",
		    trial->perm & MZ_EXEC ? "x" : "-", trial->level);
	world_begin(&world, &own->platform, &own->stage);
	access = judge_access(map_leaf(own, trial), operation->kind, trial->by_user);
	world_use(&world);
	try_access(access, trial, allowed(trial, operation) ? MZ_FAULT_UNKNOWN : MZ_FAULT_DENIED);
	world_end(&world);
	memory_frame_fill(memory_data());
}

static void over_permissions(const struct own *own, struct trial trial)
{
	static const unsigned perms[] = {MZ_READ, MZ_READ | MZ_WRITE, MZ_READ | MZ_EXEC,
					 MZ_READ | MZ_WRITE | MZ_EXEC};

	for (size_t p = 0; p < COUNT(perms); p++)
		for (unsigned who = 0; who < 4; who++)
			for (unsigned i = 0; i < 3; i++) {
				trial.perm = perms[p];
				trial.of_user = (who & 1) != 0;
				trial.by_user = (who & 2) != 0;
				permission(own, &trial, &operations[i]);
			}
}

/* The flag is the MMU's to set, or the guest's. */
static void flag(const struct own *own, struct trial trial, const struct operation *operation)
{
	bool set = (own->platform.stage1_flags_set & trial.without) != 0;
	enum mz_fault_cause cause = trial.without == MZ_ACCESSED ? MZ_FAULT_ACCESS_FLAG
								 : MZ_FAULT_DENIED;
	struct access access;
	const uint64_t *slot;

	trial.perm = MZ_READ | MZ_WRITE | MZ_EXEC;
	report_test("%s_%s_%s_at_level_%u", trial.name, operation->name,
		    trial.without == MZ_ACCESSED ? "sets_the_access_flag" : "makes_dirty",
		    trial.level);
	world_begin(&world, &own->platform, &own->stage);
	access = judge_access(map_leaf(own, &trial), operation->kind, false);
	world_use(&world);
	try_access(access, &trial, set ? MZ_FAULT_UNKNOWN : cause);
	slot = world_guest_slot(&world, access.va, trial.level);
	if (set && (world.stage1_format->prop(*slot, trial.level).flags & trial.without) == 0)
		report_not_ok("the flag was not set");
	world_end(&world);
	memory_frame_fill(memory_data());
}

/* A bit of the output address beyond TCR_EL1.IPS. */
static void address_size(const struct own *own, struct trial trial)
{
	struct access access;
	uint64_t *slot;

	trial.perm = MZ_READ;
	report_test("%s_an_address_beyond_the_guest's_at_level_%u", trial.name, trial.level);
	world_begin(&world, &own->platform, &own->stage);
	access = judge_access(map_leaf(own, &trial), MZ_READ, false);
	slot = world_guest_slot(&world, access.va, trial.level);
	world_patch(&world, slot, *slot | (uint64_t)1 << own->stage1.wanted.oa_bits,
		    MZ_FAULT_UNKNOWN);
	world_use(&world);
	try_access(access, &trial, MZ_FAULT_ADDRESS_SIZE);
	world_end(&world);
}

static void absent(const struct own *own, struct trial trial)
{
	struct access access;
	uint64_t *slot;

	trial.perm = MZ_READ;
	report_test("%s_nothing_at_level_%u", trial.name, trial.level);
	world_begin(&world, &own->platform, &own->stage);
	access = judge_access(map_leaf(own, &trial), MZ_READ, false);
	slot = world_guest_slot(&world, access.va, trial.level);
	world_patch(&world, slot, world.stage1_format->absent, MZ_FAULT_UNKNOWN);
	world_use(&world);
	try_access(access, &trial, MZ_FAULT_ABSENT);
	world_end(&world);
}

static void over_leaf(const struct own *own, struct trial trial)
{
	over_permissions(own, trial);
	absent(own, trial);
	if (own->stage1.wanted.oa_bits < 48)
		address_size(own, trial);
	trial.without = MZ_ACCESSED;
	for (unsigned i = 0; i < 3; i++)
		flag(own, trial, &operations[i]);
	trial.without = MZ_DIRTY;
	if ((own->stage1.wanted.options & MZ_ARM_DBM) != 0)
		flag(own, trial, &operations[1]);
}

static void over_leaves(const struct own *own, const char *name)
{
	const struct mz_format *f = &own->stage1.format;
	struct trial trial = {.name = name};

	for (trial.level = 1; trial.level <= f->levels; trial.level++)
		if (mz_leaf_allowed(f->leaf_levels, trial.level))
			over_leaf(own, trial);
}

/* With the flags set by the MMU, where it can, and by the guest. */
void own_stage1(const struct platform *platform)
{
	static const struct arm_stage second = {"stage1", {12, 48, 48, 0}, 0};
	static struct own own;

	for (size_t i = 0; i < COUNT(firsts); i++) {
		if (!own_make(&own, platform, &second, &firsts[i].wanted))
			continue;
		over_leaves(&own, firsts[i].name);
		if (own.platform.stage1_features == 0 || firsts[i].wanted.options != 0)
			continue;
		own.platform.stage1_features = 0;
		own.platform.stage1_flags_set = 0;
		over_leaves(&own, firsts[i].name);
	}
}
