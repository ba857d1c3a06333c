// SPDX-License-Identifier: MPL-2.0
/*
 * The life of a table, and what is the same for every format: core/table.c. What is configured may
 * be incomplete or contradict itself, and memory be refused or misplaced.
 * Proof table_init: -DSHAPE=22 --function table_init --unwind 8
 * Proof table_destroy: -DSHAPE=22 --function table_destroy --unwind 4
 *   --unwindset mz_node_put.0:4,instance_drop.0:3
 * Proof table_query: -DSHAPE=22 -DHOOKS --function table_query --unwind 4
 * Proof table_reclaim: -DSHAPE=22 --function table_reclaim --unwind 4
 *   --unwindset mz_node_put.0:2,instance_drop.0:3
 */
#include "tests/proof/table.h"

/* ---- Making one ---- */

static mz_oa given;
static bool gave, took_back;

/* Any place at all, of which only a frame can be a node. */
static enum mz_error alloc_anywhere(void *context, unsigned size_lg2, mz_oa *pa)
{
	enum mz_error error = hook_alloc(context, size_lg2, pa);

	if (error != MZ_OK)
		return error;
	given = nondet_bool() ? *pa : mz_oa_from(nondet_u64());
	ASSUME(given.addr == pa->addr || (given.addr & (NODE_BYTES - 1)) != 0 ||
	       given.addr >> OA_LG2 != 0);
	gave = true;
	*pa = given;
	return MZ_OK;
}

static void free_anywhere(void *context, mz_oa pa, unsigned size_lg2)
{
	(void)context;
	CLAIM(gave && pa.addr == given.addr && size_lg2 == PAGE_LG2, "what was given goes back");
	took_back = true;
}

static struct mz_format format;

/* The format, or one that lacks something. */
static bool free_format(void)
{
	bool complete = true;

	format = small;
	format.levels = nondet_u8();
	ASSUME(format.levels == 0 || format.levels == SHAPE_LEVELS ||
	       format.levels > MZ_LEVELS_MAX);
	complete &= format.levels == SHAPE_LEVELS;
#define MAY_LACK(function)                   \
	do {                                 \
		if (nondet_bool()) {         \
			format.function = 0; \
			complete = false;    \
		}                            \
	} while (0)
	MAY_LACK(kind);
	MAY_LACK(make_node);
	MAY_LACK(make_leaf);
	MAY_LACK(oa);
	MAY_LACK(prop);
	MAY_LACK(with_perm);
	MAY_LACK(encodable);
	MAY_LACK(hw_bits);
	MAY_LACK(clean);
	MAY_LACK(root_register);
	MAY_LACK(link_write);
	MAY_LACK(forbid_write);
	return complete;
}

/* Any hooks, of which some may be missing. */
static bool free_hooks(struct mz_config *c)
{
	unsigned items = nondet_unsigned() & 3, rcu = nondet_unsigned() & 7;
	bool alloc = nondet_bool(), give_back = nondet_bool(), metadata = nondet_bool();

	c->memory.alloc = alloc ? alloc_anywhere : NULL;
	c->memory.free = give_back ? free_anywhere : NULL;
	c->memory.frames = metadata ? frames : NULL;
	c->items.take = items & 1 ? hook_item_take : NULL;
	c->items.put = items & 2 ? hook_item_put : NULL;
	c->rcu.enter = rcu & 1 ? hook_enter : NULL;
	c->rcu.leave = rcu & 2 ? hook_leave : NULL;
	c->rcu.retire = rcu & 4 ? hook_retire : NULL;
	return alloc && give_back && metadata && (items == 0 || items == 3) &&
		(rcu == 0 || rcu == 7);
}

/* The first error that core/table.h has for a configuration; MZ_OK: only memory may be missing. */
static enum mz_error error_of(const struct mz_config *c, bool complete, bool hooks)
{
	uint32_t leaves = c->leaf_levels == 0 ? 6 : c->leaf_levels;
	unsigned end = c->root_end == 0 ? ENTRIES : c->root_end;

	if (c->format == NULL || !complete)
		return MZ_BAD_FORMAT;
	if (!hooks)
		return MZ_BAD_HOOKS;
	if (leaves != 6 && leaves != 2)
		return MZ_BAD_LEAVES;
	if ((c->features & ~(uint32_t)(MZ_HW_ACCESSED_DIRTY | MZ_EXEC_ONLY)) != 0)
		return MZ_BAD_FEATURES;
	if (c->oa_lg2 != 0 && (c->oa_lg2 > OA_LG2 || c->oa_lg2 <= PAGE_LG2))
		return MZ_BAD_WIDTH;
	return c->root_first < end && end <= ENTRIES ? MZ_OK : MZ_BAD_ROOT;
}

static void claim_made(const struct mz_config *c)
{
	unsigned frame = frame_of(table.root_oa), i = nondet_unsigned();

	ASSUME(i < ENTRIES);
	CLAIM(is_frame(given) && table.root_oa.addr == given.addr && !took_back &&
		      (uintptr_t)table.root == LINEAR + given.addr,
	      "its root is what memory gave");
	CLAIM(same_frame(frames[frame], mz_frame_new(SHAPE_LEVELS)), "as a new node");
	CLAIM(pool[frame * ENTRIES + i] == small.absent, "that maps nothing");
	CLAIM(table.ops == &small_ops && !table.shares,
	      "it has its operations, and shares nothing");
	CLAIM(table.oa_last == ((uint64_t)1 << (c->oa_lg2 == 0 ? OA_LG2 : c->oa_lg2)) - 1,
	      "it knows the last output address");
	CLAIM(table.config.format == c->format && table.config.features == c->features &&
		      table.config.root_first == c->root_first &&
		      table.config.root_fixed == c->root_fixed &&
		      table.config.leaf_levels == (c->leaf_levels == 0 ? 6 : c->leaf_levels) &&
		      table.config.root_end == (c->root_end == 0 ? ENTRIES : c->root_end),
	      "the configuration is as given, its defaults filled in");
}

void table_init(void)
{
	struct mz_config c = {
		.leaf_levels = nondet_u32(),
		.features = nondet_u32(),
		.oa_lg2 = nondet_u8(),
		.root_first = nondet_u16(),
		.root_end = nondet_u16(),
		.root_fixed = nondet_bool(),
	};
	bool complete = free_format(), hooks;
	enum mz_error error, wanted;

	fix_config(&c);
	c.format = nondet_bool() ? &format : NULL;
	hooks = free_hooks(&c);
	wanted = error_of(&c, complete, hooks);

	error = mz_table_init(&table, &c);

	if (wanted != MZ_OK) {
		CLAIM(error == wanted, "each mistake has its error");
		CLAIM(!gave && !memory_refused, "and takes no memory");
		REACHES(error == MZ_BAD_FORMAT && c.format != NULL);
		REACHES(error == MZ_BAD_HOOKS);
		REACHES(error == MZ_BAD_ROOT);
		return;
	}
	CLAIM((error == MZ_NO_MEMORY) == memory_refused, "out of memory where it was refused");
	CLAIM((error == MZ_BAD_ROOT) == took_back, "what is misplaced is given back");
	CLAIM(error == MZ_OK || error == MZ_NO_MEMORY || error == MZ_BAD_ROOT,
	      "fails as documented");
	if (error == MZ_OK)
		claim_made(&c);
	REACHES(error == MZ_OK && table.reach == 0);
	REACHES(error == MZ_OK && c.oa_lg2 != 0);
	REACHES(error == MZ_BAD_ROOT);
}

/* ---- Its end ---- */

/* A processor may have it active, at the end or no more. */
void table_destroy(void)
{
	struct mz_processor processor = {NULL};
	unsigned frame = nondet_unsigned();
	bool active = nondet_bool();

	free_table();
	ASSUME(frame < FRAMES);
	CLAIM(mz_processor_activate(&processor, &table) == mz_table_root_register(&table) &&
		      processor.active == &table && frames[0].refs == 2,
	      "who has it active owns it too");
	CLAIM(mz_processor_activate(&processor, &table) == mz_table_root_register(&table) &&
		      frames[0].refs == 2,
	      "once");
	if (!active) {
		mz_processor_deactivate(&processor);
		CLAIM(processor.active == NULL && frames[0].refs == 1, "until it has it no more");
		claim_unchanged();
	}
	/* What dies here is in no cache any more. */
	flushed_nodes = true;

	mz_table_destroy(&table);

	CLAIM(table.ops == NULL, "a table that was destroyed is none");
	if (active) {
		CLAIM(live[frame] == before.live[frame], "what a processor has active stays");
		mz_processor_deactivate(&processor);
	}
	CLAIM(!live[frame], "the last reference frees every node");
	REACHES(active && before.live[frame] && frame == 2);
}

/* ---- One address, and the register ---- */

void table_query(void)
{
	struct mz_item item;

	free_table();

	item = mz_table_query(&table, mz_ia_from(watched.addr));

	CLAIM(same_item(item, watched.was), "answers what the address is mapped to");
	CLAIM(readers == 0, "every reader has left");
	CLAIM(mz_table_root_register(&table) == (table.root_oa.addr | table.config.features),
	      "the register is what the format makes of root and features");
	claim_unchanged();
	REACHES(item.level == 1);
	REACHES(item.level == 0);
}

/* ---- Nodes that were cut ---- */

/* Two nodes of level 1; another table may have given each up meanwhile. */
void table_reclaim(void)
{
	unsigned parted[2] = {nondet_bool(), nondet_bool()};
	unsigned count = 0;

	free_table();
	table.config.rcu.retire = hook_retire;
	ASSUME(live[1] && live[2]);
	flushed_nodes = true;
	for (unsigned i = 0; i < 2; i++) {
		frames[i + 1].parted = parted[i];
		frames[i + 1].refs = 1 + parted[i];
	}
	frames[1].next = FIRST_FRAME + 2;
	frames[2].next = MZ_FRAME_NONE;

	mz_table_reclaim(&table, FIRST_FRAME + 1);

	for (uint32_t page = retired; page != MZ_FRAME_NONE && count < 2; count++)
		page = frames[page - FIRST_FRAME].next;
	CLAIM(count == parted[0] + parted[1], "waits for what others have given up meanwhile");
	for (unsigned i = 0; i < 2; i++) {
		CLAIM(live[i + 1] == parted[i], "and frees the rest");
		CLAIM(!parted[i] ||
			      (frames[i + 1].parting && !frames[i + 1].parted &&
			       frames[i + 1].refs == 2 && frames[i + 1].lock == 0),
		      "once more, and keeps its references for that");
	}
	REACHES(count == 0);
	REACHES(count == 2);
}
