// SPDX-License-Identifier: MPL-2.0
#include "vmm/suite/suite.h"

#include <string.h>

static void free_case(void *one)
{
	mz_case_free_(one);
}

void mz_suite_init(struct mz_suite *suite, const struct mz_case_defaults *defaults)
{
	suite->cases = g_ptr_array_new_with_free_func(free_case);
	suite->defaults = *defaults;
}

void mz_suite_destroy(struct mz_suite *suite)
{
	g_ptr_array_free(suite->cases, TRUE);
}

struct mz_case *mz_case_new_(const struct mz_suite *suite, const char *name, const char *image)
{
	struct mz_case *one = g_new0(struct mz_case, 1);

	one->name = g_strdup(name);
	one->image = g_strdup(image);
	one->options = suite->defaults.options != NULL ? g_strdupv((char **)suite->defaults.options)
						       : g_new0(char *, 1);
	one->timeout_ns = suite->defaults.timeout_ns;
	return one;
}

void mz_case_free_(struct mz_case *one)
{
	g_free(one->name);
	g_free(one->image);
	g_strfreev(one->options);
	g_free(one->skipped);
	g_free(one);
}

int mz_suite_add_(struct mz_suite *suite, struct mz_case *one, struct mz_failure *failure)
{
	for (guint i = 0; i < suite->cases->len; i++) {
		const struct mz_case *other = g_ptr_array_index(suite->cases, i);

		if (strcmp(other->name, one->name) != 0)
			continue;
		mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
			"two guests are called %s: %s and %s; a section of a --config file gives a "
			"guest another name",
			one->name, other->image, one->image);
		mz_case_free_(one);
		return -1;
	}
	g_ptr_array_add(suite->cases, one);
	return 0;
}

int mz_suite_add_image(struct mz_suite *suite, const char *path, struct mz_failure *failure)
{
	char *name = g_path_get_basename(path);
	int result = mz_suite_add_(suite, mz_case_new_(suite, name, path), failure);

	g_free(name);
	return result;
}
