// SPDX-License-Identifier: MPL-2.0
/* x86-64 stage 1 of 4 levels. */
#include "arch/x86/ia32e.h"

#define PAGING_VARIANT mz_ia32e
#define PAGING_NAME    "ia32e"
#define PAGING_LEVELS  4
#define PAGING_NESTED  0
#define PAGING_TRAPS   0
#include "arch/x86/paging-format.h"
