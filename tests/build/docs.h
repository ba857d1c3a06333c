/* SPDX-License-Identifier: MPL-2.0 */
/* What the snippets of the guides take for granted: names that an embedder would have. */
#ifndef MZ_TESTS_BUILD_DOCS_H
#define MZ_TESTS_BUILD_DOCS_H

#include "arch/x86/ept.h"
#include "core/check.h"
#include "core/cursor.h"
#include "core/entry.h"
#include "core/gather.h"
#include "ept/space.h"
#include "tests/states/tiny.h"

extern struct mz_memory node_memory;
extern const struct mz_ept_hardware hardware;
extern struct mz_table table;
extern struct mz_processor processor;
extern enum mz_error error;

extern struct {
	mz_ia ia;
	uint64_t bytes;
} slots[16];
extern unsigned slot_count;

extern mz_ia ia;
extern mz_oa oa;
extern uint64_t bytes, eptp;

void flush_everything(void);
void run_guest(uint64_t root_register);
void panic(const char *text);

#endif
