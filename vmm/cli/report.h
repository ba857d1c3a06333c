/* SPDX-License-Identifier: MPL-2.0 */
/* A run's numbers on standard error. */
#ifndef MZ_VMM_REPORT_H
#define MZ_VMM_REPORT_H

#include <stdio.h>

#include "vmm/machine/stats.h"

void mz_report_table(FILE *file, const struct mz_vm_stats *stats);

/* One line. */
void mz_report_json(FILE *file, const struct mz_vm_stats *stats);

#endif
