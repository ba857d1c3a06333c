/* SPDX-License-Identifier: MPL-2.0 */
/* A run's numbers on standard error. */
#ifndef MZ_VMM_REPORT_H
#define MZ_VMM_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "vmm/machine/stats.h"

enum mz_stats_form { MZ_STATS_NONE, MZ_STATS_TABLE, MZ_STATS_JSON };

/* "table", "json", or NULL for a table. False: something else. */
bool mz_stats_form_parse(const char *text, enum mz_stats_form *form);

void mz_report_table(FILE *file, const struct mz_vm_stats *stats);

/* What mz_report_json() writes. */
json_t *mz_report_object(const struct mz_vm_stats *stats);

/* One line. */
void mz_report_json(FILE *file, const struct mz_vm_stats *stats);

#endif
