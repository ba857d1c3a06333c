// SPDX-License-Identifier: MPL-2.0
#include "guest/mmu/tenant.h"

#include "core/geometry.h"
#include "ept/change.h"
#include "guest/mmu/report.h"

/* A walk through five levels of the guest's tables, each node read and written, and the access. */
#define TRIES_MAX 16u

/* The guest's own memory is there from the start; that under test comes in by faults. */
static void furnish(struct tenant *tenant, struct mz_prop prop)
{
	struct world *world = &tenant->world;
	uint64_t span = mz_span(world->stage->config.format, tenant->level);
	struct mz_region own = {
		.ia = mz_ia_from(memory_guest().addr),
		.bytes = memory_guest_bytes(),
		.oa = memory_guest(),
		.prop = world_prop(world->stage, world_all_perm(world->stage)),
		.populate = true,
	};
	struct mz_region tested = {
		.ia = tenant_first(tenant),
		.bytes = tenant_bytes(tenant),
		.oa = mz_oa_from(tenant->oa.addr & ~(span - 1)),
		.prop = prop,
		.leaf_level_max = (uint8_t)tenant->level,
	};

	if (world->stage1_format != NULL)
		must(mz_space_add(&tenant->home->space, &own), "mz_space_add");
	must(mz_space_add(&tenant->home->space, &tested), "mz_space_add");
	world_furnish(world);
	for (unsigned n = 0; n < TENANT_PAGES; n++)
		world_guest_map(world, tenant->va + n * tenant->page,
				mz_ia_from(tenant->gpa.addr + n * tenant->page),
				MZ_READ | MZ_WRITE | MZ_EXEC, false);
}

/* Where the pages lie: within any leaf, however large its pages are. */
static bool place(struct tenant *tenant)
{
	const struct mz_format *f = tenant->stage.config.format;
	unsigned apart = tenant->world.stage1_format != NULL ? tenant->level : f->levels;

	tenant->page = mz_span(f, 1);
	tenant->oa = mz_oa_from(memory_data().addr + memory_data_bytes() / 2 + 16 * 65536);
	tenant->va = world_va(&tenant->world) + tenant->page;
	return world_target(&tenant->world, tenant->level, apart, tenant->oa, &tenant->gpa);
}

bool tenant_begin_backed(struct tenant *tenant, const struct platform *platform,
			 const struct stage *stage, unsigned level, struct mz_prop prop,
			 const struct mz_backing *backing, const struct mz_items *items)
{
	struct world *world = &tenant->world;
	struct home *home = &tenant->homes[0];
	struct mz_config config;

	tenant->stage = *stage;
	tenant->level = level;
	world_open(world, platform, &tenant->stage);
	if (!place(tenant))
		return false;
	config = world_config(world);
	if (items != NULL)
		config.items = *items;
	must(mz_space_init(&home->space, &config, backing, home->regions, 2), "mz_space_init");
	mz_worker_begin(&home->worker, &home->space);
	tenant->home = home;
	world->stage2 = &home->space.table;
	furnish(tenant, prop);
	world_use(world);
	return true;
}

bool tenant_begin(struct tenant *tenant, const struct platform *platform, const struct stage *stage,
		  unsigned level, uint32_t without, struct mz_prop prop)
{
	struct stage less = *stage;

	less.config.features &= ~without;
	return tenant_begin_backed(tenant, platform, &less, level, prop, NULL, NULL);
}

void home_end(struct home *home)
{
	mz_worker_end(&home->worker);
	mz_space_destroy(&home->space);
}

void tenant_end(struct tenant *tenant)
{
	world_leave(&tenant->world);
	home_end(tenant->home);
	world_close(&tenant->world);
	for (uint64_t at = 0; at < TENANT_PAGES * tenant->page; at += FRAME_BYTES)
		memory_frame_fill(mz_oa_from(tenant->oa.addr + at));
}

void tenant_move(struct tenant *tenant, struct home *home)
{
	tenant->home = home;
	tenant->world.stage2 = &home->space.table;
	world_use(&tenant->world);
}

bool tenant_has_sets(const struct platform *platform, const struct stage *stage, unsigned level)
{
	const struct mz_format *f = stage->config.format;
	unsigned most_lg2 = platform->stage1 != NULL ? 18 : 9;

	return mz_span(f, level) <= mz_span(f, 1) << most_lg2;
}

mz_ia tenant_first(const struct tenant *tenant)
{
	uint64_t span = mz_span(tenant->stage.config.format, tenant->level);

	return mz_ia_from(tenant->gpa.addr & ~(span - 1));
}

uint64_t tenant_bytes(const struct tenant *tenant)
{
	return tenant->level > 1 ? mz_span(tenant->stage.config.format, tenant->level)
				 : TENANT_PAGES * tenant->page;
}

struct access tenant_access(const struct tenant *tenant, unsigned n, unsigned kind)
{
	struct access access = judge_access(tenant->va + n * tenant->page, kind, false);

	if (kind == MZ_READ)
		access.va += FRAME_WRITE;
	return access;
}

static enum mz_error ignore(void *context, mz_ia ia, struct mz_item item)
{
	(void)context, (void)ia, (void)item;
	return MZ_OK;
}

void tenant_forget(struct tenant *tenant, unsigned flags)
{
	struct mz_table *table = tenant->world.stage2;
	struct mz_gather gather;
	struct mz_harvest harvest = {.flags = flags, .told = ignore, .gather = &gather};

	mz_gather_init(&gather, table);
	must(mz_table_harvest(table, tenant_first(tenant), tenant_bytes(tenant), &harvest),
	     "mz_table_harvest");
	mz_gather_finish(&gather);
}

static bool is_wrong(const struct verdict *verdict)
{
	return verdict->wrong != NULL && verdict->known == NULL;
}

/*
 * The walk to the code page comes before any access, and where in the page is the platform's
 * secret. So the space is told ahead of what would stop it.
 */
static void let_code_run(struct tenant *tenant)
{
	struct access fetch = {.va = world_code_va(&tenant->world), .kind = MZ_EXEC};

	for (;;) {
		struct prediction prediction = predict(&tenant->world, &fetch);
		struct mz_fault_record record = mz_fault_record_of(prediction.expected.ia,
								   prediction.expected.tried);
		struct mz_fault fault;

		if (prediction.ending != ENDING_FAULT)
			return;
		if (mz_space_fault(&tenant->home->worker, &record, &fault) != MZ_RESOLVED)
			must(MZ_NOT_MAPPED, "mz_space_fault for the code page");
	}
}

struct stay tenant_try(struct tenant *tenant, const struct access *access)
{
	struct stay stay = {.answer = MZ_RESOLVED};

	let_code_run(tenant);
	for (unsigned tries = 0; tries < TRIES_MAX && stay.answer == MZ_RESOLVED; tries++) {
		struct mz_fault fault;

		stay.verdict = judge(&tenant->world, access);
		if (stay.verdict.known != NULL)
			stay.known = stay.verdict.known;
		if (is_wrong(&stay.verdict) || stay.verdict.outcome.ending != ENDING_FAULT)
			break;
		if (stay.verdict.prediction.expected.walk)
			stay.walk_faults++;
		else
			stay.faults++;
		stay.answer = mz_space_fault(&tenant->home->worker, &stay.verdict.outcome.fault,
					     &fault);
	}
	return stay;
}

void tenant_report(const struct stay *stay, unsigned faults)
{
	if (is_wrong(&stay->verdict)) {
		judge_report(&stay->verdict, stay->verdict.prediction.ending);
	} else if (stay->answer != MZ_RESOLVED || stay->verdict.prediction.ending != ENDING_DONE) {
		report_not_ok("the space answers a fault with %s", mz_answer_text(stay->answer));
		judge_explain(&stay->verdict);
	} else if (stay->known != NULL) {
		report_skip(stay->known);
	} else if (stay->faults != faults) {
		report_not_ok("%u faults where there must be %u", stay->faults, faults);
	} else {
		report_ok();
	}
}

void tenant_name(const struct tenant *tenant, const char *what)
{
	report_test("%s_%s_at_level_%u", tenant->stage.name, what, tenant->level);
}
