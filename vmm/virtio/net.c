// SPDX-License-Identifier: MPL-2.0
/* A network device: its frames. */
#include "vmm/virtio/net.h"

#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/virtio/parts.h"

enum { RECEIVE, TRANSMIT, QUEUES }; /* 5.1.2 */

#define HEADER_BYTES sizeof(struct virtio_net_hdr_v1) /* 5.1.6 */
#define FRAME_MAX    65536u

struct mz_net {
	struct mz_virtio virtio;
	struct virtio_net_config config;
	const struct mz_net_backend *backend;
	void *backend_context;
	struct mz_chain in, out; /* a frame can come while one is sent */
	bool waiting;            /* `in` was taken and waits for a frame */
	unsigned char frame[FRAME_MAX];
};

/* What the driver says in the header has no meaning without offloads. */
static uint32_t transmit(void *context, struct mz_chain *chain)
{
	struct mz_net *net = context;
	size_t bytes;

	if (chain->out_bytes < HEADER_BYTES) {
		mz_virtio_break(&net->virtio, "a frame has no header");
		return 0;
	}
	if (chain->out_bytes - HEADER_BYTES > sizeof(net->frame))
		return 0;
	bytes = mz_chain_copy_out(chain, HEADER_BYTES, net->frame, sizeof(net->frame));
	if (bytes > 0)
		net->backend->send(net->backend_context, net->frame, bytes);
	return 0;
}

bool mz_net_has_room(struct mz_net *net)
{
	if (!net->waiting)
		net->waiting = mz_virtio_take(&net->virtio, RECEIVE, &net->in);
	return net->waiting;
}

/* 5.1.6.4: buffers are not merged, so one holds it all. */
bool mz_net_receive(struct mz_net *net, const void *frame, size_t bytes)
{
	const struct virtio_net_hdr_v1 header = {.num_buffers = 1};

	if (!mz_net_has_room(net))
		return false;
	net->waiting = false;
	if (net->in.in_bytes < HEADER_BYTES + bytes) {
		mz_virtio_give(&net->virtio, RECEIVE, &net->in, 0);
		return false;
	}
	mz_chain_copy_in(&net->in, 0, &header, sizeof(header));
	mz_chain_copy_in(&net->in, sizeof(header), frame, bytes);
	mz_virtio_give(&net->virtio, RECEIVE, &net->in, (uint32_t)(HEADER_BYTES + bytes));
	return true;
}

static void serve(void *context, const struct mz_watch *watch)
{
	struct mz_net *net = context;

	mz_virtio_drain(&net->virtio, TRANSMIT, &net->out, transmit);
	net->backend->poll(net->backend_context, watch);
}

/* The driver is to say when it has room again, if it has none. */
static void watch(void *context, struct mz_watch *watch)
{
	struct mz_net *net = context;
	bool room = mz_net_has_room(net) ||
		(mz_virtio_listen(&net->virtio, RECEIVE) && mz_net_has_room(net));

	net->backend->watch(net->backend_context, watch, room);
}

/* The queues are going to change: what was taken and not filled is put back. */
static void settle(void *context)
{
	struct mz_net *net = context;

	if (net->waiting)
		mz_queue_put_back(&net->virtio.queues[RECEIVE]);
	net->waiting = false;
}

static void close_net(void *context)
{
	struct mz_net *net = context;

	net->backend->close(net->backend_context);
	free(net);
}

static const struct mz_virtio_type net_type = {
	.name = "virtio-net",
	.id = VIRTIO_ID_NET,
	.queue_count = QUEUES,
	.serve = serve,
	.watch = watch,
	.settle = settle,
	.close = close_net,
};

int mz_net_open(struct mz_virtio **virtio, struct mz_net **net,
		const struct mz_net_backend *backend, void *context, unsigned unit,
		const struct mz_virtio_place *place, struct mz_failure *failure)
{
	struct mz_net *made = calloc(1, sizeof(*made));
	const struct mz_virtio_setup setup = {
		.type = &net_type,
		.context = made,
		.features = (uint64_t)1 << VIRTIO_NET_F_MAC | (uint64_t)1 << VIRTIO_NET_F_STATUS,
		.config = made ? &made->config : NULL,
		.config_bytes = offsetof(struct virtio_net_config, status) +
			sizeof(made->config.status),
		.place = place,
	};
	/* Locally administered, so that it is nobody else's. */
	const unsigned char address[] = {0x02, 'm', 'e', 'z', 'z', (unsigned char)unit};

	*virtio = NULL;
	if (!made) {
		backend->close(context);
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "no memory for a network device");
	}
	*net = made;
	made->backend = backend;
	made->backend_context = context;
	memcpy(made->config.mac, address, sizeof(made->config.mac));
	made->config.status = VIRTIO_NET_S_LINK_UP;
	return mz_virtio_open(virtio, &made->virtio, &setup, failure);
}
