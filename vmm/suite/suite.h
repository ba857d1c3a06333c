/* SPDX-License-Identifier: MPL-2.0 */
/* A suite: the guests that `mezz test` runs, and how each is to end. */
#ifndef MZ_VMM_SUITE_H
#define MZ_VMM_SUITE_H

#include <glib.h>
#include <stdint.h>

#include "vmm/base/failure.h"

struct mz_case {
	char *name;     /* in reports; no two are alike */
	char *image;    /* a path */
	char **options; /* of `mezz run`; ends with NULL */
	uint64_t timeout_ns;
	int status;    /* that `mezz run` has to end with */
	char *skipped; /* why it is not run; NULL: it is */
};

/* What a case has where nothing else is said. */
struct mz_case_defaults {
	uint64_t timeout_ns;
	char *const *options; /* before a case's own; ends with NULL; may be NULL */
};

struct mz_suite {
	GPtrArray *cases;                 /* of struct mz_case, in the order of the reports */
	struct mz_case_defaults defaults; /* borrowed */
};

void mz_suite_init(struct mz_suite *suite, const struct mz_case_defaults *defaults);
void mz_suite_destroy(struct mz_suite *suite);

/* Adds an image, named by its file. MZ_STATUS_BAD_ARGUMENT: a case of that name is there already.
 */
int mz_suite_add_image(struct mz_suite *suite, const char *path, struct mz_failure *failure);

/*
 * Adds what a file describes: a section a case, in the form of mezz(1). With groups, an array that
 * ends with NULL, only cases that belong to one of them. MZ_STATUS_BAD_ARGUMENT: it can't be read
 * or understood; the text names the section and the key.
 */
int mz_suite_add_file(struct mz_suite *suite, const char *path, char *const *groups,
		      struct mz_failure *failure);

/* Adds a case, whose name is checked, and takes it. */
int mz_suite_add_(struct mz_suite *suite, struct mz_case *one, struct mz_failure *failure);

/* A case with what is the same for all. */
struct mz_case *mz_case_new_(const struct mz_suite *suite, const char *name, const char *image);
void mz_case_free_(struct mz_case *one);

#endif
