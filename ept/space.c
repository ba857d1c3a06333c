// SPDX-License-Identifier: MPL-2.0
/* Making a space, and what it says of itself. */
#include "ept/space.h"

static bool hooks_complete(const struct mz_config *config, const struct mz_backing *backing)
{
	return (config->rcu.enter == NULL || config->rcu.wait != NULL) &&
		(backing == NULL || backing->release != NULL);
}

enum mz_error mz_space_init(struct mz_space *space, const struct mz_config *config,
			    const struct mz_backing *backing, struct mz_region *regions,
			    size_t region_max)
{
	static const struct mz_space empty;
	enum mz_error error;

	if (!hooks_complete(config, backing))
		return MZ_BAD_HOOKS;
	*space = empty;
	mz_regions_init(&space->regions, regions, region_max);
	if (backing != NULL)
		space->backing = *backing;
	error = mz_table_init(&space->table, config);
	if (error != MZ_OK)
		return error;
	if (config->format->flags_fault && (config->features & MZ_HW_ACCESSED_DIRTY) == 0)
		space->fault_flags = config->format->hw_flags;
	space->leaf_top = 1;
	while (space->table.config.leaf_levels >> space->leaf_top > 1)
		space->leaf_top++;
	return MZ_OK;
}

void mz_space_destroy(struct mz_space *space)
{
	MZ_ASSERT(space->workers == NULL && space->consumers == NULL && space->agers == NULL);
	mz_table_destroy(&space->table);
}

const char *mz_answer_text(enum mz_answer answer)
{
	static const char *const texts[MZ_ANSWERS] = {
		[MZ_RESOLVED] = "resolved", [MZ_RETRY] = "retry",         [MZ_MMIO] = "mmio",
		[MZ_DENIED] = "denied",     [MZ_EXHAUSTED] = "exhausted",
	};

	return (unsigned)answer < MZ_ANSWERS ? texts[answer] : "unknown answer";
}

const char *mz_denial_text(enum mz_denial cause)
{
	static const char *const texts[MZ_DENIALS] = {
		[MZ_DENIAL_NONE] = "not denied",
		[MZ_DENIAL_NO_REGION] = "nothing is at that address",
		[MZ_DENIAL_READ_ONLY] = "the memory is read-only",
		[MZ_DENIAL_PERMISSION] = "the page is protected",
		[MZ_DENIAL_LENT] = "the memory is lent",
		[MZ_DENIAL_UNKNOWN] = "the fault is none that a page table can mend",
	};

	return (unsigned)cause < MZ_DENIALS ? texts[cause] : "unknown cause";
}
