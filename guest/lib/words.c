// SPDX-License-Identifier: MPL-2.0
/* The words of the command line. */
#include <stddef.h>

#include "guest/lib/guest.h"

static const char *command_line = "";

void words_set(const char *text)
{
	command_line = text ? text : "";
}

const char *words_all(void)
{
	return command_line;
}

/* What follows `prefix` if `text` begins with it, else NULL. */
static const char *after(const char *text, const char *prefix)
{
	for (; *prefix; text++, prefix++)
		if (*text != *prefix)
			return NULL;
	return text;
}

/* What follows the name of the first word that is called so, else NULL. */
static const char *find(const char *name)
{
	const char *word = command_line;

	while (*word) {
		const char *rest = after(word, name);

		if (rest && (*rest == 0 || *rest == ' ' || *rest == '='))
			return rest;
		while (*word && *word != ' ')
			word++;
		while (*word == ' ')
			word++;
	}
	return NULL;
}

bool word_given(const char *name)
{
	const char *rest = find(name);

	return rest && *rest != '=';
}

bool word_is(const char *name, const char *text)
{
	const char *rest = find(name);

	rest = rest && *rest == '=' ? after(rest + 1, text) : NULL;
	return rest && (*rest == 0 || *rest == ' ');
}

_Noreturn void word_refuse(const char *name, const char *why)
{
	print("command line: %s: %s\n", name, why);
	finish(STATUS_BAD_WORD);
}

static unsigned digit_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return (unsigned)(digit - '0');
	if (digit >= 'a' && digit <= 'f')
		return (unsigned)(digit - 'a') + 10;
	if (digit >= 'A' && digit <= 'F')
		return (unsigned)(digit - 'A') + 10;
	return 16;
}

/* Reads a number and moves `text` behind it; false: there is none. */
static bool read_number(const char **text, uint64_t *number)
{
	const char *hexadecimal = after(*text, "0x");
	const char *start = hexadecimal ? hexadecimal : *text;
	const char *digit = start;
	unsigned base = hexadecimal ? 16 : 10;

	*number = 0;
	while (digit_value(*digit) < base)
		*number = *number * base + digit_value(*digit++);
	*text = digit;
	return digit != start;
}

bool word_number_at(const char *name, unsigned index, uint64_t *number)
{
	const char *text = find(name);
	char before = '=';

	if (!text)
		return false;
	for (unsigned i = 0; *text == before; i++, before = ',') {
		text++;
		if (!read_number(&text, number) || (*text && *text != ' ' && *text != ','))
			word_refuse(name, "not a number");
		if (i == index)
			return true;
	}
	return false;
}

uint64_t word_number(const char *name, uint64_t otherwise)
{
	uint64_t number;

	return word_number_at(name, 0, &number) ? number : otherwise;
}
