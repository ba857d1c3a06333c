// SPDX-License-Identifier: MPL-2.0
/* Spotting: what has passed needs no copy, for as far as it matters it is the text's beginning. */
#include "vmm/device/spotter.h"

#include <string.h>

/* The longest beginning of the text, shorter than `passed`, that its first `passed` bytes end with.
 */
static size_t shorten(const char *text, size_t passed)
{
	size_t length = passed - 1;

	while (memcmp(text, text + passed - length, length) != 0)
		length--;
	return length;
}

bool mz_spotter_pass(struct mz_spotter *spotter, unsigned char byte)
{
	const char *text = spotter->text;
	size_t passed = spotter->passed;

	if (!text)
		return false;
	while (passed > 0 && (unsigned char)text[passed] != byte)
		passed = shorten(text, passed);
	if ((unsigned char)text[passed] == byte)
		passed++;
	spotter->passed = text[passed] ? passed : shorten(text, passed);
	return text[passed] == '\0';
}
