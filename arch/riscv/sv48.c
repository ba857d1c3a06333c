// SPDX-License-Identifier: MPL-2.0
/* Stage 1, Sv48. */
#define RISCV_VARIANT mz_riscv_sv48
#define RISCV_NAME    "sv48"
#define RISCV_LEVELS  4
#define RISCV_G_STAGE 0
#include "arch/riscv/entry.h"
