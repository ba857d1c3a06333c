// SPDX-License-Identifier: MPL-2.0
/* A socket device, whose packets the host's kernel moves. */
#include "vmm/virtio/vsock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/vhost.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_vsock.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "vmm/virtio/request.h"
#include "vmm/virtio/vhost.h"

#define VHOST_DEVICE "/dev/vhost-vsock"

/* 5.10.2: the kernel serves the first two; no event ever comes. */
enum { RECEIVE, TRANSMIT, SERVED, QUEUES = 3 };

struct mz_vsock {
	struct mz_virtio virtio;
	struct virtio_vsock_config config;
	struct mz_vhost vhost;
	bool running;                   /* the kernel serves the queues */
	int called_place, broken_place; /* among what is watched */
};

static int set_running(const struct mz_vsock *vsock, int running)
{
	return ioctl(vsock->vhost.fd, VHOST_VSOCK_SET_RUNNING, &running);
}

/* Once it is stopped, the kernel touches no guest memory. */
static void stop(struct mz_vsock *vsock)
{
	if (!vsock->running)
		return;
	vsock->running = false;
	if (set_running(vsock, 0) ||
	    mz_vhost_take_back(&vsock->vhost, vsock->virtio.queues, SERVED))
		mz_virtio_break(&vsock->virtio, "vhost does not give its queues back");
}

static void start(struct mz_vsock *vsock)
{
	const struct mz_queue *queues = vsock->virtio.queues;

	if (vsock->running || !queues[RECEIVE].ready || !queues[TRANSMIT].ready)
		return;
	if (mz_vhost_hand_over(&vsock->vhost, vsock->virtio.driver_features, queues, SERVED) ||
	    set_running(vsock, 1)) {
		mz_virtio_break(&vsock->virtio, "vhost does not take its queues");
		return;
	}
	vsock->running = true;
	/* It has not looked at what came before. */
	mz_virtio_wake(&vsock->virtio);
}

static bool seen(const struct mz_watch *watch, int place, int fd)
{
	eventfd_t count;

	return (mz_watch_seen(watch, place) & POLLIN) && !eventfd_read(fd, &count);
}

static void serve(void *context, const struct mz_watch *watch)
{
	struct mz_vsock *vsock = context;

	if (seen(watch, vsock->called_place, vsock->vhost.called))
		mz_virtio_interrupt_used(&vsock->virtio);
	if (seen(watch, vsock->broken_place, vsock->vhost.broken)) {
		stop(vsock);
		mz_virtio_break(&vsock->virtio, "vhost found a queue that can't be right");
		return;
	}
	start(vsock);
}

static void watch(void *context, struct mz_watch *watch)
{
	struct mz_vsock *vsock = context;

	vsock->called_place = mz_watch_add(watch, vsock->vhost.called, POLLIN);
	vsock->broken_place = mz_watch_add(watch, vsock->vhost.broken, POLLIN);
}

static void settle(void *context)
{
	stop(context);
}

/* What the kernel had to say of the driver that was. */
static void reset(void *context)
{
	struct mz_vsock *vsock = context;
	eventfd_t count;

	eventfd_read(vsock->vhost.called, &count);
	eventfd_read(vsock->vhost.broken, &count);
}

static void go_over(void *context, struct mz_state *state)
{
	(void)context;
	mz_state_fail(state, MZ_STATUS_BAD_ARGUMENT, "connections of a socket device are no state");
}

static void close_vsock(void *context)
{
	struct mz_vsock *vsock = context;

	mz_vhost_close(&vsock->vhost);
	free(vsock);
}

static const struct mz_virtio_type vsock_type = {
	.name = "virtio-vsock",
	.id = VIRTIO_ID_VSOCK,
	.queue_count = QUEUES,
	.serve = serve,
	.watch = watch,
	.settle = settle,
	.reset = reset,
	.go_over = go_over,
	.close = close_vsock,
};

static int fail_cid(struct mz_failure *failure, uint64_t cid)
{
	if (errno == EADDRINUSE)
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
			       "--vsock: this host has another machine with the context "
			       "identifier %" PRIu64,
			       cid);
	return mz_fail(failure, MZ_STATUS_HOST_FAILED,
		       "--vsock: the host does not take the context identifier %" PRIu64 ": %s",
		       cid, strerror(errno));
}

/* Those of the rings are always offered, so the kernel must have them. */
static int take_features(struct mz_vsock *vsock, struct mz_failure *failure)
{
	uint64_t features;

	if (mz_vhost_features(&vsock->vhost, &features))
		return mz_fail(failure, MZ_STATUS_HOST_FAILED,
			       "--vsock: cannot ask for the features of the device: %s",
			       strerror(errno));
	if (vsock->virtio.features & ~features)
		return mz_fail(failure, MZ_STATUS_HOST_LACKS,
			       "--vsock: this host's device has no modern rings");
	vsock->virtio.features |= features & (uint64_t)1 << VIRTIO_VSOCK_F_SEQPACKET;
	return 0;
}

static int open_host(struct mz_vsock *vsock, int fd, struct mz_failure *failure)
{
	if (mz_vhost_open(&vsock->vhost, fd, SERVED, vsock->virtio.kick, failure) ||
	    take_features(vsock, failure))
		return -1;
	return ioctl(fd, VHOST_VSOCK_SET_GUEST_CID, &vsock->config.guest_cid)
		? fail_cid(failure, vsock->config.guest_cid)
		: 0;
}

int mz_vsock_open_descriptor(struct mz_virtio **virtio, int fd, uint64_t cid,
			     const struct mz_virtio_place *place, struct mz_failure *failure)
{
	struct mz_vsock *vsock = calloc(1, sizeof(*vsock));
	const struct mz_virtio_setup setup = {
		.type = &vsock_type,
		.context = vsock,
		.config = vsock ? &vsock->config : NULL,
		.config_bytes = sizeof(vsock->config),
		.place = place,
	};

	*virtio = NULL;
	if (!vsock) {
		close(fd);
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "no memory for a socket device");
	}
	vsock->vhost = (struct mz_vhost) {.fd = fd, .called = -1, .broken = -1};
	vsock->config.guest_cid = cid;
	if (mz_virtio_open(virtio, &vsock->virtio, &setup, failure))
		return -1;
	if (!open_host(vsock, fd, failure))
		return 0;
	mz_virtio_close(*virtio);
	*virtio = NULL;
	return -1;
}

int mz_vsock_open(struct mz_virtio **virtio, uint64_t cid, const struct mz_virtio_place *place,
		  struct mz_failure *failure)
{
	int fd;

	*virtio = NULL;
	if (!mz_cid_right(cid))
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
			       "--vsock: %" PRIu64 " can't be a guest's context identifier", cid);
	fd = open(VHOST_DEVICE, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return mz_fail(failure, MZ_STATUS_HOST_LACKS,
			       "--vsock: cannot open " VHOST_DEVICE
			       ": %s (the module vhost_vsock and the right to use it are needed)",
			       strerror(errno));
	return mz_vsock_open_descriptor(virtio, fd, cid, place, failure);
}
