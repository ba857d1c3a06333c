// SPDX-License-Identifier: MPL-2.0
/*
 * The MP table, for guests from before ACPI. Source: Intel MultiProcessor Specification 1.4,
 * chapter 4; section numbers are its own.
 */
#include <stddef.h>
#include <string.h>

#include "vmm/machine/firmware.h"

/* 4.1: the floating pointer. */
struct pointer {
	char signature[4];
	uint32_t table;
	uint8_t length; /* in 16 bytes */
	uint8_t revision;
	uint8_t checksum;
	uint8_t features[5];
};

/* 4.2: the head of the table. */
struct head {
	char signature[4];
	uint16_t length;
	uint8_t revision;
	uint8_t checksum;
	char maker[8], product[12];
	uint32_t maker_table;
	uint16_t maker_bytes;
	uint16_t entry_count;
	uint32_t local_apic;
	uint16_t more_bytes;
	uint8_t more_checksum;
	uint8_t reserved;
};

/* 4.3.1 to 4.3.5: the entries. */
struct processor {
	uint8_t type, apic, version, flags;
	uint32_t signature, features, reserved[2];
};

struct bus {
	uint8_t type, id;
	char name[6];
};

struct io_apic {
	uint8_t type, id, version, flags;
	uint32_t address;
};

struct interrupt {
	uint8_t type, kind;
	uint16_t flags;
	uint8_t bus, line, apic, input;
};

_Static_assert(sizeof(struct pointer) == 16 && sizeof(struct head) == 44, "4.1, 4.2");
_Static_assert(sizeof(struct processor) == 20 && sizeof(struct bus) == 8, "4.3.1, 4.3.2");
_Static_assert(sizeof(struct io_apic) == 8 && sizeof(struct interrupt) == 8, "4.3.3 to 4.3.5");

enum { PROCESSOR, BUS, IO_APIC, IO_INTERRUPT, LOCAL_INTERRUPT };

#define REVISION 4 /* of the specification: 1.4 */

#define PROCESSOR_USABLE 0x01
#define PROCESSOR_FIRST  0x02
#define LOCAL_VERSION    0x14
#define IO_VERSION       0x11
#define IO_APIC_USABLE   0x01

/* Table 4-10. */
#define KIND_VECTORED 0
#define KIND_NMI      1
#define KIND_PIC      3

#define ISA_LINES   16
#define ISA_CASCADE 2
#define ALL_APICS   0xff

/* A processor's features, as its CPUID says them: an APIC and an FPU at least. */
#define FEATURES 0x00000201u

struct table {
	unsigned char *bytes;
	unsigned used, room;
	struct head head;
};

static void add(struct table *table, const void *entry, unsigned bytes)
{
	if (table->room - table->used < bytes)
		return;
	memcpy(table->bytes + table->used, entry, bytes);
	table->used += bytes;
	table->head.entry_count++;
}

static void add_processors(struct table *table, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		const struct processor processor = {
			.type = PROCESSOR,
			.apic = (uint8_t)i,
			.version = LOCAL_VERSION,
			.flags = PROCESSOR_USABLE | (i == 0 ? PROCESSOR_FIRST : 0),
			.features = FEATURES,
		};

		add(table, &processor, sizeof(processor));
	}
}

/* Each line of the ISA bus at the input of its number, and what the local APICs get directly. */
static void add_interrupts(struct table *table, uint8_t io_apic)
{
	const struct interrupt pic = {LOCAL_INTERRUPT, KIND_PIC, 0, 0, 0, 0, 0};
	const struct interrupt nmi = {LOCAL_INTERRUPT, KIND_NMI, 0, 0, 0, ALL_APICS, 1};

	for (uint8_t line = 0; line < ISA_LINES; line++) {
		const struct interrupt entry = {
			IO_INTERRUPT, KIND_VECTORED, 0, 0, line, io_apic, line,
		};

		if (line != ISA_CASCADE)
			add(table, &entry, sizeof(entry));
	}
	add(table, &pic, sizeof(pic));
	add(table, &nmi, sizeof(nmi));
}

static void add_entries(struct table *table, unsigned cpus)
{
	const struct bus isa = {BUS, 0, {'I', 'S', 'A', ' ', ' ', ' '}};
	const struct io_apic io_apic = {
		.type = IO_APIC,
		.id = (uint8_t)cpus,
		.version = IO_VERSION,
		.flags = IO_APIC_USABLE,
		.address = MZ_IO_APIC_BASE,
	};

	add_processors(table, cpus);
	add(table, &isa, sizeof(isa));
	add(table, &io_apic, sizeof(io_apic));
	add_interrupts(table, io_apic.id);
}

static void write_pointer(unsigned char *area, uint32_t table)
{
	struct pointer pointer = {
		.signature = {'_', 'M', 'P', '_'},
		.table = table,
		.length = 1,
		.revision = REVISION,
	};

	memcpy(area, &pointer, sizeof(pointer));
	mz_checksum_(area, sizeof(pointer), offsetof(struct pointer, checksum));
}

unsigned mz_mp_write_(unsigned char *area, unsigned room, uint32_t base,
		      const struct mz_firmware *firmware)
{
	struct table table = {
		.bytes = area + sizeof(struct pointer),
		.used = sizeof(struct head),
		.room = room - (unsigned)sizeof(struct pointer),
		.head =
			{
				.signature = {'P', 'C', 'M', 'P'},
				.revision = REVISION,
				.maker = {'M', 'E', 'Z', 'Z', ' ', ' ', ' ', ' '},
				.product = {'M', 'E', 'Z', 'Z', ' ', ' ', ' ', ' ', ' ', ' ', ' ',
					    ' '},
				.local_apic = MZ_LOCAL_APIC_BASE,
			},
	};

	add_entries(&table, firmware->cpus);
	table.head.length = (uint16_t)table.used;
	memcpy(table.bytes, &table.head, sizeof(table.head));
	mz_checksum_(table.bytes, table.used, offsetof(struct head, checksum));
	write_pointer(area, base + (uint32_t)sizeof(struct pointer));
	return table.used + (unsigned)sizeof(struct pointer);
}
