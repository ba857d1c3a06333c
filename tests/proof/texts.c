// SPDX-License-Identifier: MPL-2.0
/*
 * What the library says in words, for any number.
 * Proof texts: --function texts --unwind 18
 */
#include "tests/proof/prove.h"

#include "core/check.c"
#include "core/dump.c"
#include "core/error.c"

void texts(void)
{
	unsigned number = nondet_unsigned(), other = nondet_unsigned();
	const char *error = mz_error_text((enum mz_error)number);
	const char *rule = mz_rule_text((enum mz_rule)number);
	const char *memory = mz_memory_type_text((enum mz_memory_type)number);
	const char *flag = mz_prop_flag_text((enum mz_prop_flag)number);

	CLAIM(error != NULL && rule != NULL && memory != NULL && flag != NULL,
	      "there is a text for everything");
	CLAIM(number == other || number >= MZ_ERRORS ||
		      error != mz_error_text((enum mz_error)other),
	      "each error has its own");
	CLAIM(number == other || number >= MZ_RULES || rule != mz_rule_text((enum mz_rule)other),
	      "and each rule");
	CLAIM(number == other || number >= MZ_MEM_TYPES ||
		      memory != mz_memory_type_text((enum mz_memory_type)other),
	      "and each memory type");
	CLAIM(number == other || number == 0 || (number & (number - 1)) != 0 || number >> 16 != 0 ||
		      flag != mz_prop_flag_text((enum mz_prop_flag)other),
	      "and each flag");
	REACHES(number == MZ_SHADOW_STACK);
	REACHES(number == UINT32_MAX);
}
