// SPDX-License-Identifier: MPL-2.0
/*
 * A complete embedder: what a hypervisor has to supply so that libmezz can keep a guest's second
 * stage, and what it does with it. It needs no C library, only a console. docs/embedding.md goes
 * through it step by step.
 */
#include "arch/x86/ept.h"
#include "core/gather.h"
#include "core/walk.h"
#include "ept/change.h"

#define PAGE      4096u
#define MEBIBYTE  (1024u * 1024u)
#define COUNT(of) (sizeof(of) / sizeof((of)[0]))

/* ---- The console ---------------------------------------------------------------------------- */

void console_write(const char *text, size_t bytes);

static void say(const char *text)
{
	size_t bytes = 0;

	while (text[bytes] != '\0')
		bytes++;
	console_write(text, bytes);
}

static void say_hex(const char *text, uint64_t number)
{
	char digits[16];
	size_t at = COUNT(digits);

	do
		digits[--at] = "0123456789abcdef"[number & 15];
	while ((number >>= 4) != 0);
	say(text);
	console_write(&digits[at], COUNT(digits) - at);
}

/* ---- 1. Memory for nodes -------------------------------------------------------------------- */

/* 32 pages, and where they are in the machine's physical memory. */
#define POOL_PAGES 32
#define POOL_PA    0x40000000u

static _Alignas(PAGE) unsigned char pool[POOL_PAGES][PAGE];
static struct mz_frame pool_frames[POOL_PAGES]; /* the library's notes on each page */
static unsigned pool_free[POOL_PAGES], pool_free_count;

/* Every node of EPT is one page. */
static enum mz_error pool_alloc(void *context, unsigned size_lg2, mz_oa *pa)
{
	(void)context;
	if (size_lg2 != 12 || pool_free_count == 0)
		return MZ_NO_MEMORY;
	*pa = mz_oa_from(POOL_PA + pool_free[--pool_free_count] * PAGE);
	return MZ_OK;
}

static void pool_give_back(void *context, mz_oa pa, unsigned size_lg2)
{
	(void)context;
	(void)size_lg2;
	pool_free[pool_free_count++] = (unsigned)(pa.addr - POOL_PA) / PAGE;
}

/* ---- 2. Translation caches ------------------------------------------------------------------ */

/* A hypervisor executes INVEPT here, on every processor that runs the guest. */
static void flush_range(void *context, mz_ia first, mz_ia last, bool nodes)
{
	(void)context;
	say_hex("flush ", first.addr);
	say_hex("..", last.addr);
	say(nodes ? " with upper entries\n" : "\n");
}

/* ---- 3. A space ----------------------------------------------------------------------------- */

static struct mz_space space;
static struct mz_worker worker;
static struct mz_region space_regions[8];

/* Leaves of 4 KiB and 2 MiB, as if the processor had none of 1 GiB (IA32_VMX_EPT_VPID_CAP). */
static enum mz_error make_space(void)
{
	const struct mz_config config = {
		.format = &mz_ept,
		.leaf_levels = 1 << 1 | 1 << 2,
		.memory =
			{
				.alloc = pool_alloc,
				.free = pool_give_back,
				.linear = (uintptr_t)pool - POOL_PA,
				.frames = pool_frames,
				.first_frame = POOL_PA / PAGE,
				.frame_count = POOL_PAGES,
			},
		.flush = {.range = flush_range},
	};
	const struct mz_region regions[] = {
		{.ia = {0}, .bytes = 64 * MEBIBYTE, .oa = {0x80000000}, .kind = MZ_REGION_RAM},
		{.ia = {0x10000000000},
		 .bytes = 8192ull * MEBIBYTE,
		 .oa = {0x200000000},
		 .kind = MZ_REGION_RAM},
		{.ia = {0xfec00000}, .bytes = PAGE, .kind = MZ_REGION_MMIO},
		{.ia = {0xffff0000}, .bytes = 16 * PAGE, .oa = {0x90000000}, .kind = MZ_REGION_ROM},
	};
	enum mz_error error;

	for (unsigned page = 0; page < POOL_PAGES; page++)
		pool_free[pool_free_count++] = page;
	error = mz_space_init(&space, &config, NULL, space_regions, COUNT(space_regions));
	if (error == MZ_OK)
		mz_worker_begin(&worker, &space);
	for (size_t i = 0; i < COUNT(regions) && error == MZ_OK; i++)
		error = mz_space_add(&space, &regions[i]);
	return error;
}

/* ---- 4. Faults ------------------------------------------------------------------------------ */

/* An EPT violation: SDM volume 3C, table 28-7; bit 0 a read, bit 1 a write, bit 2 a fetch. */
static enum mz_answer ept_violation(uint64_t gpa, unsigned qualification)
{
	struct mz_fault_record record = mz_ept_violation(qualification, gpa, 0, false, false);
	struct mz_fault fault;
	enum mz_answer answer = mz_space_fault(&worker, &record, &fault);

	say_hex("fault at ", gpa);
	say(": ");
	say(answer == MZ_DENIED ? mz_denial_text(fault.cause) : mz_answer_text(answer));
	if (answer == MZ_RESOLVED) {
		say_hex(", ", fault.ia.addr);
		say_hex(" -> ", fault.item.oa.addr);
		say_hex(", bytes ", fault.bytes);
	}
	say("\n");
	return answer;
}

/* ---- 5. Changes, and a look ----------------------------------------------------------------- */

/* Takes pages back, as a balloon does. Nothing of them is reused before the flush. */
static enum mz_error take_away(uint64_t gpa, uint64_t bytes)
{
	struct mz_request request = {
		.change = MZ_CHANGE_INVALIDATE, .ia = mz_ia_from(gpa), .bytes = bytes};

	return mz_space_change(&space, &request, NULL);
}

static void show_walk(uint64_t gpa)
{
	struct mz_walk walk;
	enum mz_error error = mz_table_walk(&space.table, mz_ia_from(gpa), &walk);

	for (unsigned i = 0; i < walk.step_count; i++) {
		say_hex("level ", walk.steps[i].level);
		say_hex(" entry ", walk.steps[i].entry);
		say("\n");
	}
	say_hex("walk of ", gpa);
	if (error == MZ_OK)
		say_hex(" -> ", walk.item.oa.addr);
	else
		say(": "), say(mz_error_text(error));
	say("\n");
}

int main(void)
{
	struct mz_processor processor = {NULL};

	if (make_space() != MZ_OK)
		return 1;
	say_hex("EPT pointer ", mz_processor_activate(&processor, &space.table));
	say("\n");
	if (ept_violation(0x201234, 1 << 1) != MZ_RESOLVED ||
	    ept_violation(0x10140000000, 1 << 0) != MZ_RESOLVED ||
	    ept_violation(0xffff0000, 1 << 2) != MZ_RESOLVED ||
	    ept_violation(0xffff0008, 1 << 1) != MZ_DENIED ||
	    ept_violation(0xfec00010, 1 << 0) != MZ_MMIO)
		return 1;
	if (take_away(0x201000, PAGE) != MZ_OK ||
	    take_away(0x10040000000, 6144ull * MEBIBYTE) != MZ_OK)
		return 1;
	show_walk(0x202345);
	show_walk(0x201234);
	mz_processor_deactivate(&processor);
	mz_worker_end(&worker);
	mz_space_destroy(&space);
	say_hex("pages lost ", POOL_PAGES - pool_free_count);
	say("\n");
	return pool_free_count != POOL_PAGES;
}
