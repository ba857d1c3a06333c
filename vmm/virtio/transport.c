// SPDX-License-Identifier: MPL-2.0
/* The registers of the MMIO transport: section 4.2.2, whose table 4.1 names them. */
#include "vmm/virtio/transport.h"

#include <string.h>

enum {
	MAGIC_VALUE = 0x000,
	VERSION = 0x004,
	DEVICE_ID = 0x008,
	VENDOR_ID = 0x00c,
	DEVICE_FEATURES = 0x010,
	DEVICE_FEATURES_SEL = 0x014,
	DRIVER_FEATURES = 0x020,
	DRIVER_FEATURES_SEL = 0x024,
	QUEUE_SEL = 0x030,
	QUEUE_NUM_MAX = 0x034,
	QUEUE_NUM = 0x038,
	QUEUE_READY = 0x044,
	QUEUE_NOTIFY = MZ_VIRTIO_NOTIFY,
	INTERRUPT_STATUS = 0x060,
	INTERRUPT_ACK = 0x064,
	STATUS = 0x070,
	QUEUE_DESC_LOW = 0x080,
	QUEUE_DESC_HIGH = 0x084,
	QUEUE_DRIVER_LOW = 0x090,
	QUEUE_DRIVER_HIGH = 0x094,
	QUEUE_DEVICE_LOW = 0x0a0,
	QUEUE_DEVICE_HIGH = 0x0a4,
	SHM_LEN_LOW = 0x0b0,
	SHM_LEN_HIGH = 0x0b4,
	SHM_BASE_LOW = 0x0b8,
	SHM_BASE_HIGH = 0x0bc,
	CONFIG_GENERATION = 0x0fc,
	CONFIG = 0x100,
};

#define MAGIC        0x74726976u /* "virt" */
#define VERSION_MMIO 2u
#define VENDOR       0x5a5a454du /* "MEZZ" */
#define STATUS_BITS                                                                               \
	(MZ_DEVICE_ACKNOWLEDGE | MZ_DEVICE_DRIVER | MZ_DEVICE_DRIVER_OK | MZ_DEVICE_FEATURES_OK | \
	 MZ_DEVICE_GAVE_UP)

void mz_virtio_forget(struct mz_virtio *virtio)
{
	virtio->live = false;
	virtio->broken = NULL;
	virtio->status = 0;
	virtio->features_page = virtio->driver_features_page = virtio->queue_index = 0;
	virtio->driver_features = 0;
	__atomic_store_n(&virtio->interrupt, 0, __ATOMIC_SEQ_CST);
	for (unsigned i = 0; i < virtio->type->queue_count; i++)
		virtio->queues[i] = (struct mz_queue) {.memory = &virtio->memory,
						       .size = MZ_QUEUE_MAX};
}

/* The queue that is selected; NULL: there is no such. */
static struct mz_queue *selected(struct mz_virtio *virtio)
{
	return virtio->queue_index < virtio->type->queue_count
		? &virtio->queues[virtio->queue_index]
		: NULL;
}

/* Half of 64 bits; what is beyond reads as 0. */
static uint32_t half(uint64_t value, uint32_t page)
{
	return page < 2 ? (uint32_t)(value >> (32 * page)) : 0;
}

static void set_half(uint64_t *value, uint32_t page, uint32_t data)
{
	if (page < 2)
		*value = (*value & ~((uint64_t)UINT32_MAX << (32 * page))) |
			(uint64_t)data << (32 * page);
}

static uint32_t read_register(struct mz_virtio *virtio, uint64_t offset)
{
	const struct mz_queue *queue = selected(virtio);

	switch (offset) {
	case MAGIC_VALUE:
		return MAGIC;
	case VERSION:
		return VERSION_MMIO;
	case DEVICE_ID:
		return virtio->type->id;
	case VENDOR_ID:
		return VENDOR;
	case DEVICE_FEATURES:
		return half(virtio->features, virtio->features_page);
	case QUEUE_NUM_MAX:
		return queue ? MZ_QUEUE_MAX : 0;
	case QUEUE_READY:
		return queue && queue->ready;
	case INTERRUPT_STATUS:
		return __atomic_load_n(&virtio->interrupt, __ATOMIC_SEQ_CST);
	case STATUS:
		return virtio->status;
	case SHM_LEN_LOW: /* 4.2.2: of a region that is not there, all is -1 */
	case SHM_LEN_HIGH:
	case SHM_BASE_LOW:
	case SHM_BASE_HIGH:
		return UINT32_MAX;
	case CONFIG_GENERATION:
		return virtio->generation;
	default:
		return 0;
	}
}

static uint64_t read_config(const struct mz_virtio *virtio, uint64_t offset, unsigned bytes)
{
	uint64_t data = 0;

	if (offset < virtio->config_bytes && bytes <= virtio->config_bytes - offset)
		memcpy(&data, (const unsigned char *)virtio->config + offset, bytes);
	return data;
}

/* 4.2.2.2: but for the configuration, only aligned accesses of 32 bits are right. */
static uint64_t device_read(void *context, uint64_t offset, unsigned bytes)
{
	struct mz_virtio *virtio = context;
	uint64_t data = 0;

	pthread_mutex_lock(&virtio->state);
	if (offset >= CONFIG)
		data = read_config(virtio, offset - CONFIG, bytes);
	else if (bytes == 4 && offset % 4 == 0)
		data = read_register(virtio, offset);
	pthread_mutex_unlock(&virtio->state);
	return data;
}

/* ---- What changes what the device works on ---- */

void mz_virtio_pause(struct mz_virtio *virtio)
{
	__atomic_store_n(&virtio->pause, 1, __ATOMIC_RELEASE);
	pthread_mutex_lock(&virtio->work);
	if (virtio->type->settle)
		virtio->type->settle(virtio->context);
	pthread_mutex_lock(&virtio->state);
}

/* It may have missed something meanwhile. */
void mz_virtio_resume(struct mz_virtio *virtio)
{
	pthread_mutex_unlock(&virtio->state);
	__atomic_store_n(&virtio->pause, 0, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&virtio->work);
	mz_virtio_wake(virtio);
}

/* 2.2.2 and 6.2: nothing that was not offered, and nothing older than version 1. */
static bool features_right(const struct mz_virtio *virtio)
{
	return (virtio->driver_features & ~virtio->features) == 0 &&
		(virtio->driver_features & MZ_VIRTIO_F_VERSION_1) != 0;
}

/* Each step comes after the one before it. */
bool mz_virtio_status_right(const struct mz_virtio *virtio)
{
	uint32_t status = virtio->status;

	if (status & ~(STATUS_BITS | MZ_DEVICE_NEEDS_RESET))
		return false;
	if (status & MZ_DEVICE_FEATURES_OK)
		return features_right(virtio);
	return !(status & MZ_DEVICE_DRIVER_OK);
}

/* Status bits are set, never cleared, but by a reset. */
static void advance(struct mz_virtio *virtio, uint32_t wanted)
{
	uint32_t status = virtio->status | (wanted & STATUS_BITS);

	if (!(virtio->status & MZ_DEVICE_FEATURES_OK) && !features_right(virtio))
		status &= ~MZ_DEVICE_FEATURES_OK;
	if (!(status & MZ_DEVICE_FEATURES_OK))
		status &= ~MZ_DEVICE_DRIVER_OK;
	virtio->status = status;
	virtio->live = (status & MZ_DEVICE_DRIVER_OK) != 0 && !virtio->broken;
}

void mz_virtio_reset(struct mz_virtio *virtio)
{
	mz_virtio_forget(virtio);
	if (virtio->type->reset)
		virtio->type->reset(virtio->context);
}

static void write_status(struct mz_virtio *virtio, uint32_t data)
{
	mz_virtio_pause(virtio);
	if (data == 0)
		mz_virtio_reset(virtio);
	else
		advance(virtio, data);
	mz_virtio_resume(virtio);
}

static void start_queue(struct mz_virtio *virtio, struct mz_queue *queue)
{
	queue->indirect = virtio->driver_features & MZ_VIRTIO_F_INDIRECT_DESC;
	queue->event = virtio->driver_features & MZ_VIRTIO_F_EVENT_IDX;
	if (!mz_queue_start(queue))
		mz_virtio_break_locked(virtio, queue->broken);
}

static void write_ready(struct mz_virtio *virtio, uint32_t data)
{
	struct mz_queue *queue;

	mz_virtio_pause(virtio);
	queue = selected(virtio);
	if (queue && data == 1 && !queue->ready && !queue->broken)
		start_queue(virtio, queue);
	else if (queue && data == 0)
		queue->ready = false;
	mz_virtio_resume(virtio);
}

/* ---- What changes the registers alone ---- */

/* 4.2.3.2: a queue that is ready keeps its places. */
static void write_queue(struct mz_queue *queue, uint64_t offset, uint32_t data)
{
	if (!queue || queue->ready)
		return;
	switch (offset) {
	case QUEUE_NUM:
		queue->size = data;
		break;
	case QUEUE_DESC_LOW:
	case QUEUE_DESC_HIGH:
		set_half(&queue->table_gpa, offset == QUEUE_DESC_HIGH, data);
		break;
	case QUEUE_DRIVER_LOW:
	case QUEUE_DRIVER_HIGH:
		set_half(&queue->available_gpa, offset == QUEUE_DRIVER_HIGH, data);
		break;
	case QUEUE_DEVICE_LOW:
	case QUEUE_DEVICE_HIGH:
		set_half(&queue->used_gpa, offset == QUEUE_DEVICE_HIGH, data);
		break;
	default:
		break;
	}
}

static void write_register(struct mz_virtio *virtio, uint64_t offset, uint32_t data)
{
	switch (offset) {
	case DEVICE_FEATURES_SEL:
		virtio->features_page = data;
		break;
	case DRIVER_FEATURES_SEL:
		virtio->driver_features_page = data;
		break;
	case DRIVER_FEATURES:
		if (!(virtio->status & MZ_DEVICE_FEATURES_OK))
			set_half(&virtio->driver_features, virtio->driver_features_page, data);
		break;
	case QUEUE_SEL:
		virtio->queue_index = data;
		break;
	case INTERRUPT_ACK:
		__atomic_fetch_and(&virtio->interrupt, ~data, __ATOMIC_SEQ_CST);
		break;
	default:
		write_queue(selected(virtio), offset, data);
	}
}

static void write_config(struct mz_virtio *virtio, uint64_t offset, uint64_t data, unsigned bytes)
{
	if (virtio->type->configure && offset < virtio->config_bytes &&
	    bytes <= virtio->config_bytes - offset)
		virtio->type->configure(virtio->context, (uint32_t)offset, &data, bytes);
}

static void device_write(void *context, uint64_t offset, uint64_t data, unsigned bytes)
{
	struct mz_virtio *virtio = context;

	if (offset < CONFIG && (bytes != 4 || offset % 4 != 0))
		return;
	if (offset == QUEUE_NOTIFY) {
		mz_virtio_wake(virtio);
	} else if (offset == STATUS) {
		write_status(virtio, (uint32_t)data);
	} else if (offset == QUEUE_READY) {
		write_ready(virtio, (uint32_t)data);
	} else {
		pthread_mutex_lock(&virtio->state);
		if (offset >= CONFIG)
			write_config(virtio, offset - CONFIG, data, bytes);
		else
			write_register(virtio, offset, (uint32_t)data);
		pthread_mutex_unlock(&virtio->state);
	}
}

int mz_virtio_attach(struct mz_virtio *virtio, struct mz_bus *bus, uint64_t base,
		     struct mz_failure *failure)
{
	const struct mz_device device = {
		.name = virtio->type->name,
		.base = base,
		.bytes = MZ_VIRTIO_BYTES,
		.context = virtio,
		.read = device_read,
		.write = device_write,
	};

	return mz_bus_add(bus, &device, failure);
}
