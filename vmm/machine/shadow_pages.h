/* SPDX-License-Identifier: MPL-2.0 */
/*
 * KVM's shadow pages: its own version of page tables of the guest's that no processor can walk by
 * itself. These are the second stages of the guest's guests and, on hosts without nested paging,
 * all tables. KVM keeps them up to date with what the guest writes, but is not told of what we
 * write.
 */
#ifndef MZ_VMM_SHADOW_PAGES_H
#define MZ_VMM_SHADOW_PAGES_H

#include <sys/types.h>

#include "vmm/machine/kvm.h"

struct mz_shadow_pages {
	int fd;        /* KVM's statistics of the machine; -1: there are none */
	off_t at;      /* of the number of those that were made so far */
	uint64_t made; /* that number, as they were last dropped */
};

void mz_shadow_pages_init(struct mz_shadow_pages *pages, const struct mz_kvm *kvm);
void mz_shadow_pages_destroy(struct mz_shadow_pages *pages);

/*
 * Whatever was written to guest memory: the guest's tables are read again. All vCPUs are held. KVM
 * drops its mappings of guest memory, too; so that is done only if there may be shadow pages.
 */
int mz_shadow_pages_drop(struct mz_shadow_pages *pages, const struct mz_kvm *kvm,
			 struct mz_failure *failure);

#endif
