/* SPDX-License-Identifier: MPL-2.0 */
/* What this host offers for running guests, found out without running one. */
#ifndef MZ_VMM_HOST_H
#define MZ_VMM_HOST_H

#include <stdbool.h>
#include <sys/types.h>

#include "vmm/memory/uffd.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A device node. */
struct mz_host_node {
	const char *path;
	int error; /* errno of looking at it; the rest is valid if 0 */
	mode_t mode;
	uid_t user;
	gid_t group;
};

/* A capability of KVM, or a feature of userfaultfd. */
struct mz_host_ability {
	const char *name;
	const char *use; /* what for */
	bool needed;
	int value; /* 0: not there */
};

#define MZ_HOST_CAPABILITIES 14
#define MZ_HOST_FEATURES     5

struct mz_host {
	struct mz_host_node kvm_node, uffd_node;
	int kvm_error;   /* errno of opening /dev/kvm; what follows is valid if 0 */
	int kvm_version; /* of the interface */
	struct mz_host_ability capabilities[MZ_HOST_CAPABILITIES];

	struct mz_uffd_access uffd;
	int unprivileged_uffd; /* vm.unprivileged_userfaultfd; -1: cannot be read */
	struct mz_host_ability
		features[MZ_HOST_FEATURES]; /* valid if userfaultfd could be opened */

	uint64_t memory_bytes, swap_bytes;
	char huge_pages[64];        /* how the kernel uses large pages for memory, */
	char huge_memory_files[64]; /* and for memory files; "" where it cannot be read */
};

void mz_host_probe(struct mz_host *host);

/* Can guests run, and can their memory come by userfaultfd? */
bool mz_host_runs_guests(const struct mz_host *host);
bool mz_host_has_uffd(const struct mz_host *host);

#ifdef __cplusplus
}
#endif

#endif
