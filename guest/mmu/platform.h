/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What a platform gives to the scenarios: a processor with a second stage, a nested guest that
 * makes one access at a time, and what came of it.
 *
 * The scenarios (guest/mmu/scenario_*.c) are the same for every platform. A platform is the folder
 * guest/mmu/PLATFORM/: it starts the machine, fills in a struct platform, and calls mmu_main(). It
 * also defines serial_send() and finish() of guest/lib/guest.h. Everything runs on one processor,
 * with the platform's RAM mapped one to one and cached.
 *
 * The nested guest runs with its stage 1 on, always. Its tables are built by the scenarios with
 * libmezz, in memory whose guest-physical addresses are the host's. The guest has a code page,
 * which begins with platform.stub, at two virtual addresses: one for the kernel, one for the user.
 */
#ifndef GUEST_MMU_PLATFORM_H
#define GUEST_MMU_PLATFORM_H

#include "core/fault.h"
#include "core/table.h"

struct stage;

/* An entry that a platform has spoilt, or tried to: see `spoil` below. */
struct spoilt {
	const char *what; /* for the test's name: a word with underscores, such as reserved_bit */
	int bit;          /* with it, or -1 */
	uint64_t entry;
	/* What the architecture says: MZ_FAULT_UNKNOWN that nothing has changed, else the fault. */
	uint8_t cause;
};

/* A second stage that the platform's processor can walk: a format as the hardware permits it. */
struct stage {
	const char *name; /* as in the names of tests, such as ept_ad */
	/* format, leaf_levels, features, oa_lg2 as the hardware decoder of arch/ sets them. */
	struct mz_config config;
	const struct mz_format *stage1; /* of the guest that runs under it; NULL: platform.stage1 */
	const void *own;                /* whatever else the platform must know of it */

	/* Random addresses stay below 2^this, where a known deviation asks for it; 0: no limit. */
	uint8_t random_ia_lg2;

	uint16_t flags_set;      /* MZ_ACCESSED, MZ_DIRTY: the MMU sets them in leaves by itself */
	uint16_t flags_demanded; /* it faults where one is needed but clear; disjoint from those */
	bool flags_hide;         /* to it, a leaf that lacks a flag that it demands is not there */
	bool flags_always;   /* it sets them whether the table has MZ_HW_ACCESSED_DIRTY or not */
	bool links_accessed; /* it sets MZ_ACCESSED in links on the way too */
	/* Every access of the guest's page walk to the guest's tables counts as a write. */
	bool walk_writes;
	/*
	 * Bit p: permissions p that with_perm() puts into a leaf but that the architecture forbids:
	 * MZ_FAULT_MISCONFIGURED.
	 */
	uint16_t bad_perms;
	/*
	 * What raw bits do: the n-th way to spoil `entry`, a good leaf (with all permissions and
	 * flags) or link at this level. Reserved and ignored bits one by one, memory types that do
	 * not exist, leaves where none may be. False: there are no more.
	 */
	bool (*spoil)(const struct stage *stage, uint64_t entry, enum mz_kind kind, unsigned level,
		      unsigned n, struct spoilt *out);
};

/* One access of the nested guest, of 8 bytes, aligned. */
struct access {
	uint64_t va;    /* the guest's virtual address */
	uint8_t kind;   /* MZ_READ, MZ_WRITE or MZ_EXEC: a jump to what write_return() wrote */
	bool user;      /* in user mode */
	uint64_t value; /* what is written */
	/*
	 * Not 0, with MZ_READ: the guest reads at `va`, writes `value` to `poke_va`, and reads at
	 * `va` again, without an exit between. The outcome is that of the second read. With
	 * MZ_WRITE, it writes at `va`, to `poke_va`, and at `va` again, `value` each time.
	 */
	uint64_t poke_va;
};

enum ending {
	ENDING_DONE,        /* the access was carried out */
	ENDING_FAULT,       /* the second stage stopped it: `fault`, `raw` */
	ENDING_GUEST_FAULT, /* the guest's own stage 1 stopped it */
	ENDING_UNEXPECTED,  /* anything else: `raw` */
};

struct outcome {
	enum ending ending;
	uint64_t value; /* what was read; of a fetch, the `tag` of what was executed */
	struct mz_fault_record fault; /* as the decoder of arch/ tells it, from `raw` */
	/*
	 * The syndrome as the hardware gave it. EPT: exit reason, qualification, guest-physical and
	 * guest-linear address. NPT: exit code, EXITINFO1, EXITINFO2. Arm: ESR_EL2, FAR_EL2,
	 * HPFAR_EL2. RISC-V: scause, stval, htval, htinst.
	 */
	uint64_t raw[4];
};

/* What must come of an access, as the tables say. */
struct expected {
	struct access access;
	bool faults;     /* at the second stage; all of the rest is about that */
	mz_ia ia;        /* the guest-physical address that could not be translated, to the byte */
	uint8_t cause;   /* enum mz_fault_cause */
	uint8_t tried;   /* MZ_READ, MZ_WRITE, MZ_EXEC or, where told apart, MZ_EXEC_USER. For a
			    walk MZ_READ, or MZ_WRITE to set a flag or where `walk_writes` */
	uint8_t allowed; /* the permissions there, narrowed by all links; absent: 0 */
	uint8_t level;   /* of the entry that stopped it; 0: the address is beyond the table */
	bool walk;       /* the guest's page walk tried it */
};

struct platform {
	const char *name;
	mz_oa ram_first; /* page-aligned RAM that is free for the scenarios, at least 64 MiB */
	uint64_t ram_bytes;

	/* The second stages, in the order in which they are tested. */
	const struct stage *stages;
	unsigned stage_count;

	/*
	 * The guest's stage 1. Its leaves are made by stage1_prop() for the kernel or for the user
	 * with what is allowed, MZ_ACCESSED and MZ_DIRTY set: a kernel needs to access only its own
	 * leaves, a user only its own. `stage1_flags_set`: the flags that the guest's MMU sets by
	 * itself where they are not.
	 *
	 * NULL: there is no nested guest. The `stages` are what the processor itself walks, the
	 * only ones; the scenarios run on them too, and accesses are the processor's own, in kernel
	 * and user mode. All of memory, up to the end of memory_data(), is mapped one to one for
	 * the kernel then.
	 */
	const struct mz_format *stage1;
	uint32_t stage1_leaf_levels; /* as in a configuration */
	uint32_t stage1_features;
	uint8_t stage1_oa_lg2; /* the guest's physical addresses; wider ones are not tried */
	uint16_t stage1_flags_set;
	bool stage1_links_accessed; /* MZ_ACCESSED in links, too */
	struct mz_prop (*stage1_prop)(unsigned perm, bool user);

	/* How many random accesses are made, over all stages; 0: as many as usual. */
	unsigned random_accesses;

	/* The start of the guest's code page, position-independent; up to 4 KiB. What the platform
	 * enters it by is its own. */
	const void *stub;
	size_t stub_bytes;

	/*
	 * Writes to `at` what a guest executes, in user and kernel mode, to come back with `tag` in
	 * `outcome.value`: the target of fetches. At most 64 bytes.
	 */
	void (*write_return)(void *at, uint32_t tag);

	/*
	 * The guest runs under this second stage and this stage 1 from now on, with its code page
	 * at these virtual addresses. Nothing that was cached before may count any more.
	 */
	void (*use)(const struct stage *stage, const struct mz_table *stage2,
		    const struct mz_table *stage1, uint64_t code_va, uint64_t user_code_va);

	/* The tables in use are about to go. May be NULL. */
	void (*leave)(void);

	/* A flush hook of the table in use, by the least instructions that arch/ says are right;
	 * `context` is NULL. */
	void (*flush)(void *context, mz_ia first, mz_ia last, bool nodes);
	/* Drops what was cached of the guest's own stage 1. */
	void (*flush_stage1)(void);

	struct outcome (*access)(const struct access *access);

	/* Is the syndrome in `outcome->raw` exactly what the architecture says? Written from the
	 * manual, without the decoders of arch/. Only for faults. */
	bool (*syndrome_right)(const struct stage *stage, const struct expected *expected,
			       const struct outcome *outcome);

	/*
	 * `outcome` is not what is expected in the test of this name: NULL, or, if this very
	 * outcome is what the emulator is known to do wrongly there, why. docs/deviations.md has
	 * the evidence. The case is reported as skipped then. May be NULL.
	 */
	const char *(*deviation)(const struct stage *stage, const char *test,
				 const struct expected *expected, const struct outcome *outcome);

	/* Why no stale translation can be seen here, not even by `poke_va`; NULL: it can. */
	const char *never_stale;

	/* A device's register of 8 bytes that reads the same each time, or 0 for none. */
	mz_oa device;

	/* The log of written pages (PML), or NULL: takes out at most `most` guest-physical
	 * addresses, oldest first. Empty after use(). */
	unsigned (*take_log)(const struct stage *stage, uint64_t *gpas, unsigned most);

	/* Tests of the platform's own, by guest/mmu/report.h; may be NULL. */
	void (*own_tests)(void);
};

/* Runs everything, prints TAP, and ends the machine by finish(), with 0 if nothing failed. */
_Noreturn void mmu_main(const struct platform *platform);

#endif
