// SPDX-License-Identifier: MPL-2.0
/*
 * Leaves of a space are split level by level under the guest, and put together again: contents,
 * permissions and flags are the same at every step, and the MMU marks the smallest leaf alone.
 */
#include "ept/huge.h"

#include "core/gather.h"
#include "core/geometry.h"
#include "core/huge.h"
#include "guest/mmu/scenarios.h"
#include "guest/mmu/tenant.h"

struct huge {
	struct tenant tenant;
	unsigned perm;
	const char *name; /* of what the guest may do */
	uint64_t value;   /* what it must read of the first page */
	struct mz_prop prop;
};

static void name(const struct huge *h, const char *what, unsigned level)
{
	report_test("%s_%s_%s_to_level_%u_of_%u", h->tenant.stage.name, h->name, what, level,
		    h->tenant.level);
}

static struct mz_item item_at(const struct huge *h, unsigned n)
{
	return mz_table_query(h->tenant.world.stage2,
			      mz_ia_from(h->tenant.gpa.addr + n * h->tenant.page));
}

/* What the leaf says of the first page. */
static const char *leaf_differs(const struct huge *h, unsigned level)
{
	struct mz_item item = item_at(h, 0);

	if (item.level != level)
		return "the leaf is of another level";
	if (item.oa.addr != h->tenant.oa.addr)
		return "the leaf maps something else";
	if (item.prop.perm != h->prop.perm || item.prop.memory != h->prop.memory)
		return "the leaf has other permissions";
	return item.prop.flags != h->prop.flags ? "the leaf has other flags" : NULL;
}

/* Read, executed, and written if that is allowed; else it must fault. */
static struct verdict use_page(struct huge *h, unsigned n)
{
	static const uint8_t kinds[] = {MZ_READ, MZ_EXEC, MZ_WRITE};
	struct verdict verdict;

	for (unsigned i = 0; i < sizeof(kinds); i++) {
		struct access access = tenant_access(&h->tenant, n, kinds[i]);

		verdict = judge(&h->tenant.world, &access);
		if (verdict.wrong == NULL && n == 0 && kinds[i] == MZ_READ &&
		    verdict.outcome.value != h->value)
			verdict.wrong = "the contents are others";
		if (verdict.wrong != NULL)
			break;
		if (n == 0 && kinds[i] == MZ_WRITE && verdict.outcome.ending == ENDING_DONE)
			h->value = access.value;
	}
	return verdict;
}

/* After a step: the leaf first, then what the guest can do with it and with its neighbour. */
static void test_step(struct huge *h, const char *what, unsigned level, bool flushed)
{
	enum ending wanted = (h->perm & MZ_WRITE) != 0 ? ENDING_DONE : ENDING_FAULT;
	const char *differs = leaf_differs(h, level);
	struct verdict verdict;

	name(h, what, level);
	verdict = use_page(h, 0);
	if (verdict.wrong == NULL)
		verdict = use_page(h, 1);
	if (differs != NULL)
		report_not_ok("%s", differs);
	else if (!flushed)
		report_not_ok("the flush hook was not called");
	else
		judge_report(&verdict, wanted);
}

static bool is_level(const struct huge *h, unsigned level)
{
	return stage_leaf_allowed(&h->tenant.stage, level);
}

static void split(struct huge *h, unsigned level)
{
	struct tenant *t = &h->tenant;

	h->prop = item_at(h, 0).prop;
	t->world.flushed = false;
	must(mz_space_split(&t->home->worker, t->gpa, t->page, level), "mz_space_split");
	test_step(h, "split", level,
		  t->world.flushed || (t->stage.config.features & MZ_LIVE_SPLITS) != 0);
}

/* All flags are taken, and the last page is written: the first one's leaf stays clean. */
static void mark(struct huge *h)
{
	struct tenant *t = &h->tenant;
	struct access access = tenant_access(t, TENANT_PAGES - 1, MZ_WRITE);
	struct verdict verdict;

	tenant_forget(t, MZ_ACCESSED | MZ_DIRTY);
	name(h, "flags_of_what_is_split", 1);
	verdict = judge(&t->world, &access);
	if (verdict.wrong == NULL && (item_at(h, 0).prop.flags & (MZ_ACCESSED | MZ_DIRTY)) != 0)
		verdict.wrong = "a leaf that was not used has flags";
	judge_report(&verdict, ENDING_DONE);
}

/* What any of the leaves has is in the one that takes their place. */
static void expect_flags(struct huge *h)
{
	h->prop = item_at(h, 0).prop;
	for (unsigned n = 1; n < TENANT_PAGES; n++)
		h->prop.flags |= item_at(h, n).prop.flags;
}

static void collapse(struct huge *h, unsigned level)
{
	struct tenant *t = &h->tenant;
	struct mz_gather gather;

	expect_flags(h);
	t->world.flushed = false;
	mz_gather_init(&gather, t->world.stage2);
	must(mz_table_collapse(t->world.stage2, t->gpa, level, &gather), "mz_table_collapse");
	mz_gather_finish(&gather);
	test_step(h, "collapse", level, t->world.flushed);
}

/* In one go, as a background pass does. */
static void collapse_all(struct huge *h)
{
	struct tenant *t = &h->tenant;
	mz_ia at = tenant_first(t);

	must(mz_space_split(&t->home->worker, t->gpa, t->page, 1), "mz_space_split");
	expect_flags(h);
	t->world.flushed = false;
	if (mz_space_collapse(&t->home->worker, &at, 1) != 1)
		must(MZ_NOT_MAPPED, "mz_space_collapse");
	test_step(h, "collapse_at_once", t->level, t->world.flushed);
}

static void steps(struct huge *h)
{
	struct access access = tenant_access(&h->tenant, 0,
					     (h->perm & MZ_WRITE) != 0 ? MZ_WRITE : MZ_READ);
	bool flags = (h->tenant.stage.config.features & MZ_HW_ACCESSED_DIRTY) != 0 &&
		(h->tenant.stage.flags_set & MZ_DIRTY) != 0;
	unsigned top = h->tenant.level;
	struct stay stay;

	name(h, "fault", top);
	stay = tenant_try(&h->tenant, &access);
	tenant_report(&stay, 1);
	h->value = *memory_word(mz_oa_from(h->tenant.oa.addr + FRAME_WRITE));
	for (unsigned level = top - 1; level >= 1; level--)
		if (is_level(h, level))
			split(h, level);
	if (flags && (h->perm & MZ_WRITE) != 0)
		mark(h);
	for (unsigned level = 2; level <= top; level++)
		if (is_level(h, level))
			collapse(h, level);
	collapse_all(h);
}

void scenario_huge(const struct platform *platform, const struct stage *stage)
{
	static struct huge h;
	unsigned all = world_all_perm(stage);

	for (unsigned i = 0; i < 2; i++) {
		h.perm = i == 0 ? all : all & ~(unsigned)MZ_WRITE;
		h.name = i == 0 ? "writable" : "read_only";
		for (unsigned level = 2; level <= stage->config.format->levels; level++) {
			struct mz_prop prop = stage->flags_demanded != 0
				? world_prop(stage, h.perm)
				: world_clean_prop(stage, h.perm);

			if (!stage_leaf_allowed(stage, level) ||
			    !tenant_begin(&h.tenant, platform, stage, level, 0, prop))
				continue;
			steps(&h);
			tenant_end(&h.tenant);
		}
	}
}
