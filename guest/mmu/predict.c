// SPDX-License-Identifier: MPL-2.0
#include "guest/mmu/predict.h"

#include "core/geometry.h"
#include "core/walk.h"

/* One access to a guest-physical address, by the second stage. */
struct second {
	const struct world *world;
	mz_ia gpa;
	unsigned tried;
	struct expected *expected;
	mz_oa oa;  /* if it does not fault */
	bool user; /* in user mode; counts where leaves say whether they are the user's */
};

static bool fault(struct second *second, enum mz_fault_cause cause, unsigned level,
		  unsigned allowed)
{
	struct expected *expected = second->expected;

	expected->faults = true;
	expected->ia = second->gpa;
	expected->cause = (uint8_t)cause;
	expected->tried = (uint8_t)second->tried;
	expected->level = (uint8_t)level;
	expected->allowed = (uint8_t)allowed;
	return false;
}

/* Does the architecture forbid the entry that was read? */
static bool forbidden(const struct second *second, const struct mz_walk_step *step, uint8_t *cause)
{
	const struct world *world = second->world;
	const uint64_t *slot = memory_word(step->node) + step->index;

	for (unsigned i = 0; i < world->patch_count; i++)
		if (world->patches[i].slot == slot)
			*cause = world->patches[i].cause;
	if (*cause == MZ_FAULT_UNKNOWN && step->kind == MZ_LEAF &&
	    (world->stage->bad_perms >> step->prop.perm & 1) != 0)
		*cause = MZ_FAULT_MISCONFIGURED;
	return *cause != MZ_FAULT_UNKNOWN;
}

/* Where leaves say whose they are. */
static bool is_users(const struct world *world, const struct mz_walk_step *leaf)
{
	return (world->stage->config.format->flags & MZ_USER) == 0 ||
		(leaf->prop.flags & MZ_USER) != 0;
}

/* Flags and permissions of the leaf. */
static bool leaf_allows(struct second *second, const struct mz_walk_step *leaf, unsigned allowed)
{
	const struct stage *stage = second->world->stage;
	unsigned needed = stage->flags_demanded;

	if ((needed & MZ_ACCESSED & ~(unsigned)leaf->prop.flags) != 0)
		return stage->flags_hide
			? fault(second, MZ_FAULT_ABSENT, leaf->level, 0)
			: fault(second, MZ_FAULT_ACCESS_FLAG, leaf->level, allowed);
	if ((allowed & second->tried) == 0 || (second->user && !is_users(second->world, leaf)))
		return fault(second, MZ_FAULT_DENIED, leaf->level, allowed);
	if (second->tried == MZ_WRITE && (needed & MZ_DIRTY & ~(unsigned)leaf->prop.flags) != 0)
		return fault(second, MZ_FAULT_DENIED, leaf->level, allowed);
	return true;
}

/* A hook of mz_walk_root(): a spoilt link may lead anywhere, and is not followed then. */
static const uint64_t *node_at(void *context, mz_oa node, size_t bytes)
{
	const struct platform *platform = context;
	uint64_t offset = node.addr - platform->ram_first.addr;

	return offset <= platform->ram_bytes - bytes ? memory_word(node) : NULL;
}

static bool second_walk(struct second *second)
{
	const struct platform *platform = second->world->platform;
	const struct mz_table *table = second->world->stage2;
	const struct mz_format *f = table->config.format;
	unsigned allowed = world_all_perm(second->world->stage);
	const struct mz_walk_step *step = NULL;
	struct mz_walk walk;

	if (mz_walk_root(f, table->root_oa, node_at, (void *)(uintptr_t)platform, second->gpa,
			 &walk) == MZ_OUT_OF_RANGE)
		return fault(second, MZ_FAULT_ABSENT, 0, 0);
	for (unsigned i = 0; i < walk.step_count; i++) {
		uint8_t cause = MZ_FAULT_UNKNOWN;

		step = &walk.steps[i];
		if (forbidden(second, step, &cause))
			return fault(second, cause, step->level, 0);
		if (step->kind == MZ_ABSENT)
			return fault(second, MZ_FAULT_ABSENT, step->level, 0);
		if (f->hierarchical || step->kind == MZ_LEAF)
			allowed &= step->prop.perm;
	}
	second->oa = walk.item.oa;
	return leaf_allows(second, step, allowed);
}

/* The walk through the guest's own tables. */
struct first {
	const struct world *world;
	const struct access *access;
	struct prediction *prediction;
	unsigned level; /* of the node that comes next */
};

static bool guest_entry(const struct first *first, mz_ia gpa, unsigned tried, uint64_t **entry)
{
	struct second second = {
		.world = first->world,
		.gpa = gpa,
		.tried = first->world->stage->walk_writes ? MZ_WRITE : tried,
		.expected = &first->prediction->expected,
	};

	if (!second_walk(&second)) {
		second.expected->walk = true;
		first->prediction->ending = ENDING_FAULT;
		return false;
	}
	*entry = memory_word(second.oa);
	return true;
}

/* Does the MMU have to set a flag in this entry of the guest? */
static bool wants_flag(const struct first *first, const uint64_t *entry)
{
	const struct platform *platform = first->world->platform;
	const struct mz_format *f = first->world->stage1_format;
	enum mz_kind kind = f->kind(*entry, first->level);
	unsigned flags = f->prop(*entry, first->level).flags;
	unsigned wanted = MZ_ACCESSED;

	if (kind == MZ_ABSENT || (kind == MZ_NODE && !platform->stage1_links_accessed))
		return false;
	if (kind == MZ_LEAF && first->access->kind == MZ_WRITE)
		wanted |= MZ_DIRTY;
	return (wanted & platform->stage1_flags_set & ~flags) != 0;
}

/* A hook of mz_walk_root(): where the guest's node is, if the second stage lets the guest read it.
 */
static const uint64_t *guest_node_at(void *context, mz_oa node, size_t bytes)
{
	struct first *first = context;
	const struct mz_format *f = first->world->stage1_format;
	unsigned index = mz_index(f, first->access->va, first->level);
	mz_ia gpa = mz_ia_from(node.addr + index * sizeof(uint64_t));
	uint64_t *entry;

	(void)bytes;
	if (!guest_entry(first, gpa, MZ_READ, &entry))
		return NULL;
	if (wants_flag(first, entry) && !guest_entry(first, gpa, MZ_WRITE, &entry))
		return NULL;
	first->prediction->guest_leaf = entry;
	first->level--;
	return entry - index;
}

/* MZ_EXEC, or MZ_EXEC_USER where the format tells them apart. */
static unsigned tried_of(const struct mz_format *f, uint32_t features, const struct access *access)
{
	struct mz_prop user = mz_prop_from(MZ_READ | MZ_EXEC_USER);

	if (access->kind != MZ_EXEC || !access->user || !f->encodable(user, 1, features))
		return access->kind;
	return MZ_EXEC_USER;
}

/* By the leaf alone: the guest's links leave everything to it. */
static bool stage1_allows(const struct world *world, const struct mz_walk *walk,
			  const struct access *access)
{
	const struct platform *platform = world->platform;
	struct mz_prop prop = walk->steps[walk->step_count - 1].prop;
	unsigned tried = tried_of(world->stage1_format, platform->stage1_features, access);

	return (prop.perm & tried) != 0 && (!access->user || (prop.flags & MZ_USER) != 0);
}

static void predict_access(struct first *first, mz_oa gpa)
{
	const struct mz_config *config = &first->world->stage2->config;
	struct prediction *prediction = first->prediction;
	struct second second = {
		.world = first->world,
		.gpa = mz_ia_from(gpa.addr),
		.tried = tried_of(config->format, config->features, first->access),
		.expected = &prediction->expected,
		.user = first->access->user,
	};

	prediction->gpa = second.gpa;
	prediction->ending = second_walk(&second) ? ENDING_DONE : ENDING_FAULT;
	prediction->oa = second.oa;
}

/* Without a nested guest: the address is the table's own. */
static struct prediction predict_alone(const struct world *world, const struct access *access)
{
	struct prediction prediction = {.expected.access = *access};
	struct first first = {world, access, &prediction, 0};

	prediction.expected.access.va = world_noted(world, access->va);
	predict_access(&first, mz_oa_from(prediction.expected.access.va));
	return prediction;
}

struct prediction predict(const struct world *world, const struct access *access)
{
	const struct mz_format *f = world->stage1_format;
	struct prediction prediction = {.expected.access = *access};
	struct first first = {world, access, &prediction, 0};
	struct mz_walk walk;
	enum mz_error error;

	if (f == NULL)
		return predict_alone(world, access);
	first.level = f->levels;
	prediction.ending = ENDING_GUEST_FAULT;
	error = mz_walk_root(f, world->stage1.root_oa, guest_node_at, &first,
			     mz_ia_from(access->va), &walk);
	if (error == MZ_OK && stage1_allows(world, &walk, access))
		predict_access(&first, walk.item.oa);
	return prediction;
}
