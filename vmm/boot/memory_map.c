// SPDX-License-Identifier: MPL-2.0
/* The memory map: the banks, but for what a PC's firmware keeps, the ROM, and the shares. */
#include "vmm/boot/memory_map.h"

struct list {
	struct mz_memory_run *runs;
	unsigned count;
};

static void add(struct list *list, uint64_t base, uint64_t end, enum mz_memory_use use)
{
	if (base < end)
		list->runs[list->count++] = (struct mz_memory_run) {base, end - base, use};
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t end_of(const struct mz_bank *bank)
{
	return bank->gpa + bank->bytes;
}

/* The low bank has a PC's holes. */
static void add_low(struct list *list, uint64_t end)
{
	add(list, 0, least(end, MZ_MEMORY_LOWER_END), MZ_MEMORY_USABLE);
	add(list, MZ_MEMORY_LOWER_END, least(end, 0xa0000), MZ_MEMORY_RESERVED);
	add(list, MZ_MEMORY_TABLES_BASE, least(end, MZ_MEMORY_UPPER_BASE), MZ_MEMORY_RESERVED);
	add(list, MZ_MEMORY_UPPER_BASE, end, MZ_MEMORY_USABLE);
}

static void sort(struct list *list)
{
	for (unsigned i = 1; i < list->count; i++) {
		struct mz_memory_run run = list->runs[i];
		unsigned at = i;

		for (; at > 0 && list->runs[at - 1].base > run.base; at--)
			list->runs[at] = list->runs[at - 1];
		list->runs[at] = run;
	}
}

unsigned mz_memory_map(const struct mz_ram *ram, struct mz_memory_run runs[MZ_MEMORY_RUN_MAX])
{
	struct list list = {.runs = runs};

	add_low(&list, end_of(&ram->banks[0]));
	for (unsigned i = 1; i < ram->bank_count; i++)
		add(&list, ram->banks[i].gpa, end_of(&ram->banks[i]), MZ_MEMORY_USABLE);
	add(&list, ram->rom.gpa, end_of(&ram->rom), MZ_MEMORY_RESERVED);
	for (unsigned i = 0; i < ram->share_count; i++)
		add(&list, ram->shares[i].bank.gpa, end_of(&ram->shares[i].bank),
		    MZ_MEMORY_RESERVED);
	sort(&list);
	return list.count;
}

uint32_t mz_memory_upper_kib(const struct mz_ram *ram)
{
	uint64_t end = end_of(&ram->banks[0]);

	return end > MZ_MEMORY_UPPER_BASE ? (uint32_t)((end - MZ_MEMORY_UPPER_BASE) / 1024) : 0;
}
