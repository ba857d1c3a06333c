// SPDX-License-Identifier: MPL-2.0
/* Stage 2 with 4 KiB, 48 bits, and all of XNX, FWB and DBM. */
#define ARM_FORMAT  mz_arm_s2_4k_full
#define ARM_NAME    "arm_s2_4k_full"
#define ARM_VARIANT (ARM_4K | ARM_XNX | ARM_FWB | ARM_DBM)
#define ARM_IA_LG2  48
#include "arch/arm/arm-format.h"
