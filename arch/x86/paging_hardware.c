// SPDX-License-Identifier: MPL-2.0
/* What CPUID says of x86-64 paging, its own and the nested one, and what faults in it say. */
#include "arch/x86/ia32e.h"
#include "arch/x86/npt.h"

#define BIT(n) ((uint64_t)1 << (n))

/* CPUID; Intel SDM volume 2A, instruction CPUID, and AMD APM volume 3, appendix E. */
#define FEATURES_PAE      BIT(6)
#define FEATURES_PAT      BIT(16)
#define STRUCTURED_OSPKE  BIT(4)
#define STRUCTURED_LA57   BIT(16)
#define EXTENDED_NX       BIT(20)
#define EXTENDED_LEAF_1G  BIT(26)
#define EXTENDED_LONG     BIT(29)
#define SVM_NESTED_PAGING BIT(0)
#define SVM_EXECUTE_TRAP  BIT(17)

/* What stage 1 and nested paging have in common; a nested walk is the host's. */
static enum mz_error configure(struct mz_config *config, const struct mz_ia32e_hardware *h,
			       uint32_t features)
{
	const struct mz_format *f = config->format;
	uint64_t extended = EXTENDED_NX | EXTENDED_LONG;
	unsigned oa_lg2 = h->address_sizes_eax & 0xff;

	if ((h->extended_edx & extended) != extended || (h->features_edx & FEATURES_PAE) == 0)
		return MZ_BAD_CONFIG;
	if (f->levels == 5 && (h->structured_ecx & STRUCTURED_LA57) == 0)
		return MZ_BAD_LEVEL;
	if (oa_lg2 <= f->page_lg2 || oa_lg2 > f->oa_lg2)
		return MZ_BAD_WIDTH;
	/* 2 MiB leaves come with long mode. */
	config->leaf_levels = 1u << 1 | 1u << 2 |
		(h->extended_edx & EXTENDED_LEAF_1G ? 1u << 3 : 0u);
	config->features = features | (h->features_edx & FEATURES_PAT ? MZ_PAT : 0u);
	config->oa_lg2 = (uint8_t)oa_lg2;
	return MZ_OK;
}

enum mz_error mz_ia32e_configure(struct mz_config *config, const struct mz_ia32e_hardware *hardware)
{
	uint32_t keys = hardware->structured_ecx & STRUCTURED_OSPKE ? MZ_PROTECTION_KEYS : 0u;

	if (config->format != &mz_ia32e && config->format != &mz_ia32e5)
		return MZ_BAD_FORMAT;
	return configure(config, hardware, MZ_HW_ACCESSED_DIRTY | keys);
}

enum mz_error mz_npt_configure(struct mz_config *config, const struct mz_npt_hardware *hardware)
{
	struct mz_ia32e_hardware host = {
		.features_edx = hardware->features_edx,
		.structured_ecx = hardware->structured_ecx,
		.extended_edx = hardware->extended_edx,
		.address_sizes_eax = hardware->address_sizes_eax,
	};
	bool traps = config->format == &mz_npt_gmet || config->format == &mz_npt5_gmet;

	if (!traps && config->format != &mz_npt && config->format != &mz_npt5)
		return MZ_BAD_FORMAT;
	if ((hardware->svm_edx & SVM_NESTED_PAGING) == 0)
		return MZ_BAD_CONFIG;
	if (traps && (hardware->svm_edx & SVM_EXECUTE_TRAP) == 0)
		return MZ_BAD_FEATURES;
	return configure(config, &host, MZ_HW_ACCESSED_DIRTY);
}

/* Error codes of page faults; Intel SDM volume 3A, section 4.7 "Page-fault exceptions". */
#define FAULT_PRESENT  BIT(0)
#define FAULT_WRITE    BIT(1)
#define FAULT_USER     BIT(2)
#define FAULT_RESERVED BIT(3)
#define FAULT_FETCH    BIT(4)
#define FAULT_SGX      BIT(15)

/* Of nested page faults; AMD APM volume 2, section 15.25.6: the guest's own page walk. */
#define FAULT_GUEST_WALK BIT(33)

static struct mz_fault_record fault_from(uint64_t code)
{
	struct mz_fault_record fault = {0};

	fault.access = code & FAULT_FETCH ? MZ_EXEC : code & FAULT_WRITE ? MZ_WRITE : MZ_READ;
	fault.cause = code & FAULT_RESERVED ? MZ_FAULT_MISCONFIGURED
		: code & FAULT_PRESENT      ? MZ_FAULT_DENIED
					    : MZ_FAULT_ABSENT;
	return fault;
}

struct mz_fault_record mz_ia32e_fault(uint32_t error_code, uint64_t cr2)
{
	struct mz_fault_record fault = fault_from(error_code);

	if (error_code & FAULT_SGX)
		fault.cause = MZ_FAULT_OTHER;
	fault.ia = mz_ia_from(cr2);
	fault.has_ia = true;
	fault.user = (error_code & FAULT_USER) != 0;
	return fault;
}

struct mz_fault_record mz_npt_fault(uint64_t exit_info_1, uint64_t exit_info_2)
{
	struct mz_fault_record fault = fault_from(exit_info_1);

	/* The user bit is set whoever it was: nested walks are a user's. */
	fault.ia = mz_ia_from(exit_info_2);
	fault.has_ia = true;
	fault.walk = (exit_info_1 & FAULT_GUEST_WALK) != 0;
	return fault;
}

struct mz_fault_record mz_npt_gmet_fault(uint64_t exit_info_1, uint64_t exit_info_2, unsigned cpl)
{
	struct mz_fault_record fault = mz_npt_fault(exit_info_1, exit_info_2);

	fault.user = cpl == 3;
	if (fault.access == MZ_EXEC && fault.user)
		fault.access = MZ_EXEC_USER;
	return fault;
}
