/* SPDX-License-Identifier: MPL-2.0 */
/* Giving up what the entries of a dead node own. */
#ifndef MZ_CORE_BODY_DROP_H
#define MZ_CORE_BODY_DROP_H

#include "core/body/entry.h"

/*
 * Puts the children of a dead node. Of child nodes that die by it, those that own nothing are
 * freed, and the others go onto the list.
 */
static inline void instance_drop(const struct mz_config *c, mz_oa node, uint32_t *dead)
{
	const struct mz_format *f = format_in(c);
	struct mz_frame *frame = mz_frame_at(f, c, node);
	const uint64_t *slots = mz_slots_at(c, node);
	unsigned level = mz_frame_level(frame);
	bool root = level == f->levels;
	unsigned index = root ? c->root_first : 0;
	unsigned end = root ? c->root_end : mz_entry_count(f, level);
	unsigned left = frame->child_count;

	for (; index < end && left > 0; index++) {
		uint64_t entry = mz_load_relaxed(&slots[index]);
		enum mz_kind kind = f->kind(entry, level);

		if (kind == MZ_ABSENT)
			continue;
		left--;
		if (kind == MZ_NODE) {
			mz_oa child = f->oa(entry, level);
			struct mz_frame *child_frame = mz_frame_at(f, c, child);

			if (!mz_refs_put(&child_frame->refs))
				continue;
			if (level == 2 && c->items.put == NULL) {
				mz_node_free_raw_(c, (mz_node) {child});
			} else {
				child_frame->next = *dead;
				*dead = mz_page_number(f, child);
			}
		} else if (c->items.put != NULL && !frame->moved) {
			c->items.put(c->items.context, item_of(f, entry, level));
		}
	}
}

#endif
