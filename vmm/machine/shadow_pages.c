// SPDX-License-Identifier: MPL-2.0
/* KVM's shadow pages. Source: "KVM_GET_STATS_FD" of KVM's interface description. */
#include "vmm/machine/shadow_pages.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Counts the shadow pages that were made; those of other kinds, too, where KVM has these. */
#define COUNTER "mmu_cache_miss"

#define NAME_BYTES_MAX 256u

static bool read_all(int fd, off_t at, void *to, size_t bytes)
{
	return pread(fd, to, bytes, at) == (ssize_t)bytes;
}

/* Where the counter is; 0: there is none. */
static off_t find_counter(int fd)
{
	_Alignas(struct kvm_stats_desc) char buffer[sizeof(struct kvm_stats_desc) + NAME_BYTES_MAX];
	const struct kvm_stats_desc *described = (const struct kvm_stats_desc *)buffer;
	const char *name = buffer + sizeof(*described);
	struct kvm_stats_header header;
	size_t each;

	if (!read_all(fd, 0, &header, sizeof(header)) || header.name_size > NAME_BYTES_MAX)
		return 0;
	each = sizeof(*described) + header.name_size;
	for (uint32_t i = 0; i < header.num_desc; i++)
		if (!read_all(fd, (off_t)(header.desc_offset + i * each), buffer, each))
			return 0;
		else if (strncmp(name, COUNTER, header.name_size) == 0)
			return (off_t)header.data_offset + described->offset;
	return 0;
}

void mz_shadow_pages_init(struct mz_shadow_pages *pages, const struct mz_kvm *kvm)
{
	*pages = (struct mz_shadow_pages) {.fd = ioctl(kvm->vm, KVM_GET_STATS_FD, NULL)};
	if (pages->fd >= 0)
		pages->at = find_counter(pages->fd);
}

void mz_shadow_pages_destroy(struct mz_shadow_pages *pages)
{
	if (pages->fd >= 0)
		close(pages->fd);
	pages->fd = -1;
}

/* Who can't tell says yes. */
static bool may_be_there(struct mz_shadow_pages *pages)
{
	uint64_t before = pages->made;

	if (pages->at == 0 || !read_all(pages->fd, pages->at, &pages->made, sizeof(pages->made)))
		return true;
	return pages->made != before;
}

int mz_shadow_pages_drop(struct mz_shadow_pages *pages, const struct mz_kvm *kvm,
			 struct mz_failure *failure)
{
	return may_be_there(pages) ? mz_kvm_drop_mappings(kvm, failure) : 0;
}
