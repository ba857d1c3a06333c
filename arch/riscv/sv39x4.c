// SPDX-License-Identifier: MPL-2.0
/* The G-stage, Sv39x4. */
#define RISCV_VARIANT mz_riscv_sv39x4
#define RISCV_NAME    "sv39x4"
#define RISCV_LEVELS  3
#define RISCV_G_STAGE 1
#include "arch/riscv/entry.h"
