// SPDX-License-Identifier: MPL-2.0
/*
 * mz_cursor_protect_next(): any cursor, any number of bytes, any permissions, memory or none.
 * Long proof cursor_protect: -DSHAPE=22 -DCOVER=2 -DSPARE=1 --function cursor_protect --unwind 5
 *   --unwindset next_mapped.1:7,maps_anything:1,maps_anything.0:1,split_count.0:1
 *   --unwindset split_count_whole.0:1,split_fill:1,split_fill.0:3,split_fill_run:1
 *   --unwindset split_fill_run.0:1,entries_fill.0:1,entries_fill.2:3,lock_below.0:1
 *   --unwindset unlock_below.0:1,split_leaf.0:3,split_undo:1,split_undo.0:1,split_count:1
 * Long proof cursor_protect_24: -DSHAPE=24 -DCOVER=1 -DSPARE=1 --function cursor_protect
 *   --unwind 7
 *   --unwindset next_mapped.1:7,maps_anything:1,maps_anything.0:1,split_count.0:1
 *   --unwindset split_count_whole.0:1,split_fill:1,split_fill.0:3,split_fill_run:1
 *   --unwindset split_fill_run.0:1,entries_fill.0:1,entries_fill.2:3,lock_below.0:1
 *   --unwindset unlock_below.0:1,split_leaf.0:3,split_undo:1,split_undo.0:1,split_count:1
 */
#include "tests/proof/fragment.h"

static void claim_protected(const struct mz_fragment *is, unsigned perm, struct mz_item now)
{
	struct mz_prop wanted = watched.was.prop;

	CLAIM((now.level != 0) == (watched.was.level != 0), "maps and unmaps nothing");
	if (watched.was.level == 0)
		return;
	if (is_inside(watched.addr, is->ia.addr, is->ia.addr + (is->bytes - 1))) {
		CLAIM((wanted.perm & ~perm) == 0 || watched.flushed,
		      "flushes what lost a permission");
		wanted.perm = (uint8_t)perm;
	}
	CLAIM(now.oa.addr == watched.was.oa.addr, "output addresses stay");
	CLAIM(same_prop(now.prop, wanted), "gives what it says the permissions, and nothing else");
	CLAIM(now.level <= watched.was.level, "leaves are split at most");
}

void cursor_protect(void)
{
	uint64_t bytes = nondet_u64(), limit;
	unsigned perm = nondet_unsigned(), slot;
	struct mz_fragment is;
	enum mz_error error;

	free_cursor();
	limit = limit_within(bytes);

	error = instance_cursor_protect_next(&cursor, bytes, perm, &is);

	CLAIM(error != MZ_MISALIGNED || (bytes & (NODE_BYTES - 1)) != 0, "misaligned where it is");
	CLAIM(error != MZ_NOT_ENCODABLE || perm > UINT8_MAX ||
		      !small_encodable(mz_prop_from(perm), 1, table.config.features),
	      "not encodable where it is not");
	CLAIM(error == MZ_OK || error == MZ_MISALIGNED || error == MZ_NOT_ENCODABLE ||
		      (error == MZ_NO_MEMORY && memory_refused),
	      "fails as documented");
	CLAIM(watched.reported == 0, "reports nothing as unmapped");
	if (error != MZ_OK || is.kind == MZ_ABSENT) {
		claim_nothing_found(error, &is, bytes);
		REACHES(error == MZ_OK && !cursor.ended && bytes > 0);
#if COVER > 1
		REACHES(error == MZ_NO_MEMORY);
#endif
		return;
	}
	CLAIM(small_encodable(mz_prop_from(perm), 1, table.config.features) && perm <= UINT8_MAX,
	      "what is accepted is encodable");
	CLAIM(is.kind == MZ_LEAF, "what is protected is a leaf");
	claim_found(&is, bytes);
	claim_changed();
	claim_protected(&is, perm, lookup(watched.addr, &slot));
	REACHES(mmu_has_written && is_inside(watched.addr, is.ia.addr, cursor.last));
#if COVER > 1
	REACHES(is.bytes < span_of(is.item.level) && perm != is.item.prop.perm);
	REACHES(is.item.level == 2 && is.bytes == span_of(2));
#endif
}
