// SPDX-License-Identifier: MPL-2.0
/* What a table of 1 GiB in 4 KiB leaves takes: nodes, and their metadata. */
#include "bench/mezz-bench.h"

/* 512 nodes of leaves and one of each level above. */
#define NODES_GIB (512u + 3u)

static double measure_bytes(struct bench *bench, enum subject subject)
{
	static const struct row plain = {.name = "table-bytes"};
	uint64_t nodes;

	if (subject == LIMIT)
		return (double)(NODES_GIB * PAGE);
	bench_begin(bench, &plain, subject);
	map_gib(bench);
	nodes = pool_live_nodes(&bench->pool);
	return (double)(nodes * (PAGE + sizeof(struct mz_frame)));
}

static const struct row rows[] = {
	{.name = "table-bytes",
	 .reference = "515 nodes",
	 .goals = BOTH(1.005),
	 .unit = "bytes",
	 .measure = measure_bytes},
};

const struct row_set bytes_rows = ROW_SET(rows);
