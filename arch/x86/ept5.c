// SPDX-License-Identifier: MPL-2.0
/* Extended page tables of 5 levels. */
#define EPT_VARIANT mz_ept5
#define EPT_NAME    "ept5"
#define EPT_LEVELS  5
#define EPT_MODES   0
#define EPT_SOFT    0
#include "arch/x86/ept-format.h"
