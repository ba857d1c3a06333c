/* SPDX-License-Identifier: MPL-2.0 */
/* The list of cases. */
#include "tests/cases.h"

#include "arch/arm/arm.h"
#include "arch/riscv/riscv.h"
#include "arch/x86/ept.h"
#include "arch/x86/ia32e.h"
#include "arch/x86/npt.h"
#include "tests/hostile.h"

static struct mz_format ept_runtime;
static struct mz_format ia32e_runtime;

static const struct test_case cases[ALL_CASES] = {
	[CASE_EPT] = {"ept", &mz_ept},
	[CASE_EPT_RUNTIME] = {"ept, run-time", &ept_runtime},
	[CASE_IA32E] = {"ia32e", &mz_ia32e},
	[CASE_IA32E_RUNTIME] = {"ia32e, run-time", &ia32e_runtime},
	[CASE_HOSTILE1] = {"hostile1", &hostile1},
	[CASE_HOSTILE4] = {"hostile4", &hostile4},
	[CASE_HOSTILE5] = {"hostile5", &hostile5},
	[CASE_NPT] = {"npt", &mz_npt},
	[CASE_EPT5] = {"ept5", &mz_ept5},
	[CASE_EPT_MBE] = {"ept-mbe", &mz_ept_mbe},
	[CASE_EPT5_MBE] = {"ept5-mbe", &mz_ept5_mbe},
	[CASE_EPT_SOFT] = {"ept-soft", &mz_ept_soft},
	[CASE_EPT5_SOFT] = {"ept5-soft", &mz_ept5_soft},
	[CASE_IA32E5] = {"ia32e5", &mz_ia32e5},
	[CASE_NPT5] = {"npt5", &mz_npt5},
	[CASE_NPT_GMET] = {"npt-gmet", &mz_npt_gmet},
	[CASE_NPT5_GMET] = {"npt5-gmet", &mz_npt5_gmet},
	[CASE_ARM_S2_64K] = {"arm-s2-64k", &mz_arm_s2_64k},
	[CASE_ARM_S2] = {"arm-s2-4k", &mz_arm_s2_4k},
	[CASE_ARM_S2_FULL] = {"arm-s2-4k-full", &mz_arm_s2_4k_full},
	[CASE_ARM_S2_CONCATENATED] = {"arm-s2-4k-40", &mz_arm_s2_4k_40},
	[CASE_ARM_S2_16K] = {"arm-s2-16k", &mz_arm_s2_16k},
	[CASE_ARM_S1] = {"arm-s1-4k", &mz_arm_s1_4k},
	[CASE_SV39] = {"sv39", &mz_riscv_sv39},
	[CASE_SV39X4] = {"sv39x4", &mz_riscv_sv39x4},
	[CASE_SV48] = {"sv48", &mz_riscv_sv48},
	[CASE_SV48X4] = {"sv48x4", &mz_riscv_sv48x4},
	[CASE_SV57] = {"sv57", &mz_riscv_sv57},
	[CASE_SV57X4] = {"sv57x4", &mz_riscv_sv57x4},
};

const struct test_case *case_at(int number)
{
	ept_runtime = mz_ept;
	ept_runtime.ops = NULL;
	ia32e_runtime = mz_ia32e;
	ia32e_runtime.ops = NULL;
	return &cases[number];
}
