// SPDX-License-Identifier: MPL-2.0
/* The G-stage, Sv57x4. */
#define RISCV_VARIANT mz_riscv_sv57x4
#define RISCV_NAME    "sv57x4"
#define RISCV_LEVELS  5
#define RISCV_G_STAGE 1
#include "arch/riscv/entry.h"
