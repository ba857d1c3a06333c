// SPDX-License-Identifier: MPL-2.0
/*
 * core/node.h: any configuration, any tree of the shape, any reference counts that its owners make.
 * Proof node_alloc: -DSHAPE=22 --function node_alloc --unwind 4
 * Proof node_take: -DSHAPE=22 --function node_take --unwind 4
 * Proof node_put: -DSHAPE=22 -DHOOKS --function node_put --unwind 4
 *   --unwindset mz_node_put.0:4,instance_drop.0:3
 * Proof node_put_shared: -DSHAPE=22 --function node_put_shared --unwind 4
 */
#include "tests/proof/single.h"

/* In a table that is but a root, so that frames are left. */
void node_alloc(void)
{
	unsigned level = nondet_unsigned(), i = nondet_unsigned(), frame;
	enum mz_error error;
	mz_node node;

	free_config();
	take_snapshot();
	ASSUME(i < ENTRIES);

	error = mz_node_alloc(&table.config, level, &node);

	CLAIM((error == MZ_BAD_LEVEL) == (level < 1 || level > SHAPE_LEVELS),
	      "a level that the format lacks is refused");
	CLAIM(error == MZ_OK || error == MZ_BAD_LEVEL || (error == MZ_NO_MEMORY && memory_refused),
	      "fails as documented");
	if (error != MZ_OK) {
		claim_unchanged();
		REACHES(error == MZ_NO_MEMORY);
		REACHES(error == MZ_BAD_LEVEL);
		return;
	}
	frame = frame_of(node.oa);
	CLAIM(is_frame(node.oa) && frame != 0 && live[frame], "a node has a frame of its own");
	CLAIM(same_frame(frames[frame], mz_frame_new(level)),
	      "one reference, no children, not stray, not locked");
	CLAIM(pool[frame * ENTRIES + i] == small.absent, "only absent entries");
	CLAIM(frames[0].refs == 1 && frames[0].child_count == 0, "the table is left alone");
	REACHES(level == 1);
	REACHES(level == SHAPE_LEVELS);
}

void node_take(void)
{
	unsigned frame = nondet_unsigned();
	struct mz_node_ref ref;
	mz_node node, taken;
	uint32_t refs;

	free_table();
	ASSUME(frame < FRAMES && live[frame]);
	refs = frames[frame].refs = nondet_u32();
	ASSUME(refs > 0 && refs < UINT32_MAX);
	node.oa = address_of(frame);

	ref = mz_node_ref(&table.config, node);
	CLAIM(ref.frame == &frames[frame] && ref.level == mz_frame_level(&frames[frame]) &&
		      (uintptr_t)ref.slots == LINEAR + node.oa.addr,
	      "a borrowed node is the one that is owned");
	CLAIM(frames[frame].refs == refs, "and takes no reference");

	taken = mz_node_take(&table.config, node);
	CLAIM(taken.oa.addr == node.oa.addr && frames[frame].refs == refs + 1,
	      "one more reference to the same node");

	mz_node_put(&table.config, taken);
	CLAIM(frames[frame].refs == refs, "and one less");
	frames[frame].refs = before.frames[frame].refs;
	claim_unchanged();
	REACHES(frame == 0);
	REACHES(mz_frame_level(&frames[frame]) == 1);
}

/* The last reference to the root goes; of `held`, unless it is 0, there is another owner. */
static void put_root(unsigned held)
{
	mz_node root = {address_of(0)};

	if (held != 0)
		frames[held].refs = 2;
	/* What dies here is in no cache any more. */
	flushed_nodes = true;
	mz_node_put(&table.config, root);
	CLAIM(!live[0], "the last reference frees the node");
}

void node_put(void)
{
	unsigned frame = nondet_unsigned();

	free_table();
	ASSUME(frame < FRAMES);
	put_root(0);
	CLAIM(!live[frame], "and all that it links to");
	CLAIM(watched.taken == 0, "and puts all items");
	REACHES(before.live[1] && before.live[FRAMES - 1]);
}

void node_put_shared(void)
{
	unsigned held = nondet_unsigned(), frame = nondet_unsigned();

	free_table();
	ASSUME(held > 0 && held < FRAMES && frame < FRAMES && live[held]);
	put_root(held);
	CLAIM(live[held] && frames[held].refs == 1, "but not what another owns");
	for (unsigned i = 0; i < ENTRIES; i++)
		CLAIM(pool[held * ENTRIES + i] == before.pool[held * ENTRIES + i],
		      "whose entries stay");
	CLAIM(mz_frame_level(&frames[held]) != 1 || frame == held || !live[frame],
	      "and nothing else is left over");
	REACHES(frames[held].child_count == ENTRIES);
}
