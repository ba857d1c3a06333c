// SPDX-License-Identifier: MPL-2.0
/*
 * Memory is aged: generation by generation, what the guest has used is young and all else grows
 * older, told by the flags that the MMU sets, or by the faults that it takes where they lack. What
 * was collected takes one fault then, whatever the access, and none after it.
 */
#include "ept/age.h"

#include "guest/mmu/scenarios.h"
#include "guest/mmu/tenant.h"

struct ages {
	struct tenant tenant;
	struct mz_age age;
	unsigned idle[TENANT_PAGES]; /* by page: what must be told of it */
	bool used[TENANT_PAGES];     /* since the generation began */
	bool mapped[TENANT_PAGES];
};

static bool is_demanded(const struct ages *a)
{
	return (a->tenant.stage.flags_demanded & MZ_ACCESSED) != 0;
}

/* All pages of a leaf are used together. */
static void note_use(struct ages *a, unsigned n)
{
	for (unsigned i = 0; i < TENANT_PAGES; i++)
		if (i == n || a->tenant.level > 1)
			a->used[i] = a->mapped[i] = true;
}

static void use(struct ages *a, const char *what, unsigned n, unsigned kind)
{
	struct access access = tenant_access(&a->tenant, n, kind);
	bool faults = !a->mapped[n] || (is_demanded(a) && !a->used[n]);
	struct stay stay;

	tenant_name(&a->tenant, what);
	stay = tenant_try(&a->tenant, &access);
	tenant_report(&stay, faults ? 1 : 0);
	note_use(a, n);
}

static void start(struct ages *a)
{
	must(mz_age_start(&a->age, &a->tenant.home->space, tenant_first(&a->tenant),
			  tenant_bytes(&a->tenant)),
	     "mz_age_start");
	for (unsigned n = 0; n < TENANT_PAGES; n++)
		a->used[n] = false;
}

static void end_generation(struct ages *a, const char *what)
{
	must(mz_age_advance(&a->age), "mz_age_advance");
	tenant_name(&a->tenant, what);
	for (unsigned n = 0; n < TENANT_PAGES; n++) {
		mz_ia page = mz_ia_from(a->tenant.gpa.addr + n * a->tenant.page);
		unsigned idle = mz_age_idle(&a->age, page);

		a->idle[n] = a->used[n] ? 0 : a->idle[n] + 1;
		a->used[n] = false;
		if (idle != a->idle[n]) {
			report_not_ok("page %u is idle for %u generations and not for %u", n, idle,
				      a->idle[n]);
			return;
		}
	}
	report_ok();
}

/* The last page comes in while the others grow old. */
static void generations(struct ages *a)
{
	use(a, "aged_memory_comes_in", 0, MZ_READ);
	use(a, "aged_memory_comes_in_for_a_write", 1, MZ_WRITE);
	use(a, "aged_memory_comes_in_for_a_fetch", 2, MZ_EXEC);
	start(a);
	use(a, "a_read_of_what_was_collected", 0, MZ_READ);
	use(a, "a_read_of_what_is_young", 0, MZ_READ);
	use(a, "a_write_to_what_is_young", 0, MZ_WRITE);
	end_generation(a, "ages_after_reads");
	use(a, "a_write_to_what_was_collected", 1, MZ_WRITE);
	use(a, "a_read_after_a_write", 1, MZ_READ);
	end_generation(a, "ages_after_writes");
	end_generation(a, "ages_after_nothing");
	use(a, "a_fetch_from_what_was_collected", 2, MZ_EXEC);
	use(a, "new_memory_is_young", 3, MZ_WRITE);
	end_generation(a, "ages_after_fetches");
	mz_age_stop(&a->age);
}

static void nothing_tells(struct ages *a)
{
	tenant_name(&a->tenant, "no_ages_where_nothing_tells");
	if (mz_age_start(&a->age, &a->tenant.home->space, tenant_first(&a->tenant),
			 tenant_bytes(&a->tenant)) == MZ_BAD_FEATURES)
		report_ok();
	else
		report_not_ok("it is another error, or none");
}

void scenario_age(const struct platform *platform, const struct stage *stage)
{
	bool told = ((stage->flags_set | stage->flags_demanded) & MZ_ACCESSED) != 0;
	struct mz_prop prop = world_clean_prop(stage, world_all_perm(stage));

	for (unsigned level = 1; level <= stage->config.format->levels; level++) {
		static struct ages a;

		a = (struct ages) {.age.space = NULL};
		if (!stage_leaf_allowed(stage, level) || !tenant_has_sets(platform, stage, level) ||
		    !tenant_begin(&a.tenant, platform, stage, level, 0, prop))
			continue;
		if (told)
			generations(&a);
		else
			nothing_tells(&a);
		tenant_end(&a.tenant);
	}
}
