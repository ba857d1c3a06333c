/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Assertions that cost nothing while they hold: check's own write a line to a file each time they
 * are passed, and the tests here pass millions.
 */
#ifndef MZ_TESTS_MUST_H
#define MZ_TESTS_MUST_H

#include <stdint.h>

/* Programs that are no check suites, such as the fuzzer, end where an assertion fails. */
#ifdef MZ_TESTS_WITHOUT_CHECK
#include <stdio.h>
#include <stdlib.h>

#define ck_abort_msg(...) (fprintf(stderr, __VA_ARGS__), fputc('\n', stderr), abort())
#else
#include <check.h>
#endif

#define must_say(condition, ...)                   \
	do {                                       \
		if (!(condition))                  \
			ck_abort_msg(__VA_ARGS__); \
	} while (0)

#define must(condition) must_say(condition, "%s", #condition)

#define must_equal(a, b)                                                             \
	do {                                                                         \
		uint64_t left_ = (uint64_t)(a), right_ = (uint64_t)(b);              \
                                                                                     \
		must_say(left_ == right_, "%s is %#llx, %s is %#llx", #a,            \
			 (unsigned long long)left_, #b, (unsigned long long)right_); \
	} while (0)

#endif
