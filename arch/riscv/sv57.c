// SPDX-License-Identifier: MPL-2.0
/* Stage 1, Sv57. */
#define RISCV_VARIANT mz_riscv_sv57
#define RISCV_NAME    "sv57"
#define RISCV_LEVELS  5
#define RISCV_G_STAGE 0
#include "arch/riscv/entry.h"
