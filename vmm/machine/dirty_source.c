// SPDX-License-Identifier: MPL-2.0
/* What the guest has written, from KVM or from the pager. */
#include "vmm/machine/dirty_source.h"

#include <cpuid.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "ept/dirty.h"

#define RING_ENTRIES 4096u /* a power of 2; KVM holds some back for itself */
#define RING_BYTES   (RING_ENTRIES * sizeof(struct kvm_dirty_gfn))

struct mz_dirty_ring {
	struct kvm_dirty_gfn *entries;
	uint32_t next;
};

const char *mz_dirty_kind_text(enum mz_dirty_kind kind)
{
	static const char *const texts[MZ_DIRTY_KINDS] = {"auto", "ring", "log", "wp"};

	return texts[kind];
}

/* Intel SDM volume 2A, CPUID, leaf 1; AMD APM volume 3, appendix E.4.1. */
#define CPUID_ECX_VMX          (1u << 5)
#define CPUID_EXTENDED_ECX_SVM (1u << 2)

/*
 * Without either, KVM emulates what a guest's kernel does, and such a KVM was seen not to leave the
 * guest when its ring fills: docs/deviations.md.
 */
static bool rings_hold(void)
{
	unsigned eax, ebx, ecx, edx;

	return (__get_cpuid(1, &eax, &ebx, &ecx, &edx) && (ecx & CPUID_ECX_VMX)) ||
		(__get_cpuid(0x80000001, &eax, &ebx, &ecx, &edx) && (ecx & CPUID_EXTENDED_ECX_SVM));
}

static bool open_rings(const struct mz_kvm *kvm)
{
	struct kvm_enable_cap cap = {.cap = KVM_CAP_DIRTY_LOG_RING, .args = {RING_BYTES}};
	int most = ioctl(kvm->vm, KVM_CHECK_EXTENSION, KVM_CAP_DIRTY_LOG_RING);

	return most > 0 && (size_t)most >= RING_BYTES && !ioctl(kvm->vm, KVM_ENABLE_CAP, &cap);
}

static int use_events(struct mz_dirty_source *source, struct mz_failure *failure)
{
	if (mz_protection_init(&source->protection, source->pager->ram, failure))
		return -1;
	source->pager->protection = &source->protection;
	return 0;
}

int mz_dirty_source_init(struct mz_dirty_source *source, enum mz_dirty_kind kind,
			 struct mz_kvm *kvm, struct mz_pager *pager, struct mz_failure *failure)
{
	*source = (struct mz_dirty_source) {.kind = kind, .kvm = kvm, .pager = pager};
	pthread_mutex_init(&source->mutex, NULL);
	if (kind == MZ_DIRTY_AUTO && !rings_hold())
		source->kind = MZ_DIRTY_LOG;
	if (source->kind == MZ_DIRTY_LOG)
		return 0;
	if (kind == MZ_DIRTY_WP)
		return use_events(source, failure);
	source->kind = MZ_DIRTY_RING;
	if (open_rings(kvm))
		return 0;
	source->kind = MZ_DIRTY_LOG;
	if (kind == MZ_DIRTY_AUTO)
		return 0;
	return mz_fail(failure, MZ_STATUS_HOST_LACKS,
		       "KVM here has no dirty rings of %u entries (KVM_CAP_DIRTY_LOG_RING): Linux "
		       "5.11 or later has",
		       RING_ENTRIES);
}

void mz_dirty_source_destroy(struct mz_dirty_source *source)
{
	for (unsigned i = 0; i < source->ring_count; i++)
		munmap(source->rings[i].entries, RING_BYTES);
	free(source->rings);
	free(source->bitmap);
	mz_protection_destroy(&source->protection);
	pthread_mutex_destroy(&source->mutex);
	*source = (struct mz_dirty_source) {.kind = MZ_DIRTY_AUTO};
}

static size_t bitmap_bytes(const struct mz_kvm *kvm)
{
	uint64_t most = 0;

	for (unsigned i = 0; i < kvm->slot_count; i++)
		if (kvm->slots[i].bytes > most)
			most = kvm->slots[i].bytes;
	return (size_t)((most / MZ_RAM_PAGE + 63) / 64 * sizeof(uint64_t));
}

static int map_rings(struct mz_dirty_source *source, const struct mz_vcpu *const *vcpus,
		     unsigned count)
{
	if (!source->rings)
		source->rings = calloc(count, sizeof(source->rings[0]));
	if (!source->rings)
		return -1;
	while (source->ring_count < count) {
		void *at = mmap(NULL, RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
				vcpus[source->ring_count]->fd,
				(off_t)KVM_DIRTY_LOG_PAGE_OFFSET * MZ_RAM_PAGE);

		if (at == MAP_FAILED)
			return -1;
		source->rings[source->ring_count++].entries = at;
	}
	return 0;
}

/* 0, or -1 with errno; what is there from an attempt before is used. */
static int prepare(struct mz_dirty_source *source, const struct mz_vcpu *const *vcpus,
		   unsigned count)
{
	switch (source->kind) {
	case MZ_DIRTY_RING:
		return map_rings(source, vcpus, count);
	case MZ_DIRTY_WP:
		errno = mz_protection_begin(&source->protection, source->pager->uffd);
		return errno ? -1 : 0;
	default:
		if (!source->bitmap)
			source->bitmap = malloc(bitmap_bytes(source->kvm));
		return source->bitmap ? 0 : -1;
	}
}

int mz_dirty_source_begin(struct mz_dirty_source *source, const struct mz_vcpu *const *vcpus,
			  unsigned count, struct mz_failure *failure)
{
	if (source->begun)
		return 0;
	if (prepare(source, vcpus, count))
		return mz_fail(failure, MZ_STATUS_HOST_FAILED,
			       "cannot track what the guest writes: %s", strerror(errno));
	if (source->kind != MZ_DIRTY_WP && mz_kvm_log_writes(source->kvm, failure))
		return -1;
	source->begun = true;
	return 0;
}

static enum mz_error tell(struct mz_dirty_source *source, unsigned slot, uint64_t page,
			  uint64_t count)
{
	const struct mz_kvm_slot *where = &source->kvm->slots[slot];

	return mz_space_written(source->pager->space, mz_ia_from(where->gpa + page * MZ_RAM_PAGE),
				count * MZ_RAM_PAGE);
}

/* ---- Rings ---- */

/*
 * Entries that KVM has filled in; each is given back once it was told of. KVM holds some back, so
 * that a vCPU leaves the guest in time: it did not if all are filled in, and more may be lost.
 */
static enum mz_error tell_ring(struct mz_dirty_source *source, struct mz_dirty_ring *ring)
{
	uint32_t end = ring->next + RING_ENTRIES;
	enum mz_error error = MZ_OK;

	while (!error && ring->next != end) {
		struct kvm_dirty_gfn *entry = &ring->entries[ring->next % RING_ENTRIES];

		if (!(__atomic_load_n(&entry->flags, __ATOMIC_ACQUIRE) & KVM_DIRTY_GFN_F_DIRTY))
			break;
		error = tell(source, entry->slot, entry->offset, 1);
		if (error)
			break;
		__atomic_store_n(&entry->flags, KVM_DIRTY_GFN_F_RESET, __ATOMIC_RELEASE);
		ring->next++;
	}
	if (ring->next == end)
		source->overrun = true;
	return error;
}

static enum mz_error tell_rings(struct mz_dirty_source *source)
{
	enum mz_error error = MZ_OK;

	for (unsigned i = 0; i < source->ring_count && !error; i++)
		error = tell_ring(source, &source->rings[i]);
	ioctl(source->kvm->vm, KVM_RESET_DIRTY_RINGS, 0);
	return error;
}

/* ---- The log ---- */

/* The runs of ones of one word. */
static enum mz_error tell_word(struct mz_dirty_source *source, unsigned slot, uint64_t first,
			       uint64_t word)
{
	enum mz_error error = MZ_OK;

	while (word && !error) {
		unsigned begin = (unsigned)__builtin_ctzll(word);
		uint64_t rest = ~(word >> begin);
		unsigned count = rest ? (unsigned)__builtin_ctzll(rest) : 64;

		error = tell(source, slot, first + begin, count);
		word = begin + count < 64 ? word >> (begin + count) << (begin + count) : 0;
	}
	return error;
}

/* Tells of a slot's log, and takes out of the bitmap what was told of. */
static enum mz_error tell_bitmap(struct mz_dirty_source *source, unsigned slot)
{
	uint64_t words = (source->kvm->slots[slot].bytes / MZ_RAM_PAGE + 63) / 64;
	enum mz_error error = MZ_OK;

	for (uint64_t word = 0; word < words && !error; word++) {
		error = tell_word(source, slot, word * 64, source->bitmap[word]);
		if (!error)
			source->bitmap[word] = 0;
	}
	source->owed = error != MZ_OK;
	return error;
}

/* The kernel forgets what it hands out, so what could not be told of comes first the next time. */
static enum mz_error tell_log(struct mz_dirty_source *source)
{
	enum mz_error error = source->owed ? tell_bitmap(source, source->slot) : MZ_OK;

	for (unsigned i = 0; i < source->kvm->slot_count && !error; i++) {
		struct kvm_dirty_log log = {.slot = i, .dirty_bitmap = source->bitmap};

		if (!(source->kvm->slots[i].flags & KVM_MEM_LOG_DIRTY_PAGES))
			continue;
		if (ioctl(source->kvm->vm, KVM_GET_DIRTY_LOG, &log))
			return MZ_BAD_HOOKS;
		source->slot = i;
		error = tell_bitmap(source, i);
	}
	return error;
}

static enum mz_error tell_all(struct mz_dirty_source *source)
{
	switch (source->kind) {
	case MZ_DIRTY_RING:
		return tell_rings(source);
	case MZ_DIRTY_WP:
		return mz_protection_tell(&source->protection, source->pager->uffd,
					  source->pager->space);
	default:
		return tell_log(source);
	}
}

int mz_dirty_source_tell(struct mz_dirty_source *source, struct mz_failure *failure)
{
	const char *why = NULL;
	enum mz_error error;

	pthread_mutex_lock(&source->mutex);
	error = tell_all(source);
	if (source->overrun)
		why = "KVM has let its dirty ring run over; --dirty-source=log does without";
	else if (error)
		why = error == MZ_NO_MEMORY ? "no memory" : strerror(errno);
	pthread_mutex_unlock(&source->mutex);
	if (why)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED,
			       "what the guest has written is not known any more: %s", why);
	return 0;
}

bool mz_dirty_source_hears_vmm(const struct mz_dirty_source *source)
{
	return source->kind == MZ_DIRTY_WP && source->pager->ram->cow;
}
