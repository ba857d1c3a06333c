// SPDX-License-Identifier: MPL-2.0
/* Extended page tables of 5 levels under mode-based execute control. */
#define EPT_VARIANT mz_ept5_mbe
#define EPT_NAME    "ept5-mbe"
#define EPT_LEVELS  5
#define EPT_MODES   1
#define EPT_SOFT    0
#include "arch/x86/ept-format.h"
