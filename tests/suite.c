/* SPDX-License-Identifier: MPL-2.0 */
/* The one runner of all suites. */
#include "tests/suite.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/rng.h"

/* Every test of the suite, each in a process of its own, has the same seed. */
static void share_seed(void)
{
	char text[32];

	snprintf(text, sizeof(text), "%#llx", (unsigned long long)rng_seed());
	setenv("MZ_SEED", text, 1);
	printf("# MZ_SEED=%s\n", text);
	fflush(stdout);
}

int suite_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	share_seed();
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
