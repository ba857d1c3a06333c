// SPDX-License-Identifier: MPL-2.0
/* A virtio device that writes what it reads. */
#include "tests/vmm/virtio/virtio_echo.h"

#include <string.h>

#include "tests/must.h"
#include "vmm/virtio/parts.h"

struct echo echo;
struct driver driver;
static struct mz_failure failure;

static uint32_t echo_serve_one(void *context, struct mz_chain *chain)
{
	struct echo *e = context;
	size_t bytes = mz_chain_copy_out(chain, 0, e->buffer,
					 chain->out_bytes < sizeof(e->buffer) ? chain->out_bytes
									      : sizeof(e->buffer));

	return (uint32_t)mz_chain_copy_in(chain, 0, e->buffer, bytes);
}

static void echo_serve(void *context, const struct mz_watch *watch)
{
	struct echo *e = context;

	(void)watch;
	for (unsigned queue = 0; queue < 2; queue++)
		mz_virtio_drain(&e->virtio, queue, &e->chain, echo_serve_one);
}

static void echo_reset(void *context)
{
	((struct echo *)context)->resets++;
}

static void echo_configure(void *context, uint32_t offset, const void *data, uint32_t bytes)
{
	if (offset >= 4)
		memcpy(((struct echo *)context)->config + offset, data, bytes);
}

static void echo_close(void *context)
{
	((struct echo *)context)->closed = true;
}

static const struct mz_virtio_type echo_type = {
	.name = "echo",
	.id = 42,
	.queue_count = 2,
	.serve = echo_serve,
	.reset = echo_reset,
	.close = echo_close,
	.configure = echo_configure,
};

void echo_set_up(void)
{
	const struct mz_virtio_setup setup = {
		.type = &echo_type,
		.context = &echo,
		.features = OWN_FEATURE,
		.config = echo.config,
		.config_bytes = sizeof(echo.config),
		.place = &driver.place,
	};
	struct mz_virtio *virtio;

	driver_open(&driver);
	memset(&echo, 0, sizeof(echo));
	memcpy(echo.config, "\1\2\3\4\5\6\7\10", 8);
	must(!mz_virtio_open(&virtio, &echo.virtio, &setup, &failure));
	driver_attach(&driver, virtio);
}

void echo_tear_down(void)
{
	mz_virtio_close(&echo.virtio);
	must(echo.closed);
	driver_close(&driver);
}

void expect_echo(unsigned queue, uint32_t bytes)
{
	const struct driver_part parts[] = {{OUT, bytes, false}, {IN, bytes, true}};
	unsigned char *out = driver_at(&driver, OUT), *in = driver_at(&driver, IN);

	for (unsigned i = 0; i < bytes; i++)
		out[i] = (unsigned char)(i * 3 + bytes);
	memset(in, 0, bytes);
	must_equal(driver_do(&driver, queue, parts, 2), bytes);
	must(memcmp(in, out, bytes) == 0);
}

void send_indirect(unsigned direct, uint32_t entries)
{
	struct driver_queue *queue = &driver.queues[0];
	struct driver_descriptor *table = driver_at(&driver, DRIVER_BUFFERS + 0x20000 + 3);

	for (unsigned i = 0; i < direct; i++)
		queue->table[i] = (struct driver_descriptor) {
			.gpa = OUT + i, .bytes = 1, .flags = DESC_NEXT, .next = (uint16_t)(i + 1)};
	queue->table[direct] = (struct driver_descriptor) {.gpa = DRIVER_BUFFERS + 0x20000 + 3,
							   .bytes = 16 * entries,
							   .flags = DESC_INDIRECT | DESC_WRITE};
	for (unsigned i = 0; i < entries; i++) {
		struct driver_descriptor entry = {
			.gpa = i < entries / 2 ? OUT + direct + i : IN + i - entries / 2,
			.bytes = 1,
			.flags = (uint16_t)((i < entries / 2 ? 0 : DESC_WRITE) |
					    (i + 1 < entries ? DESC_NEXT : 0)),
			.next = (uint16_t)(i + 1),
		};

		memcpy((char *)table + (size_t)16 * i, &entry, sizeof(entry));
	}
	driver_make_available(&driver, 0, 0);
}
