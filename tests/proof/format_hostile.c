// SPDX-License-Identifier: MPL-2.0
/*
 * The laws of core/format.h for the hostile formats, which the tests of core/ trust.
 * Proof format_hostile1: -Itests/proof/formats --unwind 7 -DFORMAT=hostile1
 * Proof format_hostile4: -Itests/proof/formats --unwind 7 -DFORMAT=hostile4
 * Proof format_hostile5: -Itests/proof/formats --unwind 7 -DFORMAT=hostile5
 */
#include "tests/hostile.c"

#include "tests/proof/format.h"

int main(void)
{
	prove_format(&FORMAT);
	return 0;
}
