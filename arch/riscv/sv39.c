// SPDX-License-Identifier: MPL-2.0
/* Stage 1, Sv39. */
#define RISCV_VARIANT mz_riscv_sv39
#define RISCV_NAME    "sv39"
#define RISCV_LEVELS  3
#define RISCV_G_STAGE 0
#include "arch/riscv/entry.h"
