// SPDX-License-Identifier: MPL-2.0
/* Queues that the host's kernel serves. */
#include "vmm/virtio/vhost.h"

#include <errno.h>
#include <linux/vhost.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int set_files(const struct mz_vhost *vhost, unsigned index, int kick)
{
	struct vhost_vring_file kicked = {.index = index, .fd = kick};
	struct vhost_vring_file called = {.index = index, .fd = vhost->called};
	struct vhost_vring_file broken = {.index = index, .fd = vhost->broken};

	return ioctl(vhost->fd, VHOST_SET_VRING_CALL, &called) ||
			ioctl(vhost->fd, VHOST_SET_VRING_ERR, &broken) ||
			ioctl(vhost->fd, VHOST_SET_VRING_KICK, &kicked)
		? -1
		: 0;
}

static int fail(struct mz_failure *failure, enum mz_status status, const char *what)
{
	return mz_fail(failure, status, "vhost: cannot %s: %s", what, strerror(errno));
}

int mz_vhost_open(struct mz_vhost *vhost, int fd, unsigned count, int kick,
		  struct mz_failure *failure)
{
	vhost->fd = fd;
	vhost->called = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	vhost->broken = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (vhost->called < 0 || vhost->broken < 0)
		return fail(failure, MZ_STATUS_HOST_FAILED, "make an event descriptor");
	if (ioctl(fd, VHOST_SET_OWNER))
		return fail(failure, errno == ENOTTY ? MZ_STATUS_HOST_LACKS : MZ_STATUS_HOST_FAILED,
			    "own the device");
	for (unsigned i = 0; i < count; i++)
		if (set_files(vhost, i, kick))
			return fail(failure, MZ_STATUS_HOST_FAILED, "set a queue up");
	return 0;
}

void mz_vhost_close(struct mz_vhost *vhost)
{
	close(vhost->fd);
	if (vhost->called >= 0)
		close(vhost->called);
	if (vhost->broken >= 0)
		close(vhost->broken);
}

int mz_vhost_features(const struct mz_vhost *vhost, uint64_t *features)
{
	return ioctl(vhost->fd, VHOST_GET_FEATURES, features);
}

/* RAM alone: shares and the ROM are no place for buffers. */
static int hand_memory_over(const struct mz_vhost *vhost, const struct mz_ram *ram)
{
	/* Its last member has no length of its own. */
	union {
		struct vhost_memory memory;
		unsigned char room[sizeof(struct vhost_memory) +
				   MZ_BANK_MAX * sizeof(struct vhost_memory_region)];
	} table = {.memory = {.nregions = ram->bank_count}};

	for (unsigned i = 0; i < ram->bank_count; i++)
		table.memory.regions[i] = (struct vhost_memory_region) {
			.guest_phys_addr = ram->banks[i].gpa,
			.memory_size = ram->banks[i].bytes,
			.userspace_addr = (uintptr_t)ram->alias + ram->banks[i].offset,
		};
	return ioctl(vhost->fd, VHOST_SET_MEM_TABLE, &table);
}

static int hand_queue_over(const struct mz_vhost *vhost, const struct mz_queue *queue,
			   unsigned index)
{
	struct vhost_vring_state size = {.index = index, .num = queue->size};
	struct vhost_vring_state base = {.index = index, .num = queue->taken};
	struct vhost_vring_addr address = {
		.index = index,
		.desc_user_addr = (uintptr_t)queue->table,
		.avail_user_addr = (uintptr_t)queue->available,
		.used_user_addr = (uintptr_t)queue->used,
	};

	return ioctl(vhost->fd, VHOST_SET_VRING_NUM, &size) ||
			ioctl(vhost->fd, VHOST_SET_VRING_BASE, &base) ||
			ioctl(vhost->fd, VHOST_SET_VRING_ADDR, &address)
		? -1
		: 0;
}

int mz_vhost_hand_over(const struct mz_vhost *vhost, uint64_t features,
		       const struct mz_queue *queues, unsigned count)
{
	if (ioctl(vhost->fd, VHOST_SET_FEATURES, &features) ||
	    hand_memory_over(vhost, queues[0].memory->ram))
		return -1;
	for (unsigned i = 0; i < count; i++)
		if (hand_queue_over(vhost, &queues[i], i))
			return -1;
	return 0;
}

int mz_vhost_take_back(const struct mz_vhost *vhost, struct mz_queue *queues, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct vhost_vring_state base = {.index = i};

		if (ioctl(vhost->fd, VHOST_GET_VRING_BASE, &base))
			return -1;
		queues[i].taken = (uint16_t)base.num;
	}
	return 0;
}
