// SPDX-License-Identifier: MPL-2.0
/* Memory with a pager, for tests. */
#include "tests/vmm/paged.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "arch/linux/arena.h"
#include "arch/x86/ept.h"
#include "ept/change.h"
#include "ept/dirty.h"
#include "vmm/memory/uffd.h"

struct mz_ram ram;
struct mz_arena arena;
struct mz_space space;
struct mz_pager pager;
struct mz_fault_counts counts[PAGER_THREADS];
struct mz_failure failure;
unsigned failures;

static struct mz_region regions[2];
static struct mz_tracer tracer;

static void failed(void *context, const struct mz_failure *why)
{
	(void)context;
	failure = *why;
	failures++;
}

static void add_bank(const struct mz_bank *bank, enum mz_region_kind kind)
{
	const struct mz_region region = {
		.ia = mz_ia_from(bank->gpa),
		.bytes = bank->bytes,
		.oa = mz_oa_from(bank->offset),
		.kind = kind,
		.leaf_level_max = 2,
	};

	ck_assert_int_eq(mz_space_add(&space, &region), MZ_OK);
}

/* False: this host has none, and that was told. */
static bool make_ram(const char *function, enum mz_huge huge)
{
	const struct mz_ram_config config = {
		.bytes = huge == MZ_HUGE_POOL ? 8 * MIB : BYTES,
		.huge = huge,
	};

	if (!mz_ram_make(&ram, &config, &failure))
		return true;
	ck_assert_int_eq(failure.status, MZ_STATUS_HOST_LACKS);
	printf("# SKIP %.*s (%s): %s\n", (int)strlen(function) - 3, function, mz_huge_text(huge),
	       failure.text);
	return false;
}

static void make_space(void)
{
	struct mz_config config = {.format = &mz_ept};

	ck_assert_int_eq(mz_arena_init(&arena, MIB, mz_ept.page_lg2), MZ_OK);
	config.memory = arena.memory;
	ck_assert_int_eq(mz_space_init(&space, &config, NULL, regions, 2), MZ_OK);
	add_bank(&ram.banks[0], MZ_REGION_RAM);
	add_bank(&ram.rom, MZ_REGION_ROM);
}

bool begin_on(const char *function, enum mz_huge huge, struct mz_protection *protection)
{
	struct mz_uffd_access access;
	char why[256];
	int uffd = mz_uffd_open(&access, huge, protection);

	if (uffd < 0) {
		mz_uffd_explain(&access, why, sizeof(why));
		printf("# SKIP %.*s: %s\n", (int)strlen(function) - 3, function, why);
		return false;
	}
	if (!make_ram(function, huge)) {
		close(uffd);
		return false;
	}
	make_space();
	if (protection) {
		ck_assert_int_eq(mz_protection_init(protection, &ram, &failure), 0);
		mz_space_log_writes(&space);
	}
	failures = 0;
	memset(counts, 0, sizeof(counts));
	pager = (struct mz_pager) {
		.uffd = uffd,
		.ram = &ram,
		.space = &space,
		.protection = protection,
		.thread_count = protection ? PAGER_THREADS : 1,
		.tracer = &tracer,
		.counts = counts,
		.failed = failed,
	};
	ck_assert_int_eq(mz_pager_start(&pager, &failure), 0);
	return true;
}

void end(void)
{
	mz_pager_stop(&pager);
	if (pager.protection)
		mz_protection_destroy(pager.protection);
	mz_space_destroy(&space);
	mz_arena_destroy(&arena);
	mz_ram_destroy(&ram);
}

unsigned touch(uint64_t offset)
{
	return *(volatile unsigned char *)(ram.guest + offset);
}

void put(uint64_t offset, unsigned char byte)
{
	*(volatile unsigned char *)(ram.guest + offset) = byte;
}
