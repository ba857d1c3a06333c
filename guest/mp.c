// SPDX-License-Identifier: MPL-2.0
/*
 * A multiboot image from before ACPI: finds the MP table and starts every other processor that it
 * lists, one after the other.
 *
 * Words: none.
 * Prints: what is wrong with the table, each processor that is started, by its APIC's id, and how
 *   many there are. A processor that does not start is waited for: --timeout ends the run.
 * Status: how much is wrong.
 */
#include <stddef.h>

#include "guest/lib/machine.h"
#include "guest/lib/mode32.h"

/* Intel MultiProcessor Specification 1.4, chapter 4: section numbers are its own. */
#define SEARCH_BASE 0xf0000u
#define SEARCH_END  0x100000u
#define POINTER     0x5f504d5fu /* "_MP_" */
#define TABLE       0x504d4350u /* "PCMP" */

#define ENTRY_PROCESSOR       0u
#define ENTRY_PROCESSOR_BYTES 20u
#define ENTRY_OTHER_BYTES     8u
#define PROCESSOR_USABLE      1u
#define PROCESSOR_FIRST       2u

/* 4.1 */
struct pointer {
	uint32_t signature, table;
	uint8_t length, revision, checksum, features[5];
};

/* 4.2 */
struct table {
	uint32_t signature;
	uint16_t bytes;
	uint8_t revision, checksum;
	char makers[20];
	uint32_t maker_table;
	uint16_t maker_bytes, entry_count;
	uint32_t local_apic;
	uint16_t more_bytes;
	uint8_t more_checksum, reserved;
};

/* 4.3.1, its beginning */
struct processor {
	uint8_t type, apic, version, flags;
};

/* Intel SDM volume 3, 11.4.1 and 11.6.1: the local APIC. */
#define COMMAND_LOW     0x300u
#define COMMAND_HIGH    0x310u
#define COMMAND_PENDING (1u << 12)
#define COMMAND_INIT    0x4500u /* assert, edge */
#define COMMAND_STARTUP 0x4600u /* with the page's number */

/* Multiboot Specification 0.6.96, 3.3: memory_lower, in KiB. */
#define LOADER_MAGIC 0x2badb002u
#define LOWER_AT     4u

#define PAGE_BYTES 4096u

/* Where a processor starts: it says so in the byte of its APIC's id, behind the code. */
extern const unsigned char start_code[], start_code_end[];
__asm__(".section .rodata\n"
	".code16\n"
	"start_code:\n"
	"	mov	$1, %eax\n" /* Intel SDM volume 2, CPUID: the id is the highest byte of EBX
				     */
	"	cpuid\n"
	"	shr	$24, %ebx\n"
	"	movb	$1, %cs:(start_code_end - start_code)(%bx)\n"
	"1:	hlt\n"
	"	jmp	1b\n"
	"start_code_end:\n"
	".code32\n"
	".previous\n");

static uint8_t sum(const void *bytes, uint32_t count)
{
	return (uint8_t)sum_of_bytes((uintptr_t)bytes, count);
}

/* 4: the last place of those where it may be, and the only one without firmware. */
static const struct pointer *find_pointer(void)
{
	for (uint32_t at = SEARCH_BASE; at < SEARCH_END; at += sizeof(struct pointer)) {
		const struct pointer *pointer = at32(at);

		if (pointer->signature == POINTER && sum(pointer, pointer->length * 16u) == 0)
			return pointer;
	}
	return NULL;
}

static void command(uint32_t local_apic, uint8_t apic, uint32_t what)
{
	write_at(local_apic + COMMAND_HIGH, (uint32_t)apic << 24, 4);
	write_at(local_apic + COMMAND_LOW, what, 4);
	while (read_at(local_apic + COMMAND_LOW, 4) & COMMAND_PENDING)
		__asm__ volatile("pause");
}

/* B.4, without the waits, which are for real hardware. */
static void start(uint32_t local_apic, uint8_t apic, uint32_t page)
{
	const volatile uint8_t *started = at32(page + (uint32_t)(start_code_end - start_code));

	print("starts processor %u\n", apic);
	command(local_apic, apic, COMMAND_INIT);
	command(local_apic, apic, COMMAND_STARTUP | page / PAGE_BYTES);
	while (!started[apic])
		__asm__ volatile("pause");
}

/* Answers how much is wrong. */
static unsigned start_all(const struct table *table, uint32_t page)
{
	const unsigned char *entry = (const unsigned char *)(table + 1);
	unsigned usable = 0, first = 0;

	for (unsigned i = 0; i < table->entry_count; i++) {
		const struct processor *processor = (const void *)entry;

		if (processor->type != ENTRY_PROCESSOR) {
			entry += ENTRY_OTHER_BYTES;
			continue;
		}
		entry += ENTRY_PROCESSOR_BYTES;
		if (!(processor->flags & PROCESSOR_USABLE))
			continue;
		usable++;
		if (processor->flags & PROCESSOR_FIRST)
			first++;
		else
			start(table->local_apic, processor->apic, page);
	}
	print("processors: %u\n", usable);
	return expect(first == 1, "not one processor is the first") +
		expect(entry == (const unsigned char *)table + table->bytes, "the table's length");
}

unsigned guest_main32(uint32_t magic, uint32_t information)
{
	const struct pointer *pointer = find_pointer();
	const struct table *table;
	unsigned char *page;
	uint32_t lower;

	if (expect(magic == LOADER_MAGIC, "no multiboot loader") ||
	    expect(pointer != NULL, "there is no MP table"))
		return 1;
	table = at32(pointer->table);
	if (expect(table->signature == TABLE, "the table's signature") ||
	    expect(sum(table, table->bytes) == 0, "the table's checksum"))
		return 1;
	lower = *(const uint32_t *)at32(information + LOWER_AT) * 1024;
	page = (unsigned char *)(uintptr_t)((lower - PAGE_BYTES) & ~(PAGE_BYTES - 1));
	for (uint32_t i = 0; i < (uint32_t)(start_code_end - start_code); i++)
		page[i] = start_code[i];
	return start_all(table, (uint32_t)(uintptr_t)page);
}
