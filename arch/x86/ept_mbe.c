// SPDX-License-Identifier: MPL-2.0
/* Extended page tables of 4 levels under mode-based execute control. */
#define EPT_VARIANT mz_ept_mbe
#define EPT_NAME    "ept-mbe"
#define EPT_LEVELS  4
#define EPT_MODES   1
#define EPT_SOFT    0
#include "arch/x86/ept-format.h"
