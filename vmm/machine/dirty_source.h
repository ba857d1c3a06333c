/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Where it is known from what the guest has written: KVM's dirty rings, one a vCPU, or its dirty
 * log, a bitmap, or the pager's write-protect events. In any case the space is told
 * (mz_space_written()), and its consumers collect from there. What the VMM and its devices write,
 * they tell themselves.
 *
 * Source: KVM's interface description, "8.29 KVM_CAP_DIRTY_LOG_RING" and "4.8 KVM_GET_DIRTY_LOG".
 */
#ifndef MZ_VMM_DIRTY_SOURCE_H
#define MZ_VMM_DIRTY_SOURCE_H

#include <linux/kvm.h>
#include <pthread.h>

#include "ept/space.h"
#include "vmm/machine/kvm.h"
#include "vmm/machine/vcpu.h"
#include "vmm/machine/vm.h"
#include "vmm/memory/pager.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mz_dirty_source {
	enum mz_dirty_kind kind; /* never MZ_DIRTY_AUTO once it was chosen */
	struct mz_kvm *kvm;
	struct mz_pager *pager;
	bool begun;
	pthread_mutex_t mutex; /* of what follows */
	struct mz_dirty_ring *rings;
	unsigned ring_count;
	bool overrun;     /* one of them has run over: what it lost is not to be had again */
	uint64_t *bitmap; /* room for the largest slot: the log */
	unsigned slot;    /* of this one, */
	bool owed;        /* not all of which could be told of */
	struct mz_protection protection;
};

/*
 * Chooses the kind, before any vCPU is made and before the pager starts, whose space is told.
 * MZ_DIRTY_AUTO is the rings, if KVM has them, and the processor what KVM needs to leave all of a
 * guest to it: else the log. MZ_STATUS_HOST_LACKS: KVM lacks the rings that are asked for.
 */
int mz_dirty_source_init(struct mz_dirty_source *source, enum mz_dirty_kind kind,
			 struct mz_kvm *kvm, struct mz_pager *pager, struct mz_failure *failure);
void mz_dirty_source_destroy(struct mz_dirty_source *source);

/* "ring", "log", "wp". */
const char *mz_dirty_kind_text(enum mz_dirty_kind kind);

/*
 * From now on, what is written is known. All vCPUs are made, none is inside. Begun twice is right,
 * and so is to try again.
 */
int mz_dirty_source_begin(struct mz_dirty_source *source, const struct mz_vcpu *const *vcpus,
			  unsigned count, struct mz_failure *failure);

/*
 * Tells the space what was written until now, by vCPUs that are outside of the guest: what those
 * inside write may come with the next call. From any thread; a vCPU whose ring is full calls it
 * itself (KVM_EXIT_DIRTY_RING_FULL). MZ_STATUS_HOST_FAILED: it is not known any more.
 */
int mz_dirty_source_tell(struct mz_dirty_source *source, struct mz_failure *failure);

/* Is what the VMM writes told of from here as well, for it goes through the guest's window? */
bool mz_dirty_source_hears_vmm(const struct mz_dirty_source *source);

#ifdef __cplusplus
}
#endif

#endif
