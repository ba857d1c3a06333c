// SPDX-License-Identifier: MPL-2.0
/* Populating: faults that no guest has had yet. */
#include "ept/fault.h"

/* Maps what [first, last], which lies in one region, lacks. */
static enum mz_error populate_part(struct mz_worker *worker, uint64_t first, uint64_t last)
{
	for (;;) {
		struct mz_fault fault;
		enum mz_answer answer = mz_fault_answer_(worker, first, MZ_READ, &fault);
		uint64_t leaf_last;

		if (answer == MZ_EXHAUSTED)
			return MZ_NO_MEMORY;
		if (answer == MZ_RETRY && fault.bytes == 0)
			continue;
		/* The region was changed meanwhile, or nobody may read there: no leaf is wanted. */
		leaf_last = answer == MZ_RESOLVED || answer == MZ_RETRY
			? fault.ia.addr + (fault.bytes - 1)
			: mz_span_last(worker->space->table.config.format, first, 1);
		if (leaf_last >= last)
			return MZ_OK;
		first = leaf_last + 1;
	}
}

/* The next part of [first, last] that lies in one region of memory. False: there is none. */
static bool next_memory(const struct mz_space *space, uint64_t *first, uint64_t last,
			uint64_t *part_last)
{
	const struct mz_region *region;
	bool found = false;

	gate_enter(space);
	region = mz_regions_next(&space->regions, *first);
	while (region != NULL && mz_region_perm(region) == 0)
		region = mz_region_last(region) < last
			? mz_regions_next(&space->regions, mz_region_last(region) + 1)
			: NULL;
	if (region != NULL && region->ia.addr <= last) {
		found = true;
		if (region->ia.addr > *first)
			*first = region->ia.addr;
		*part_last = mz_region_last(region) < last ? mz_region_last(region) : last;
	}
	gate_leave(space);
	return found;
}

enum mz_error mz_space_populate(struct mz_worker *worker, mz_ia gpa, uint64_t bytes)
{
	uint64_t first = gpa.addr, last = gpa.addr + (bytes - 1), part_last;

	if (bytes == 0 || last < first)
		return MZ_OUT_OF_RANGE;
	while (next_memory(worker->space, &first, last, &part_last)) {
		enum mz_error error = populate_part(worker, first, part_last);

		if (error != MZ_OK || part_last == last)
			return error;
		first = part_last + 1;
	}
	return MZ_OK;
}

bool mz_space_find(const struct mz_space *space, mz_ia gpa, struct mz_region *region)
{
	const struct mz_region *found;

	gate_enter(space);
	found = mz_regions_find(&space->regions, gpa.addr);
	if (found != NULL)
		*region = *found;
	gate_leave(space);
	return found != NULL;
}
