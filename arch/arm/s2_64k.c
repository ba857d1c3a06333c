// SPDX-License-Identifier: MPL-2.0
/* Stage 2 with 64 KiB, 48 bits: from Arm's level 1. */
#define ARM_FORMAT  mz_arm_s2_64k
#define ARM_NAME    "arm_s2_64k"
#define ARM_VARIANT ARM_64K
#define ARM_IA_LG2  48
#include "arch/arm/arm-format.h"
