/* SPDX-License-Identifier: MPL-2.0 */
/* Lines of text, put together without stdio: the library is freestanding. */
#ifndef MZ_CORE_TEXT_H
#define MZ_CORE_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* The longest is that of a leaf with every flag, as JSON: 374. */
#define TEXT_BYTES 400

struct text {
	char line[TEXT_BYTES];
	size_t used;
};

static inline void put_char(struct text *text, char c)
{
	if (text->used + 1 < TEXT_BYTES)
		text->line[text->used++] = c;
	text->line[text->used] = '\0';
}

static inline void put_string(struct text *text, const char *string)
{
	while (*string != '\0')
		put_char(text, *string++);
}

/*
 * Divides by ten and answers the remainder, 16 bits at a time: a 64-bit division is a call into the
 * compiler's library on a 32-bit processor.
 */
static inline unsigned take_digit(uint64_t *value)
{
	uint64_t quotient = 0;
	uint32_t rest = 0;

	for (unsigned shift = 64; shift > 0;) {
		shift -= 16;
		rest = rest << 16 | (uint32_t)(*value >> shift & 0xffff);
		quotient = quotient << 16 | rest / 10;
		rest %= 10;
	}
	*value = quotient;
	return rest;
}

static inline void put_number(struct text *text, uint64_t value)
{
	char digits[20];
	unsigned count = 0;

	do
		digits[count++] = (char)('0' + take_digit(&value));
	while (value != 0);
	while (count > 0)
		put_char(text, digits[--count]);
}

static inline void put_hex(struct text *text, uint64_t value)
{
	unsigned count = 1;

	while (count < 16 && value >> (4 * count) != 0)
		count++;
	put_string(text, "0x");
	while (count-- > 0)
		put_char(text, "0123456789abcdef"[value >> (4 * count) & 15]);
}

/* 4096 as 4K, 2097152 as 2M. */
static inline void put_size(struct text *text, uint64_t bytes)
{
	static const char units[] = "BKMGTPE";
	unsigned unit = 0;

	while (unit < 6 && bytes != 0 && bytes % 1024 == 0) {
		bytes /= 1024;
		unit++;
	}
	put_number(text, bytes);
	put_char(text, units[unit]);
}

#endif
