/* SPDX-License-Identifier: MPL-2.0 */
/* A fault as every architecture tells it: what was tried, where, and what stood against it. */
#ifndef MZ_CORE_FAULT_H
#define MZ_CORE_FAULT_H

#include "core/types.h"

enum mz_fault_cause {
	MZ_FAULT_UNKNOWN,       /* the syndrome does not say */
	MZ_FAULT_ABSENT,        /* nothing is mapped */
	MZ_FAULT_DENIED,        /* mapped, but not for this access */
	MZ_FAULT_MISCONFIGURED, /* an entry that the architecture does not allow */
	MZ_FAULT_ACCESS_FLAG,   /* the accessed flag is for software to set */
	MZ_FAULT_ADDRESS_SIZE,  /* an address beyond what the tables or the processor reach */
	MZ_FAULT_OTHER,         /* not for a page table to mend: an external abort, a conflict */
};

struct mz_fault_record {
	mz_ia ia;          /* what the table was asked to translate */
	uint64_t guest_va; /* the guest's own address, if `has_guest_va` */
	uint8_t access;    /* enum mz_perm: what was tried; 0: the syndrome does not say */
	uint8_t cause;     /* enum mz_fault_cause */
	uint8_t level;     /* of the entry that stopped the walk; 0: unknown */
	bool has_ia;       /* false: the embedder must translate `guest_va` by itself */
	bool has_guest_va;
	bool walk; /* the guest's own page walk tried it, not the access itself */
	bool user; /* from user mode */
};

/* The record of an access that was told without a syndrome. */
static inline struct mz_fault_record mz_fault_record_of(mz_ia ia, unsigned access)
{
	struct mz_fault_record record = {{0}, 0, 0, 0, 0, false, false, false, false};

	record.ia = ia;
	record.access = (uint8_t)access;
	record.has_ia = true;
	return record;
}

#endif
