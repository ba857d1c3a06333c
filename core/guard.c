// SPDX-License-Identifier: MPL-2.0
#include "core/guard.h"

/* Accounts for guards where MZ_DEBUG asks for it: was the node guarded before, and is it after? */
static void account(struct mz_frame *frame, bool before, bool after)
{
	(void)before;
	MZ_ASSERT(frame->guarded == before);
	frame->guarded = after;
}

struct mz_guard mz_guard_lock(struct mz_table *table, struct mz_node_ref node)
{
	struct mz_guard guard = {table, node};

	MZ_ASSERT(mz_table_made_(table) && mz_node_ref_true_(table, &node));
	mz_lock_acquire(&node.frame->lock);
	account(node.frame, false, true);
	return guard;
}

struct mz_guard mz_guard_adopt(struct mz_table *table, struct mz_node_ref node)
{
	struct mz_guard guard = {table, node};

	MZ_ASSERT(mz_table_made_(table) && mz_node_ref_true_(table, &node));
	account(node.frame, false, true);
	return guard;
}

struct mz_node_ref mz_guard_forget(struct mz_guard *guard)
{
	struct mz_node_ref node;

	MZ_ASSERT(mz_guard_held_(guard));
	node = guard->node;
	account(node.frame, true, false);
	guard->table = NULL;
	return node;
}

void mz_guard_unlock(struct mz_guard *guard)
{
	struct mz_node_ref node = mz_guard_forget(guard);

	mz_lock_release(&node.frame->lock);
}
