// SPDX-License-Identifier: MPL-2.0
/*
 * Lines of text (core/text.h): any character behind any line, any string, any number.
 * Proof text_char: --function text_char
 * Proof text_string: --function text_string --unwind 8
 * Proof text_digit: --function text_digit --unwind 5
 * Proof text_number: --function text_number --unwind 21
 * Proof text_places: --function text_places --unwind 5
 * Proof text_hex: --function text_hex --unwind 20
 * Proof text_size: --function text_size --unwind 21
 */
#include "core/text.h"
#include "tests/proof/prove.h"

static struct text text;

/* The digit that stands for a number below 16. */
static char digit(uint64_t number)
{
	return (char)(number < 10 ? '0' + number : 'a' + (number - 10));
}

/* Claims that all that was put in is there as it is, up to where the line is full. */
static void claim_put(size_t begin, size_t length)
{
	CLAIM(text.used == (begin + length < TEXT_BYTES ? begin + length : TEXT_BYTES - 1),
	      "all of it comes behind, or as much as there is room for");
	CLAIM(text.line[text.used] == '\0', "and the line ends there");
}

void text_char(void)
{
	size_t begin = nondet_u64(), at = nondet_u64();
	char was = (char)nondet_u8(), c = (char)nondet_u8();

	ASSUME(begin < TEXT_BYTES && at < begin);
	text.used = begin;
	text.line[at] = was;
	text.line[begin] = (char)nondet_u8();
	if (begin + 1 < TEXT_BYTES)
		text.line[begin + 1] = (char)nondet_u8();

	put_char(&text, c);

	CLAIM(text.line[at] == was, "what was there stays");
	claim_put(begin, 1);
	CLAIM(begin == text.used || text.line[begin] == c, "the character is there");
	REACHES(begin == text.used);
	REACHES(begin + 1 == text.used && begin > 0);
}

void text_string(void)
{
	char string[] = {(char)nondet_u8(), (char)nondet_u8(), (char)nondet_u8(),
			 (char)nondet_u8(), (char)nondet_u8(), '\0'};
	size_t length = 0, i = nondet_u64();

	while (string[length] != '\0')
		length++;

	put_string(&text, string);

	claim_put(0, length);
	ASSUME(i < length);
	CLAIM(text.line[i] == string[i], "as it is");
	REACHES(i == 4);
}

void text_digit(void)
{
	uint64_t value = nondet_u64(), rest = value;
	unsigned last = take_digit(&rest);

	CLAIM(last < 10 && rest <= UINT64_MAX / 10 && rest * 10 + last == value,
	      "the last digit, and the number without it");
	REACHES(last == 9 && rest > UINT32_MAX);
}

/* Claims that the line is a number as it is written: digits, and no 0 before others. */
static void claim_digits(size_t most)
{
	size_t i = nondet_u64();

	CLAIM(text.used >= 1 && text.used <= most && text.line[text.used] == '\0', "a few digits");
	CLAIM(text.used == 1 || text.line[0] != '0', "no more than it has");
	ASSUME(i < text.used);
	CLAIM(text.line[i] >= '0' && text.line[i] <= '9', "and nothing else");
	REACHES(text.used == most);
}

void text_number(void)
{
	put_number(&text, nondet_u64());

	claim_digits(20);
}

void text_places(void)
{
	uint64_t value = nondet_u64(), rest = value;

	ASSUME(value < 1000);

	put_number(&text, value);

	claim_digits(3);
	for (unsigned i = 0; i < 3; i++) {
		unsigned last = take_digit(&rest);

		if (i < text.used)
			CLAIM(text.line[text.used - 1 - i] == digit(last), "each is in its place");
		CLAIM(i + 1 < text.used || rest == 0, "and all of them are there");
	}
}

void text_hex(void)
{
	uint64_t value = nondet_u64();
	unsigned i = nondet_unsigned();

	put_hex(&text, value);

	CLAIM(text.line[0] == '0' && text.line[1] == 'x' && text.used >= 3 && text.used <= 18,
	      "a few digits behind 0x");
	CLAIM(text.used == 3 || text.line[2] != '0', "no more than it has");
	CLAIM(text.used == 18 || value >> (4 * (text.used - 2)) == 0, "and all of them");
	ASSUME(i < text.used - 2);
	CLAIM(text.line[text.used - 1 - i] == digit(value >> (4 * i) & 15), "each in its place");
	CLAIM(text.line[text.used] == '\0', "and then it ends");
	REACHES(i == 15);
}

/* What mz_span() answers is a power of two. */
void text_size(void)
{
	unsigned lg2 = nondet_unsigned(), unit;
	uint64_t value;

	ASSUME(lg2 < 64);
	value = (uint64_t)1 << lg2;

	put_size(&text, value);

	unit = lg2 / 10;
	CLAIM(text.line[text.used - 1] == "BKMGTPE"[unit], "the largest unit that divides it");
	CLAIM(text.line[text.used] == '\0' && text.used >= 2 && text.used <= 4, "behind a number");
	value >>= 10 * unit;
	CLAIM(text.line[text.used - 2] == digit(value % 10), "of these");
	CLAIM(text.used != 2 || value < 10, "which is its only digit");
	CLAIM(text.used < 3 || text.line[text.used - 3] == digit(value / 10 % 10), "or one of two");
	CLAIM(text.used != 4 || text.line[0] == digit(value / 100), "or of three");
	REACHES(lg2 == 63);
}
