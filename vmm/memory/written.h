/* SPDX-License-Identifier: MPL-2.0 */
/* What the VMM and its devices write to guest memory, nobody else can know of. */
#ifndef MZ_VMM_WRITTEN_H
#define MZ_VMM_WRITTEN_H

#include <stdint.h>

#include "ept/space.h"

/*
 * Tells the space that [gpa, gpa + bytes), which is RAM, has been written: after it was. NULL:
 * there is nobody to tell. From any thread.
 */
void mz_tell_written(struct mz_space *space, uint64_t gpa, uint64_t bytes);

#endif
