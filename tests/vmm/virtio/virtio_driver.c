// SPDX-License-Identifier: MPL-2.0
/* A small driver for virtio devices over MMIO. */
#include "tests/vmm/virtio/virtio_driver.h"

#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/must.h"

#define PATIENCE_MS 10000
#define QUEUE_BYTES 0x8000u /* of guest memory for each queue */

enum { ACKNOWLEDGE = 1, DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8, NEEDS_RESET = 0x40 };

static struct mz_failure failure;

void driver_open(struct driver *driver)
{
	memset(driver, 0, sizeof(*driver));
	must(!mz_ram_init(&driver->ram, DRIVER_RAM, &failure));
	driver->place.memory.ram = &driver->ram;
	mz_bus_init(&driver->bus, "memory");
	driver->place.irq.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}

void driver_close(struct driver *driver)
{
	close(driver->place.irq.fd);
	mz_ram_destroy(&driver->ram);
}

void driver_attach_idle(struct driver *driver, struct mz_virtio *virtio)
{
	driver->virtio = virtio;
	must(!mz_virtio_attach(virtio, &driver->bus, MZ_VIRTIO_BASE, &failure));
}

void driver_attach(struct driver *driver, struct mz_virtio *virtio)
{
	driver_attach_idle(driver, virtio);
	must(!mz_virtio_start(virtio, &failure));
}

uint32_t driver_read(struct driver *driver, uint32_t offset)
{
	return (uint32_t)mz_bus_read(&driver->bus, MZ_VIRTIO_BASE + offset, 4);
}

void driver_write(struct driver *driver, uint32_t offset, uint32_t data)
{
	mz_bus_write(&driver->bus, MZ_VIRTIO_BASE + offset, data, 4);
}

void *driver_at(struct driver *driver, uint64_t gpa)
{
	return mz_ram_at(&driver->ram, gpa, 1);
}

uint64_t driver_offered(struct driver *driver)
{
	uint64_t low, high;

	driver_write(driver, REG_DEVICE_FEATURES_SEL, 0);
	low = driver_read(driver, REG_DEVICE_FEATURES);
	driver_write(driver, REG_DEVICE_FEATURES_SEL, 1);
	high = driver_read(driver, REG_DEVICE_FEATURES);
	return high << 32 | low;
}

static void write64(struct driver *driver, uint32_t offset, uint64_t data)
{
	driver_write(driver, offset, (uint32_t)data);
	driver_write(driver, offset + 4, (uint32_t)(data >> 32));
}

void driver_set_up_queue(struct driver *driver, unsigned index, unsigned size)
{
	struct driver_queue *queue = &driver->queues[index];

	queue->size = size;
	queue->table_gpa = (index + 1) * QUEUE_BYTES;
	queue->available_gpa = queue->table_gpa + 0x2000;
	queue->used_gpa = queue->table_gpa + 0x4000;
	queue->table = driver_at(driver, queue->table_gpa);
	queue->available = driver_at(driver, queue->available_gpa);
	queue->used = driver_at(driver, queue->used_gpa);
	memset(queue->table, 0, QUEUE_BYTES);
	queue->next = queue->seen = 0;
	queue->free = 0;
	driver_write(driver, REG_QUEUE_SEL, index);
	driver_write(driver, REG_QUEUE_NUM, size);
	write64(driver, REG_QUEUE_DESC, queue->table_gpa);
	write64(driver, REG_QUEUE_DRIVER, queue->available_gpa);
	write64(driver, REG_QUEUE_DEVICE, queue->used_gpa);
	driver_write(driver, REG_QUEUE_READY, 1);
}

void driver_begin(struct driver *driver, uint64_t features)
{
	eventfd_t edges;

	driver_write(driver, REG_STATUS, 0);
	eventfd_read(driver->place.irq.fd, &edges);
	driver_write(driver, REG_STATUS, ACKNOWLEDGE | DRIVER);
	driver->features = driver_offered(driver) & features;
	driver_write(driver, REG_DRIVER_FEATURES_SEL, 0);
	driver_write(driver, REG_DRIVER_FEATURES, (uint32_t)driver->features);
	driver_write(driver, REG_DRIVER_FEATURES_SEL, 1);
	driver_write(driver, REG_DRIVER_FEATURES, (uint32_t)(driver->features >> 32));
	driver_write(driver, REG_STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK);
	must((driver_read(driver, REG_STATUS) & FEATURES_OK) != 0);
	for (unsigned i = 0; i < driver->virtio->type->queue_count; i++) {
		driver_set_up_queue(driver, i, 16);
		must_equal(driver_read(driver, REG_QUEUE_READY), 1);
	}
	driver_write(driver, REG_STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
}

void driver_notify(struct driver *driver, unsigned queue)
{
	driver_write(driver, REG_QUEUE_NOTIFY, queue);
}

static bool notification_wanted(const struct driver *driver, const struct driver_queue *queue)
{
	uint16_t event;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!(driver->features & MZ_VIRTIO_F_EVENT_IDX))
		return (__atomic_load_n(&queue->used[0], __ATOMIC_ACQUIRE) & 1) == 0;
	event = __atomic_load_n(&queue->used[2 + 4 * queue->size], __ATOMIC_ACQUIRE);
	return event == (uint16_t)(queue->next - 1);
}

void driver_make_available(struct driver *driver, unsigned queue, uint16_t head)
{
	struct driver_queue *q = &driver->queues[queue];

	q->available[2 + q->next % q->size] = head;
	__atomic_store_n(&q->available[1], ++q->next, __ATOMIC_RELEASE);
	if (notification_wanted(driver, q))
		driver_notify(driver, queue);
}

uint16_t driver_send(struct driver *driver, unsigned queue, const struct driver_part *parts,
		     unsigned count)
{
	struct driver_queue *q = &driver->queues[queue];
	uint16_t head = (uint16_t)q->free;

	for (unsigned i = 0; i < count; i++) {
		unsigned next = (q->free + 1) % q->size;

		q->table[q->free] = (struct driver_descriptor) {
			.gpa = parts[i].gpa,
			.bytes = parts[i].bytes,
			.flags = (uint16_t)((parts[i].in ? DESC_WRITE : 0) |
					    (i + 1 < count ? DESC_NEXT : 0)),
			.next = (uint16_t)next,
		};
		q->free = next;
	}
	driver_make_available(driver, queue, head);
	return head;
}

bool driver_given(struct driver *driver, unsigned queue, uint16_t *head, uint32_t *written)
{
	struct driver_queue *q = &driver->queues[queue];
	const uint32_t *element;

	if (__atomic_load_n(&q->used[1], __ATOMIC_ACQUIRE) == q->seen)
		return false;
	element = (const uint32_t *)(const void *)&q->used[2 + 4 * (q->seen % q->size)];
	*head = (uint16_t)element[0];
	*written = element[1];
	q->seen++;
	return true;
}

/* Says from which chain on it wants to be interrupted. */
static void ask_for_interrupt(struct driver_queue *queue)
{
	__atomic_store_n(&queue->available[2 + queue->size], queue->seen, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void wait_for_edge(struct driver *driver)
{
	struct pollfd fd = {.fd = driver->place.irq.fd, .events = POLLIN};
	eventfd_t edges;

	must(poll(&fd, 1, PATIENCE_MS) == 1);
	must(!eventfd_read(driver->place.irq.fd, &edges));
}

uint16_t driver_wait(struct driver *driver, unsigned queue, uint32_t *written)
{
	uint16_t head;

	for (;;) {
		ask_for_interrupt(&driver->queues[queue]);
		if (driver_given(driver, queue, &head, written))
			return head;
		wait_for_edge(driver);
		driver_write(driver, REG_INTERRUPT_ACK,
			     driver_read(driver, REG_INTERRUPT_STATUS) & 1);
	}
}

void driver_wait_interrupt(struct driver *driver, uint32_t bits)
{
	uint32_t status;

	while (!((status = driver_read(driver, REG_INTERRUPT_STATUS)) & bits))
		wait_for_edge(driver);
	driver_write(driver, REG_INTERRUPT_ACK, status & bits);
}

uint32_t driver_do(struct driver *driver, unsigned queue, const struct driver_part *parts,
		   unsigned count)
{
	uint16_t sent = driver_send(driver, queue, parts, count);
	uint32_t written;

	must_equal(driver_wait(driver, queue, &written), sent);
	return written;
}

void driver_expect_broken(struct driver *driver)
{
	driver_wait_interrupt(driver, 2);
	must((driver_read(driver, REG_STATUS) & NEEDS_RESET) != 0);
}
