// SPDX-License-Identifier: MPL-2.0
/* Nested page tables of 5 levels, with the guest-mode execute trap. */
#include "arch/x86/npt.h"

#define PAGING_VARIANT mz_npt5_gmet
#define PAGING_NAME    "npt5-gmet"
#define PAGING_LEVELS  5
#define PAGING_NESTED  1
#define PAGING_TRAPS   1
#include "arch/x86/paging-format.h"
