/* SPDX-License-Identifier: MPL-2.0 */
/* The scenarios, each over one second stage, and what they share. */
#ifndef GUEST_MMU_SCENARIOS_H
#define GUEST_MMU_SCENARIOS_H

#include "guest/mmu/judge.h"
#include "guest/mmu/report.h"
#include "guest/mmu/world.h"

/* What a guest can do with memory. */
struct operation {
	const char *name;
	uint8_t kind;
	bool user;
};

#define OPERATIONS 4u
extern const struct operation operations[OPERATIONS];

/* Who comes upon the page under test: the access itself, or the guest's page walk on its way there.
 */
enum manner { MANNER_ACCESS, MANNER_WALK, MANNER_WALK_FLAGS, MANNERS };
extern const char *const manner_names[MANNERS];

/* Without the last one where the guest's MMU sets no flags; the first alone without a guest. */
unsigned manner_count(const struct platform *platform);

/*
 * Makes world_va() of the guest lead to the page under test, which is at gpa and is the data frame
 * `oa`: as what it maps, or as the smallest node on the way to a scratch page.
 */
void aim(struct world *world, enum manner manner, mz_ia gpa, mz_oa oa, bool user);

/* Does the page under test see a write then, or reads alone? */
bool aim_writes(const struct stage *stage, enum manner manner, const struct operation *operation);

/* Every permission at every leaf level, by each kind of access. */
void scenario_permissions(const struct platform *platform, const struct stage *stage);

/* Nothing is there: at every level, and beyond the table. Wide roots. */
void scenario_absent(const struct platform *platform, const struct stage *stage);

/* Reserved and ignored bits of leaves and links. */
void scenario_bits(const struct platform *platform, const struct stage *stage);

/* Accessed and dirty: on the path, on the leaf, by accesses and by the guest's walk. */
void scenario_flags(const struct platform *platform, const struct stage *stage);

/* Leaves of the user and of the kernel, where they are told apart. */
void scenario_user(const struct platform *platform, const struct stage *stage);

/* What the guest's own tables forbid comes first. */
void scenario_guest(const struct platform *platform, const struct stage *stage);

/* The guest's tables and its memory, small and large, in pages that are there, read-only or not. */
void scenario_nested(const struct platform *platform, const struct stage *stage);

/* Changes under a guest that has translations cached, with the flush that they ask for. */
void scenario_changes(const struct platform *platform, const struct stage *stage);

/* Changes without it are not seen. */
void scenario_stale(const struct platform *platform, const struct stage *stage);

/* The log of written pages. */
void scenario_log(const struct platform *platform, const struct stage *stage);

/* Who wants to know gets what was written, by faults, by flags and by the log. */
void scenario_dirty(const struct platform *platform, const struct stage *stage);

/* Which memory is used, and for how long which is not, by flags and by faults. */
void scenario_age(const struct platform *platform, const struct stage *stage);

/* Write protection from above, and by steps back down. */
void scenario_narrow(const struct platform *platform, const struct stage *stage);

/* A guest in a space, in its clone, and in the clone's clone. */
void scenario_clone(const struct platform *platform, const struct stage *stage);

/* Leaves are split and collapsed, level by level. */
void scenario_huge(const struct platform *platform, const struct stage *stage);

/* Memory types, flags, and devices. */
void scenario_types(const struct platform *platform, const struct stage *stage);

/* The same random tables for the MMU and for the walker. */
void differential(const struct platform *platform, const struct stage *stage);

#endif
