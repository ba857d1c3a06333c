/* SPDX-License-Identifier: MPL-2.0 */
/* EL2's own stage 1: libmezz's format of EL2, everything mapped one to one. */
#ifndef GUEST_MMU_ARM64_EL2_H
#define GUEST_MMU_ARM64_EL2_H

#include "arch/arm/arm.h"

/*
 * EL2 runs with such a table from now on. False: the processor has no such format. The text can be
 * read and executed, what follows it and the rest of RAM can be read and written; devices are
 * nGnRE; nothing else is mapped.
 */
bool el2_mmu_use(const struct mz_arm_s1 *wanted);

/* With pages of 4 KiB; every processor that has EL2 has it. */
void el2_mmu_on(void);

/* The table in use. */
const struct mz_table *el2_table(void);

#endif
