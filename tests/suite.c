/* SPDX-License-Identifier: MPL-2.0 */
/* The one runner of all suites. */
#include "tests/suite.h"

int suite_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
