// SPDX-License-Identifier: MPL-2.0
/* Stage 2 with 16 KiB, 48 bits: from Arm's level 1, two concatenated tables. */
#define ARM_FORMAT  mz_arm_s2_16k
#define ARM_NAME    "arm_s2_16k"
#define ARM_VARIANT ARM_16K
#define ARM_IA_LG2  48
#include "arch/arm/arm-format.h"
