// SPDX-License-Identifier: MPL-2.0
/* Stage 2 with 4 KiB, 48 bits: Arm's levels 0 to 3. */
#define ARM_FORMAT  mz_arm_s2_4k
#define ARM_NAME    "arm_s2_4k"
#define ARM_VARIANT ARM_4K
#define ARM_IA_LG2  48
#include "arch/arm/arm-format.h"
