// SPDX-License-Identifier: MPL-2.0
/*
 * mz_table_map() on any table of the shape, with any arguments, memory or none at each allocation,
 * and any address looked at before and after.
 * Proof map_22_1: -DSHAPE=22 -DCOVER=1 --unwind 4
 * Long proof map_22_1@FORMATS: -DSHAPE=22 -DCOVER=1 --unwind 4
 * Long proof map_22_2: -DSHAPE=22 -DCOVER=2 --unwind 4
 */
#include "tests/proof/table.h"

/* The largest level at which [first, last] could have a leaf around `addr`. */
static unsigned best_level(uint64_t addr, uint64_t first, uint64_t last, uint64_t offset)
{
	unsigned best = 0;

	for (unsigned level = 1; level <= SHAPE_LEVELS; level++) {
		uint64_t base = addr & ~(span_of(level) - 1);

		if ((table.config.leaf_levels >> level & 1) != 0 &&
		    (offset & (span_of(level) - 1)) == 0 && base >= first &&
		    base + (span_of(level) - 1) <= last)
			best = level;
	}
	return best;
}

static void claim_mapped(mz_ia ia, uint64_t last, mz_oa oa, struct mz_prop prop, struct mz_item is)
{
	if (!is_inside(watched.addr, ia.addr, last)) {
		CLAIM(same_item(is, watched.was), "maps nothing else");
		return;
	}
	CLAIM(is.oa.addr == oa.addr + (watched.addr - ia.addr), "maps to the output address");
	CLAIM(same_prop(is.prop, prop), "maps with the properties");
	CLAIM(is.level == best_level(watched.addr, ia.addr, last, oa.addr - ia.addr) ||
		      table.config.root_fixed,
	      "maps with the largest leaf");
}

int main(void)
{
	mz_ia ia = mz_ia_from(nondet_u64());
	mz_oa oa = mz_oa_from(nondet_u64());
	uint64_t bytes = nondet_u64(), last = ia.addr + (bytes - 1);
	struct mz_prop prop = {nondet_u8(), nondet_u8(), nondet_u16()};
	bool occupied, aligned = ((ia.addr | bytes | oa.addr) & (NODE_BYTES - 1)) == 0;
	enum mz_error error;
	unsigned slot;

	free_table();
	occupied = anything_mapped(ia.addr, last);

	error = instance_map(&table, ia, bytes, oa, prop);

	claim_valid();
	claim_others_unchanged();
	if (error == MZ_OK) {
		CLAIM(bytes > 0 && aligned && range_is_managed(ia.addr, last),
		      "maps whole pages that the table manages");
		CLAIM(!occupied, "maps nothing twice");
		claim_mapped(ia, last, oa, prop, lookup(watched.addr, &slot));
		REACHES(watched.was.level == 0 && is_inside(watched.addr, ia.addr, last));
		REACHES(watched.was.level != 0);
		return 0;
	}
	claim_unchanged();
	REACHES(error == MZ_OCCUPIED);
	CLAIM(error == MZ_MISALIGNED || error == MZ_OUT_OF_RANGE || error == MZ_NOT_ENCODABLE ||
		      error == MZ_OCCUPIED || error == MZ_NO_MEMORY,
	      "fails as documented");
	CLAIM(error != MZ_MISALIGNED || !aligned, "misaligned where something is");
	CLAIM(error != MZ_OUT_OF_RANGE || bytes == 0 || !range_is_managed(ia.addr, last) ||
		      oa.addr >> OA_LG2 != 0 || (oa.addr + (bytes - 1)) >> OA_LG2 != 0,
	      "out of range where something is");
	CLAIM(error != MZ_NOT_ENCODABLE || !small_encodable(prop, 1, table.config.features),
	      "not encodable where it is not");
	CLAIM(error != MZ_OCCUPIED || occupied, "occupied where something is mapped");
	CLAIM(error != MZ_NO_MEMORY || memory_refused, "out of memory where it was refused");
	return 0;
}
