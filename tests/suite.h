/* SPDX-License-Identifier: MPL-2.0 */
/* Runs one suite; the environment decides how much is printed. */
#ifndef MZ_TESTS_SUITE_H
#define MZ_TESTS_SUITE_H

#include <check.h>

/* The exit status of the program. */
int suite_run(Suite *suite);

#endif
