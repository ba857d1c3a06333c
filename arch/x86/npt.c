// SPDX-License-Identifier: MPL-2.0
/* Nested page tables of 4 levels. */
#include "arch/x86/npt.h"

#define PAGING_VARIANT mz_npt
#define PAGING_NAME    "npt"
#define PAGING_LEVELS  4
#define PAGING_NESTED  1
#define PAGING_TRAPS   0
#include "arch/x86/paging-format.h"
