// SPDX-License-Identifier: MPL-2.0
/* The second stages that nested paging can be, and those of them that the processor has. */
#include "guest/mmu/npt/npt.h"

#include "arch/x86/ia32e.h"
#include "guest/mmu/npt/svm.h"
#include "guest/mmu/report.h"

struct kind {
	const char *name;
	const struct mz_format *format;
	const struct mz_format *stage1;
	bool traps;
	const char *lacking;
};

static const struct kind kinds[NPT_STAGES] = {
	{"npt", &mz_npt, &mz_ia32e, false, "the processor has no nested paging"},
	{"npt5", &mz_npt5, &mz_ia32e, false, "the processor has no 5-level paging"},
	{"npt5_guest5", &mz_npt5, &mz_ia32e5, false, "the processor has no 5-level paging"},
	{"npt_gmet", &mz_npt_gmet, &mz_ia32e, true, "the processor has no guest-mode execute trap"},
	{"npt5_gmet", &mz_npt5_gmet, &mz_ia32e, true,
	 "the processor has no guest-mode execute trap, or no 5-level paging"},
};

/* Section 15.25.5: walks of the guest's tables are writes, and set both flags. */
static bool make_stage(const struct kind *kind, struct stage *stage)
{
	struct mz_npt_hardware hardware = svm_hardware();

	*stage = (struct stage) {
		.name = kind->name,
		.config.format = kind->format,
		.stage1 = kind->stage1,
		.own = kind->traps ? kind : NULL,
		.flags_set = MZ_ACCESSED | MZ_DIRTY,
		.flags_always = true,
		.links_accessed = true,
		.walk_writes = true,
		.spoil = npt_spoil,
	};
	return mz_npt_configure(&stage->config, &hardware) == MZ_OK;
}

static bool lacks[NPT_STAGES];

unsigned npt_find_stages(struct stage stages[NPT_STAGES])
{
	unsigned count = 0;

	for (unsigned i = 0; i < NPT_STAGES; i++) {
		lacks[i] = !make_stage(&kinds[i], &stages[count]);
		count += !lacks[i];
	}
	return count;
}

void npt_report_lacking(void)
{
	for (unsigned i = 0; i < NPT_STAGES; i++) {
		if (!lacks[i])
			continue;
		report_test("%s_is_walked", kinds[i].name);
		report_skip(kinds[i].lacking);
	}
}
