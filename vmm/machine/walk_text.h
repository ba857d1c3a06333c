/* SPDX-License-Identifier: MPL-2.0 */
/* A step of a walk in words. */
#ifndef MZ_VMM_WALK_TEXT_H
#define MZ_VMM_WALK_TEXT_H

#include "core/walk.h"

struct mz_step_text {
	char text[160];
};

/* "level 4 node 0x1000 index   0 entry 0x0000000000003007 node 0x3000 rwx" */
struct mz_step_text mz_step_text(const struct mz_format *format, const struct mz_walk_step *step);

#endif
