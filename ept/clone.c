// SPDX-License-Identifier: MPL-2.0
#include "ept/clone.h"

#include "core/clone.h"
#include "ept/gate.h"
#include "ept/written.h"

static bool copies_ram(const struct mz_space *space)
{
	if (space->backing.copy != NULL)
		return true;
	for (size_t i = 0; i < space->regions.count; i++)
		if (space->regions.all[i].kind == MZ_REGION_RAM ||
		    (space->regions.all[i].kind == MZ_REGION_LENT &&
		     space->regions.all[i].former == MZ_REGION_RAM))
			return false;
	return true;
}

/* The change lock is held. */
static enum mz_error clone_space(struct mz_space *clone, struct mz_space *space,
				 const struct mz_flush *flush, struct mz_region *regions,
				 size_t region_max)
{
	static const struct mz_space empty;
	struct mz_gather gather;
	enum mz_error error;

	if (space->regions.count > region_max)
		return MZ_FULL;
	if (!copies_ram(space))
		return MZ_BAD_HOOKS;
	*clone = empty;
	clone->backing = space->backing;
	clone->leaf_top = space->leaf_top;
	clone->fault_flags = space->fault_flags;
	mz_regions_init(&clone->regions, regions, region_max);
	for (size_t i = 0; i < space->regions.count; i++)
		regions[clone->regions.count++] = space->regions.all[i];
	mz_gather_init(&gather, &space->table);
	gate_shut(space);
	error = mz_table_clone(&clone->table, &space->table, flush, &gather);
	/* A page that a cache still lets be written must not be copied yet. */
	mz_gather_finish(&gather);
	/* Hardware's flags in nodes that both have now are of no use to two who clear them. */
	if (error == MZ_OK && writes_are_told(space) && dirty_by_hardware(space)) {
		error = mz_written_catch_up_(space);
		if (error != MZ_OK)
			mz_table_destroy(&clone->table);
	}
	gate_open(space);
	return error;
}

enum mz_error mz_space_clone(struct mz_space *clone, struct mz_space *space,
			     const struct mz_flush *flush, struct mz_region *regions,
			     size_t region_max)
{
	enum mz_error error;

	mz_lock_acquire(&space->change_lock);
	error = clone_space(clone, space, flush, regions, region_max);
	mz_lock_release(&space->change_lock);
	return error;
}
