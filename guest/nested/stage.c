// SPDX-License-Identifier: MPL-2.0
/*
 * Nested page tables: section 15.25 "Nested paging", and "EPT" in 29.3 of the Intel SDM, volume 3C.
 * They differ in the bits of their entries.
 */
#include "guest/lib/guest.h"
#include "guest/lib/machine.h"
#include "guest/nested/nested.h"

#define LARGE_LG2 21

#define WINDOWS_AT 0x40000000u /* 1 GiB */
#define TAG        0x5ee0000000000000u

static PAGE_ALIGNED uint64_t level4[512], level3[512], memory[512], windows[512];
static PAGE_ALIGNED uint64_t by_leaf[512], by_link[2][512];
static PAGE_ALIGNED uint64_t pages[2][512];

/* Which page is shown, and how often each was written to. */
static unsigned shown;
static uint64_t writes[2];

static uint64_t link_to(const uint64_t *page)
{
	return (uintptr_t)page | extension->link;
}

static uint64_t leaf_of(unsigned page)
{
	return (uintptr_t)pages[page] | extension->leaf;
}

static void show(unsigned page)
{
	shown = page;
	by_leaf[0] = leaf_of(page);
	windows[1] = link_to(by_link[page]);
}

uint64_t stage_make(void)
{
	level4[0] = link_to(level3);
	level3[0] = link_to(memory);
	level3[1] = link_to(windows);
	for (uint64_t i = 0; i < 512; i++)
		memory[i] = i << LARGE_LG2 | extension->large_leaf;
	windows[0] = link_to(by_leaf);
	for (unsigned i = 0; i < 2; i++) {
		by_link[i][0] = leaf_of(i);
		pages[i][0] = TAG + i;
	}
	show(0);
	return (uintptr_t)level4;
}

void stage_turn(void)
{
	show(!shown);
	extension->flush();
}

static uint64_t word_at(unsigned window, unsigned word)
{
	return WINDOWS_AT + ((uint64_t)window << LARGE_LG2) + word * sizeof(uint64_t);
}

void window_write(void)
{
	uint64_t at = word_at(++writes[shown] % WINDOWS, 1);

	write_at(at, read_at(at, 8) + 1, 8);
	print("page %u, write %lu\n", shown, (unsigned long)writes[shown]);
}

void window_check(void)
{
	for (unsigned i = 0; i < WINDOWS; i++) {
		expect("the page in a window", read_at(word_at(i, 0), 8), TAG + shown);
		expect("its writes", read_at(word_at(i, 1), 8), writes[shown]);
	}
}
