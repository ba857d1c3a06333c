// SPDX-License-Identifier: MPL-2.0
/* Extended page tables of 4 levels. */
#define EPT_VARIANT mz_ept
#define EPT_NAME    "ept"
#define EPT_LEVELS  4
#define EPT_MODES   0
#define EPT_SOFT    0
#include "arch/x86/ept-format.h"
