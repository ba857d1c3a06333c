// SPDX-License-Identifier: MPL-2.0
/* Stage 2 with 4 KiB, 40 bits: from Arm's level 1, two concatenated tables. */
#define ARM_FORMAT  mz_arm_s2_4k_40
#define ARM_NAME    "arm_s2_4k_40"
#define ARM_VARIANT ARM_4K
#define ARM_IA_LG2  40
#include "arch/arm/arm-format.h"
