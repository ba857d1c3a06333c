// SPDX-License-Identifier: MPL-2.0
#include "vmm/base/text.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/types.h"

static const char units[] = "KMGT";

bool mz_number_parse(const char *text, uint64_t *value)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	const char *unit;
	unsigned shift = 0;
	char *end;

	/* strtoull would take a sign, or blanks. */
	if (!isdigit((unsigned char)text[0]) || (hex && !isxdigit((unsigned char)text[2])))
		return false;
	errno = 0;
	*value = strtoull(text, &end, hex ? 16 : 10);
	if (errno != 0)
		return false;
	unit = *end != '\0' ? strchr(units, toupper((unsigned char)*end)) : NULL;
	if (unit != NULL) {
		shift = 10 * (unsigned)(unit - units + 1);
		end++;
	}
	if (*end != '\0' || *value << shift >> shift != *value)
		return false;
	*value <<= shift;
	return true;
}

bool mz_seconds_parse(const char *text, uint64_t *ns)
{
	static const double max = 1e9;
	char *end;
	double value = strtod(text, &end);

	/* strtod would take signs, blanks, exponents and more. */
	if (text[strspn(text, "0123456789.")] != '\0' || end == text || *end != '\0' ||
	    value < 1e-9 || value > max)
		return false;
	*ns = (uint64_t)(value * 1e9);
	return true;
}

struct mz_size_text mz_size_text(uint64_t bytes)
{
	struct mz_size_text size;
	unsigned unit = 0;

	while (unit < sizeof(units) - 1 && bytes != 0 && bytes % 1024 == 0) {
		bytes /= 1024;
		unit++;
	}
	snprintf(size.text, sizeof(size.text), "%" PRIu64 "%.*s", bytes, unit > 0 ? 1 : 0,
		 &units[unit > 0 ? unit - 1 : 0]);
	return size;
}

struct mz_perm_text mz_perm_text(unsigned perm)
{
	struct mz_perm_text p = {{perm & MZ_READ ? 'r' : '-', perm & MZ_WRITE ? 'w' : '-',
				  perm & MZ_EXEC ? 'x' : '-', 0}};

	return p;
}
