/* SPDX-License-Identifier: MPL-2.0 */
/* The formats and instances that every test runs over. */
#ifndef MZ_TESTS_CASES_H
#define MZ_TESTS_CASES_H

#include "core/format.h"

struct test_case {
	const char *name;
	const struct mz_format *format; /* without `ops` for the run-time instance */
};

enum {
	CASE_EPT,
	CASE_EPT_RUNTIME,
	CASE_IA32E,
	CASE_IA32E_RUNTIME,
	CASE_HOSTILE1,
	CASE_HOSTILE4,
	CASE_HOSTILE5,
	CASE_NPT,
	CASE_EPT5,
	CASE_EPT_MBE,
	CASE_EPT5_MBE,
	CASE_EPT_SOFT,
	CASE_EPT5_SOFT,
	CASE_IA32E5,
	CASE_NPT5,
	CASE_ARM_S2_64K,
	CASE_ARM_S2,
	CASE_ARM_S2_FULL,
	CASE_ARM_S2_CONCATENATED,
	CASE_ARM_S2_16K,
	CASE_ARM_S1,
	CASE_SV39,
	CASE_SV39X4,
	CASE_SV48,
	CASE_SV48X4,
	CASE_SV57,
	CASE_SV57X4,
	CASES,
	/*
	 * Where who may execute may not keep user mode from it: what the others' tests map is not
	 * encodable. The tests of formats run over these too.
	 */
	CASE_NPT_GMET = CASES,
	CASE_NPT5_GMET,
	ALL_CASES,
};

const struct test_case *case_at(int number);

#endif
