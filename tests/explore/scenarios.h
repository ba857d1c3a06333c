/* SPDX-License-Identifier: MPL-2.0 */
/* Programs in which threads meet in every way that the range lock must be good for. */
#ifndef MZ_TESTS_EXPLORE_SCENARIOS_H
#define MZ_TESTS_EXPLORE_SCENARIOS_H

#include <stddef.h>

#include "core/format.h"

struct scenario {
	const char *name;
	const struct mz_format *format;
	unsigned flags;        /* enum program_flag */
	const char *beginning; /* see tests/explore/program.h */
	const char *threads;
};

extern const struct scenario scenarios[];
extern const size_t scenario_count;

#endif
