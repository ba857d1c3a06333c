// SPDX-License-Identifier: MPL-2.0
/*
 * core/entry.h: any entry of any node of any tree of the shape, any child, any permissions. What is
 * taken out of an entry stays alive: the proof owns it then.
 * Proof entry_at: -DSHAPE=22 --function entry_at --unwind 4
 * Proof entry_put: -DSHAPE=22 --function entry_put --unwind 4
 * Proof entry_put@FORMATS: -DSHAPE=22 --function entry_put --unwind 4
 * Proof entry_permit: -DSHAPE=22 --function entry_permit --unwind 4
 * Proof entry_permit@FORMATS: -DSHAPE=22 --function entry_permit --unwind 4
 */
#include "tests/proof/single.h"

#include "core/entry.c"
#include "core/guard.c"

static unsigned frame, index_of;
static uint64_t word;
static struct mz_guard guard;
static struct mz_entry entry;

/* Any entry that the table manages, its node locked, and nothing else. */
static void free_entry(void)
{
	mz_node node;

	free_table();
	frame = nondet_unsigned();
	index_of = nondet_unsigned();
	ASSUME(frame < FRAMES && index_of < ENTRIES && live[frame]);
	ASSUME(frame != 0 || is_managed(index_of));
	node.oa = address_of(frame);
	guard = mz_guard_lock(&table, mz_node_ref(&table.config, node));
	word = pool[frame * ENTRIES + index_of];
	ASSUME(mz_entry_at(&guard, index_of, &entry) == MZ_OK);
	entry.guard = &guard; /* changes nothing, but CBMC knows it as a constant again */
}

/* Claims that an operation that was refused has changed nothing. */
static void claim_refused(void)
{
	mz_guard_unlock(&guard);
	claim_unchanged();
	CLAIM(entry.entry == word, "and the entry is as it was read");
}

static unsigned present_in_node(void)
{
	unsigned present = 0;

	for (unsigned i = 0; i < ENTRIES; i++)
		present += (frame != 0 || is_managed(i)) &&
			small_kind(pool[frame * ENTRIES + i], mz_frame_level(&frames[frame])) !=
				MZ_ABSENT;
	return present;
}

/* Claims what holds after a change of the entry: its node's count, its neighbours, its reading. */
static void claim_changed(void)
{
	unsigned i = nondet_unsigned();

	ASSUME(i < ENTRIES);
	CLAIM(frames[frame].child_count == present_in_node(), "child_count is right");
	CLAIM(i == index_of || pool[frame * ENTRIES + i] == before.pool[frame * ENTRIES + i],
	      "other entries are left alone");
	CLAIM(entry.entry == pool[frame * ENTRIES + index_of], "the entry is read again");
	CLAIM(frames[frame].lock == 1, "the lock is kept");
}

void entry_at(void)
{
	unsigned index = nondet_unsigned();
	struct mz_entry other;
	enum mz_error error;

	free_entry();

	error = mz_entry_at(&guard, index, &other);

	CLAIM(error == (index < ENTRIES ? MZ_OK : MZ_OUT_OF_RANGE), "an entry is inside its node");
	if (error == MZ_OK) {
		CLAIM(other.guard == &guard && other.index == index &&
			      other.entry == pool[frame * ENTRIES + index],
		      "and is what the node holds");
		CLAIM(mz_entry_kind(&other) ==
			      small_kind(other.entry, mz_frame_level(&frames[frame])),
		      "its kind is the entry's");
		REACHES(mz_entry_kind(&other) == MZ_NODE);
	}
	claim_refused();
}

void entry_put(void)
{
	unsigned level;
	struct mz_child child, old = mz_child_absent();
	enum mz_error error;

	free_entry();
	level = mz_frame_level(&frames[frame]);
	child = free_child();

	error = mz_entry_replace(&entry, child, &old);

	claim_fits(error, child, level);
	if (error != MZ_OK) {
		claim_refused();
		return;
	}
	claim_changed();
	CLAIM(same_child(mz_child_from_entry(&table.config, entry.entry, level), child),
	      "the child is in the entry");
	CLAIM(old.kind == small_kind(word, level), "what was there is handed out");
	CLAIM(old.kind != MZ_NODE || old.node.oa.addr == small_oa(word, level).addr,
	      "the node that was linked");
	CLAIM(old.kind != MZ_LEAF || old.item.oa.addr == small_oa(word, level).addr,
	      "the item that was mapped");
	CLAIM(old.kind != MZ_LEAF || watched.slot != frame * ENTRIES + index_of ||
		      same_prop(old.item.prop, watched.was.prop),
	      "with all that the MMU has set in it");
	REACHES(child.kind == MZ_LEAF && old.kind == MZ_NODE);
	REACHES(child.kind == MZ_ABSENT && old.kind == MZ_LEAF);
	REACHES(mmu_is_idle() || (mmu_has_written && watched.slot == frame * ENTRIES + index_of));
}

void entry_permit(void)
{
	unsigned level, perm = nondet_unsigned(), slot;
	struct mz_prop wanted;
	struct mz_item is;
	enum mz_error error;

	free_entry();
	level = mz_frame_level(&frames[frame]);

	error = mz_entry_protect(&entry, perm);

	CLAIM((error == MZ_NOT_MAPPED) == (small_kind(word, level) != MZ_LEAF), "only of a leaf");
	CLAIM(error == MZ_OK || error == MZ_NOT_MAPPED || error == MZ_NOT_ENCODABLE,
	      "fails as documented");
	if (error != MZ_OK) {
		claim_refused();
		REACHES(error == MZ_NOT_ENCODABLE);
		return;
	}
	claim_changed();
	mz_guard_unlock(&guard);
	claim_valid();
	is = lookup(watched.addr, &slot);
	wanted = watched.was.prop;
	if (slot == frame * ENTRIES + index_of)
		wanted.perm = (uint8_t)perm;
	CLAIM(is.oa.addr == watched.was.oa.addr && is.level == watched.was.level,
	      "all is mapped as before");
	CLAIM(is.level == 0 || same_prop(is.prop, wanted),
	      "with other permissions in this entry, and no bit of hardware's lost");
	REACHES(slot == frame * ENTRIES + index_of && (mmu_is_idle() || mmu_has_written));
}
