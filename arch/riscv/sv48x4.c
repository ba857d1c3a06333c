// SPDX-License-Identifier: MPL-2.0
/* The G-stage, Sv48x4. */
#define RISCV_VARIANT mz_riscv_sv48x4
#define RISCV_NAME    "sv48x4"
#define RISCV_LEVELS  4
#define RISCV_G_STAGE 1
#include "arch/riscv/entry.h"
