// SPDX-License-Identifier: MPL-2.0
/* Writing AML. Sections are those of the ACPI Specification 6.4. */
#include "vmm/machine/aml.h"

/* 20.2: opcodes. */
#define OP_NAME    0x08
#define OP_BYTE    0x0a
#define OP_WORD    0x0b
#define OP_DWORD   0x0c
#define OP_STRING  0x0d
#define OP_SCOPE   0x10
#define OP_BUFFER  0x11
#define OP_PACKAGE 0x12
#define OP_EXT     0x5b
#define EXT_DEVICE 0x82

/* 6.4.2, 6.4.3: resource descriptors, with their lengths. */
#define RESOURCE_PORTS     0x47
#define RESOURCE_MEMORY    0x86
#define RESOURCE_INTERRUPT 0x89
#define RESOURCE_END       0x79

#define PORTS_16_BITS      0x01 /* 6.4.2.5 */
#define MEMORY_WRITABLE    0x01 /* 6.4.3.4 */
#define INTERRUPT_CONSUMER 0x01 /* 6.4.3.6 */
#define INTERRUPT_EDGE     0x02
#define MEMORY_LENGTH      9
#define INTERRUPT_LENGTH   6

/* 20.2.4: a length in the form of three bytes behind the first, which takes any. */
#define LENGTH_BYTES 4

static void put(struct mz_aml *aml, uint64_t value, unsigned bytes)
{
	if (aml->room - aml->used < bytes) {
		aml->overflow = true;
		return;
	}
	for (unsigned i = 0; i < bytes; i++)
		aml->bytes[aml->used++] = (unsigned char)(value >> (8 * i));
}

static void put_letters(struct mz_aml *aml, const char *letters)
{
	for (; *letters; letters++)
		put(aml, (unsigned char)*letters, 1);
}

static size_t begin(struct mz_aml *aml)
{
	size_t at = aml->used;

	put(aml, 0, LENGTH_BYTES);
	return at;
}

/* The length counts itself. */
void mz_aml_end(struct mz_aml *aml, size_t begun)
{
	size_t length = aml->used - begun;

	if (aml->overflow)
		return;
	aml->bytes[begun] = (unsigned char)((LENGTH_BYTES - 1) << 6 | (length & 0xf));
	for (unsigned i = 1; i < LENGTH_BYTES; i++)
		aml->bytes[begun + i] = (unsigned char)(length >> (8 * i - 4));
}

size_t mz_aml_scope(struct mz_aml *aml, const char *name)
{
	size_t begun;

	put(aml, OP_SCOPE, 1);
	begun = begin(aml);
	put_letters(aml, name);
	return begun;
}

size_t mz_aml_device(struct mz_aml *aml, const char *name)
{
	size_t begun;

	put(aml, OP_EXT, 1);
	put(aml, EXT_DEVICE, 1);
	begun = begin(aml);
	put_letters(aml, name);
	return begun;
}

/* 20.2.3: 0 and 1 have opcodes of their own. */
static void put_number(struct mz_aml *aml, uint32_t value)
{
	if (value < 2) {
		put(aml, value, 1);
	} else if (value <= UINT8_MAX) {
		put(aml, OP_BYTE, 1);
		put(aml, value, 1);
	} else if (value <= UINT16_MAX) {
		put(aml, OP_WORD, 1);
		put(aml, value, 2);
	} else {
		put(aml, OP_DWORD, 1);
		put(aml, value, 4);
	}
}

static void put_name(struct mz_aml *aml, const char *name)
{
	put(aml, OP_NAME, 1);
	put_letters(aml, name);
}

void mz_aml_name_number(struct mz_aml *aml, const char *name, uint32_t value)
{
	put_name(aml, name);
	put_number(aml, value);
}

void mz_aml_name_text(struct mz_aml *aml, const char *name, const char *text)
{
	put_name(aml, name);
	put(aml, OP_STRING, 1);
	put_letters(aml, text);
	put(aml, 0, 1);
}

void mz_aml_name_package(struct mz_aml *aml, const char *name, const uint32_t *values,
			 unsigned count)
{
	size_t begun;

	put_name(aml, name);
	put(aml, OP_PACKAGE, 1);
	begun = begin(aml);
	put(aml, count, 1);
	for (unsigned i = 0; i < count; i++)
		put_number(aml, values[i]);
	mz_aml_end(aml, begun);
}

static uint32_t hex_digit(char digit)
{
	return (uint32_t)(digit <= '9' ? digit - '0' : digit - 'A' + 10);
}

/* 19.6.36 "EISAID": three letters of 5 bits, four digits of 4, most significant byte first. */
void mz_aml_eisa_id(struct mz_aml *aml, const char *id)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < 3; i++)
		value = value << 5 | ((uint32_t)(id[i] - 'A' + 1) & 0x1f);
	for (unsigned i = 3; i < 7; i++)
		value = value << 4 | hex_digit(id[i]);
	mz_aml_name_number(aml, "_HID", __builtin_bswap32(value));
}

/* 20.2.5.4: a buffer says its length twice; the inner one is a word here. */
size_t mz_aml_resources(struct mz_aml *aml)
{
	size_t begun;

	put_name(aml, "_CRS");
	put(aml, OP_BUFFER, 1);
	begun = begin(aml);
	put(aml, OP_WORD, 1);
	put(aml, 0, 2);
	return begun;
}

void mz_aml_resources_end(struct mz_aml *aml, size_t begun)
{
	size_t length;

	put(aml, RESOURCE_END, 1);
	put(aml, 0, 1); /* a checksum that is not used */
	if (aml->overflow)
		return;
	length = aml->used - (begun + LENGTH_BYTES + 3);
	aml->bytes[begun + LENGTH_BYTES + 1] = (unsigned char)length;
	aml->bytes[begun + LENGTH_BYTES + 2] = (unsigned char)(length >> 8);
	mz_aml_end(aml, begun);
}

void mz_aml_ports(struct mz_aml *aml, uint16_t base, uint8_t count)
{
	put(aml, RESOURCE_PORTS, 1);
	put(aml, PORTS_16_BITS, 1);
	put(aml, base, 2); /* the lowest and the highest base */
	put(aml, base, 2);
	put(aml, 1, 1);
	put(aml, count, 1);
}

void mz_aml_memory(struct mz_aml *aml, uint32_t base, uint32_t bytes)
{
	put(aml, RESOURCE_MEMORY, 1);
	put(aml, MEMORY_LENGTH, 2);
	put(aml, MEMORY_WRITABLE, 1);
	put(aml, base, 4);
	put(aml, bytes, 4);
}

void mz_aml_interrupt(struct mz_aml *aml, uint32_t gsi)
{
	put(aml, RESOURCE_INTERRUPT, 1);
	put(aml, INTERRUPT_LENGTH, 2);
	put(aml, INTERRUPT_CONSUMER | INTERRUPT_EDGE, 1);
	put(aml, 1, 1);
	put(aml, gsi, 4);
}
