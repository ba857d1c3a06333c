/* SPDX-License-Identifier: MPL-2.0 */
/* A walk in words. */
#ifndef MZ_VMM_WALK_TEXT_H
#define MZ_VMM_WALK_TEXT_H

#include <stdio.h>

#include "core/walk.h"

/* A line a step, and a line with the result. */
void mz_walk_print(FILE *file, const struct mz_format *format, mz_ia ia,
		   const struct mz_walk *walk);

#endif
