/* SPDX-License-Identifier: MPL-2.0 */
/* What is told of a row. */
#ifndef MZ_BENCH_REPORT_H
#define MZ_BENCH_REPORT_H

#include "bench/mezz-bench.h"

#define RUNS_MAX 1001

/* Of one row, by run. NAN: not measured. */
struct figures {
	double runs[RUNS_MAX][SUBJECTS];
};

void print_header(void);
void print_row(const struct row *row, const struct figures *figures, unsigned runs);

/* An object NAME, against the limit, and one NAME:run-time. `first`: nothing was printed before. */
void print_json(const struct row *row, const struct figures *figures, unsigned runs, bool first);

#endif
