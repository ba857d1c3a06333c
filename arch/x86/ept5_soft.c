// SPDX-License-Identifier: MPL-2.0
/* Extended page tables of 5 levels whose accessed flag is software's. */
#define EPT_VARIANT mz_ept5_soft
#define EPT_NAME    "ept5-soft"
#define EPT_LEVELS  5
#define EPT_MODES   0
#define EPT_SOFT    1
#include "arch/x86/ept-format.h"
