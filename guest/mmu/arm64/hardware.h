/* SPDX-License-Identifier: MPL-2.0 */
/* What the processor says of itself, decoded by arch/arm. */
#ifndef GUEST_MMU_ARM64_HARDWARE_H
#define GUEST_MMU_ARM64_HARDWARE_H

#include "arch/arm/arm.h"

const struct mz_arm_hardware *hardware(void);

#endif
