// SPDX-License-Identifier: MPL-2.0
/*
 * mz_table_mark() on any table of the shape, any address, any flags that there are.
 * Proof mark: -DSHAPE=22 --function mark --unwind 4
 */
#include "tests/proof/table.h"

#include "core/mark.c"

void mark(void)
{
	mz_ia ia = mz_ia_from(nondet_u64());
	unsigned flags = nondet_unsigned() & (MZ_ACCESSED | MZ_DIRTY), slot, marked;
	struct mz_prop wanted;
	struct mz_item was, is;
	enum mz_error error;

	free_table();
	was = lookup(ia.addr, &marked);

	error = mz_table_mark(&table, ia, flags);

	finish(NULL);
	claim_valid();
	claim_others_unchanged();
	CLAIM((error == MZ_OUT_OF_RANGE) == (marked == FRAMES * ENTRIES),
	      "out of range where the table does not reach");
	CLAIM((error == MZ_OK) == (was.level != 0), "marks what is mapped");
	if (error != MZ_OK) {
		CLAIM(error == MZ_OUT_OF_RANGE || error == MZ_NOT_MAPPED, "fails as documented");
		claim_unchanged();
		REACHES(error == MZ_NOT_MAPPED);
		return;
	}
	is = lookup(watched.addr, &slot);
	wanted = watched.was.prop;
	if (slot == marked)
		wanted.flags |= (uint16_t)flags;
	CLAIM(is.level == watched.was.level && is.oa.addr == watched.was.oa.addr,
	      "all is mapped as before");
	CLAIM(is.level == 0 || same_prop(is.prop, wanted),
	      "with the flags in this leaf, and none of hardware's lost");
	REACHES(slot == marked && mmu_has_written);
	REACHES(is.level == 2);
}
