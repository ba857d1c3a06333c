/* SPDX-License-Identifier: MPL-2.0 */
/* Tests of what only Arm has. */
#ifndef GUEST_MMU_ARM64_OWN_H
#define GUEST_MMU_ARM64_OWN_H

#include "guest/mmu/arm64/guest.h"
#include "guest/mmu/arm64/stages.h"

#define COUNT(of) (sizeof(of) / sizeof((of)[0]))

/* A platform of a test's own: any second stage over any first. */
struct own {
	struct platform platform;
	struct stage stage;
	struct arm_stage wanted;
	struct mz_format format;
	struct arm_stage1 stage1;
};

/* The MMU sets flags in the first stage as far as it can. False: the processor lacks something. */
bool own_make(struct own *own, const struct platform *platform, const struct arm_stage *second,
	      const struct mz_arm_s1 *first);

/* Memory types and shareability, as address translation instructions tell them. */
void own_attributes(const struct platform *platform);

/* Every bit of an output address, likewise. */
void own_addresses(const struct platform *platform);

/* Instructions that are no plain load or store, and what their aborts tell. */
void own_instructions(const struct platform *platform);

/* Every first stage of EL1&0: granules, widths, blocks, permissions, flags, and its faults. */
void own_stage1(const struct platform *platform);

/* EL2's own first stage, of every granule. */
void own_el2(void);

/* Contiguous runs, VMIDs, and what each TLB maintenance instruction reaches. */
void own_caches(const struct platform *platform);

/* A second stage that some emulators refuse. */
void own_wide(const struct platform *platform);

#endif
