// SPDX-License-Identifier: MPL-2.0
/*
 * mz_table_protect() on any table of the shape, with any arguments, with a gather of the caller's
 * or none, memory or none at each allocation, and any address looked at before and after. Where the
 * MMU may write, it does so once, at any moment before an entry is replaced.
 * Long proof protect_22_1: -DSHAPE=22 -DCOVER=1 --unwind 4
 *   --unwindset lock_cover.0:2,lock_cover.1:1,lock_node.0:2,lock_node.1:1,mz_reserve_fill.0:2
 *   --unwindset mz_reserve_fill.1:3,mz_reserve_drain.0:2,mz_gather_finish.0:1,mz_gather_finish.1:1
 *   --unwindset leaves_protect.0:3,entry_protect.0:2
 * Long proof protect_22_1@FORMATS: -DSHAPE=22 -DCOVER=1 --unwind 4
 *   --unwindset lock_cover.0:2,lock_cover.1:1,lock_node.0:2,lock_node.1:1,mz_reserve_fill.0:2
 *   --unwindset mz_reserve_fill.1:3,mz_reserve_drain.0:2,mz_gather_finish.0:1,mz_gather_finish.1:1
 *   --unwindset leaves_protect.0:3,entry_protect.0:2
 */
#include "tests/proof/table.h"

static void claim_protected(uint64_t first, uint64_t last, unsigned perm, struct mz_item is)
{
	struct mz_prop wanted = watched.was.prop;

	CLAIM((is.level != 0) == (watched.was.level != 0), "maps and unmaps nothing");
	if (watched.was.level == 0)
		return;
	if (is_inside(watched.addr, first, last)) {
		CLAIM((wanted.perm & ~perm) == 0 || watched.flushed,
		      "flushes what lost a permission");
		wanted.perm = (uint8_t)perm;
	}
	CLAIM(is.oa.addr == watched.was.oa.addr, "output addresses stay");
	CLAIM(same_prop(is.prop, wanted),
	      "permissions are as asked inside, and all other properties as before");
	CLAIM(is.level <= watched.was.level, "leaves are split at most");
}

int main(void)
{
	mz_ia ia = mz_ia_from(nondet_u64());
	uint64_t bytes = nondet_u64(), last = ia.addr + (bytes - 1);
	unsigned perm = nondet_unsigned(), slot;
	struct mz_gather *given;
	enum mz_error error;

	free_table();
	given = free_gather();

	error = instance_protect(&table, ia, bytes, perm, given);

	finish(given);
	claim_valid();
	claim_others_unchanged();
	CLAIM(watched.reported == 0, "reports nothing as unmapped");
	if (error == MZ_OK) {
		CLAIM(bytes > 0 && range_is_managed(ia.addr, last),
		      "protects whole pages that the table manages");
		claim_protected(ia.addr, last, perm, lookup(watched.addr, &slot));
		REACHES(watched.was.level == COVER && is_inside(watched.addr, ia.addr, last));
		REACHES(watched.was.level != 0 && !is_inside(watched.addr, ia.addr, last));
		REACHES((mmu_is_idle() || mmu_has_written) &&
			is_inside(watched.addr, ia.addr, last));
		return 0;
	}
	claim_unchanged();
	CLAIM(error == MZ_MISALIGNED || error == MZ_OUT_OF_RANGE || error == MZ_NOT_ENCODABLE ||
		      error == MZ_NO_MEMORY,
	      "fails as documented");
	CLAIM(error != MZ_NOT_ENCODABLE || perm > UINT8_MAX ||
		      !small_encodable(mz_prop_from(perm), 1, table.config.features),
	      "not encodable where it is not");
	CLAIM((error != MZ_MISALIGNED && error != MZ_OUT_OF_RANGE) || bytes == 0 ||
		      !range_is_managed(ia.addr, last),
	      "refuses only what is not the table's");
	CLAIM(error != MZ_NO_MEMORY || memory_refused, "out of memory where it was refused");
	return 0;
}
