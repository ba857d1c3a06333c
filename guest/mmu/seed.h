/* SPDX-License-Identifier: MPL-2.0 */
/* Where random tables begin: the build writes it. */
#ifndef GUEST_MMU_SEED_H
#define GUEST_MMU_SEED_H

#include <stdint.h>

extern const uint64_t mmu_seed;

#endif
