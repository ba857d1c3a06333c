// SPDX-License-Identifier: MPL-2.0
/* Extended page tables of 4 levels whose accessed flag is software's. */
#define EPT_VARIANT mz_ept_soft
#define EPT_NAME    "ept-soft"
#define EPT_LEVELS  4
#define EPT_MODES   0
#define EPT_SOFT    1
#include "arch/x86/ept-format.h"
