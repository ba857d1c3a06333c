/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What a platform gives to the scenarios: a processor with a second stage, a nested guest that makes
 * one access at a time, and what came of it.
 *
 * The scenarios (guest/mmu/scenario_*.c) are the same for every platform. A platform is the folder
 * guest/mmu/PLATFORM/: it starts the machine, fills in `platform`, and calls mmu_main(). Everything
 * runs on one processor, with the platform's RAM mapped one to one and cached.
 *
 * The nested guest runs with its stage 1 on, always. Its tables are built by the scenarios with
 * libmezz, in guest-physical memory; the platform names the format. A guest has a code page, which
 * holds platform.stub, at two virtual addresses: one for the kernel, one for the user.
 */
#ifndef GUEST_MMU_PLATFORM_H
#define GUEST_MMU_PLATFORM_H

#include "core/fault.h"
#include "core/table.h"

/* A second stage that the platform's processor can walk: a format as the hardware permits it. */
struct stage {
	const char *name; /* as in the names of tests */
	/* format, leaf_levels, features, oa_lg2 as the hardware decoder of arch/ sets them. */
	struct mz_config config;
};

/* One access of the nested guest, of `bytes` 8 (a fetch: an instruction). */
struct access {
	uint64_t va;  /* the guest's virtual address */
	uint8_t kind; /* MZ_READ, MZ_WRITE or MZ_EXEC */
	bool user;    /* in user mode */
	uint64_t value; /* what is written */
};

enum ending {
	ENDING_DONE,          /* the access was carried out */
	ENDING_FAULT,         /* the second stage stopped it: `fault`, `raw` */
	ENDING_GUEST_FAULT,   /* the guest's own stage 1 stopped it */
	ENDING_UNEXPECTED,    /* anything else: `raw` */
};

struct outcome {
	enum ending ending;
	uint64_t value; /* what was read */
	struct mz_fault_record fault; /* as the decoder of arch/ tells it, from `raw` */
	/* The syndrome as the hardware gave it: EPT exit reason, qualification, guest-physical and
	 * guest-linear address; NPT exit code, EXITINFO1, EXITINFO2; Arm ESR_EL2, FAR_EL2, HPFAR_EL2;
	 * RISC-V scause, stval, htval, htinst. */
	uint64_t raw[4];
};

/* What the scenario knows of a fault that must have come: the platform tells its exact code. */
struct expected_fault {
	struct access access;
	mz_ia ia;      /* the guest-physical address that could not be translated */
	uint8_t cause; /* enum mz_fault_cause */
	uint8_t tried; /* what was tried there: for a walk MZ_READ, or MZ_WRITE to set a flag */
	uint8_t allowed; /* the permissions there, narrowed by all links; absent: 0 */
	uint8_t level; /* of the entry of the second stage that stopped it */
	bool walk;     /* the guest's page walk tried it */
};

struct platform {
	const char *name;
	mz_oa ram_first; /* page-aligned RAM that is free for the scenarios, at least 64 MiB */
	uint64_t ram_bytes;

	/* The second stages, in the order in which they are tested. */
	const struct stage *stages;
	unsigned stage_count;

	/* The guest's stage 1, and how a leaf is made for the kernel or for the user with what is
	 * allowed. A kernel can access only its own leaves, a user only its own. MZ_ACCESSED and
	 * MZ_DIRTY are set in it; `stage1_sets_flags`: the MMU sets them by itself where they are
	 * not. */
	const struct mz_format *stage1;
	uint32_t stage1_features;
	bool stage1_sets_flags;
	struct mz_prop (*stage1_prop)(unsigned perm, bool user);

	/* The guest's code page, position-independent: what the platform enters it by is its own. */
	const void *stub;
	size_t stub_bytes;

	/* Writes to `at` what a guest executes to come back, in user and kernel mode: the target of
	 * fetches. */
	void (*write_return)(void *at);

	/* The guest runs under this second stage and this stage 1 from now on, with its code page at
	 * these virtual addresses. All cached translations are dropped. */
	void (*use)(const struct mz_table *stage2, const struct mz_table *stage1, uint64_t code_va,
		    uint64_t user_code_va);

	/* A flush hook, by the least instructions that arch/ says are right; `context` is NULL. */
	void (*flush)(void *context, mz_ia first, mz_ia last, bool nodes);
	/* Drops what was cached of the guest's own stage 1. */
	void (*flush_stage1)(void);

	struct outcome (*access)(const struct access *access);

	/* Is the syndrome in `outcome->raw` exactly what the architecture says? Written from the
	 * manual, without the decoders of arch/. */
	bool (*syndrome_right)(const struct expected_fault *expected,
			       const struct outcome *outcome);

	/* NULL, or why this platform's answer to such a case is known to be wrong: docs/deviations.md
	 * has the evidence. The case is reported as skipped then. */
	const char *(*deviation)(const struct stage *stage, const struct expected_fault *expected);

	void (*print)(const char *text, size_t bytes);
	/* Ends the machine. */
	void (*stop)(void);
};

/* Runs everything, prints TAP, stops the machine. */
_Noreturn void mmu_main(const struct platform *platform);

#endif
