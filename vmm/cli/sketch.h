/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A table sketched on the command line: `mezz table` and `mezz walk` build it with no KVM and no
 * guest.
 */
#ifndef MZ_VMM_SKETCH_H
#define MZ_VMM_SKETCH_H

#include "arch/linux/arena.h"
#include "core/table.h"
#include "vmm/base/failure.h"

struct mz_sketch {
	struct mz_arena arena;
	struct mz_table table;
};

/* Makes an empty table of the format with this name. */
int mz_sketch_init(struct mz_sketch *sketch, const char *format, struct mz_failure *failure);
void mz_sketch_destroy(struct mz_sketch *sketch);

/*
 * Maps what "IA:OA:SIZE:PERM[:WORD...]" says. PERM is made of r, w, x; a word is a memory type or a
 * flag of the dump.
 */
int mz_sketch_map(struct mz_sketch *sketch, const char *mapping, struct mz_failure *failure);

/* The names of all formats, with commas between. */
const char *mz_sketch_formats(void);

#endif
