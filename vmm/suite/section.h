/* SPDX-License-Identifier: MPL-2.0 */
/* Between the parts of suite_file.c: one section of a suite's file while it is read. */
#ifndef MZ_VMM_SUITE_SECTION_H
#define MZ_VMM_SUITE_SECTION_H

#include <stdbool.h>

#include "vmm/suite/suite.h"

struct mz_section {
	struct mz_suite *suite;
	const char *path; /* of the file */
	const char *name;
	struct mz_case *one;
	GPtrArray *options;
	bool wanted;
	char *const *groups;
	char *built_for; /* what `arch` names; NULL: nothing */
	struct mz_failure *failure;
};

/* What a key means; the value is what stands behind it. */
struct mz_section_key {
	const char *key; /* NULL: the end of a list */
	int (*read)(struct mz_section *section, const char *key, const char *value);
};

int mz_section_fail_(const struct mz_section *section, const char *key, const char *value,
		     const char *why);

/* Adds --OPTION=VALUE to what `mezz run` is given. */
void mz_section_add_option_(struct mz_section *section, const char *option, const char *value);

/* Takes `why`; the first one counts. */
void mz_section_skip_(struct mz_section *section, char *why);

/* Splits words as a shell does: an array that ends with NULL, on failure, too. */
int mz_section_split_(const struct mz_section *section, const char *key, const char *value,
		      char ***words);

/* The keys of kvm-unit-tests' unittests.cfg. */
extern const struct mz_section_key mz_unit_tests_keys_[];

#endif
