// SPDX-License-Identifier: MPL-2.0
/* A network device on a descriptor that moves a frame at a time: a tap interface of the host. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "vmm/virtio/net.h"

#define TUN_DEVICE  "/dev/net/tun"
#define FRAME_MAX   65536u
#define FRAMES_ONCE 64u /* before the guest's own frames have their turn */

struct tap {
	struct mz_net *net;
	int fd;
	int place; /* among what is watched */
	bool gone; /* nothing will ever come: to wait for it would be to wake again and again */
	unsigned char frame[FRAME_MAX];
};

/* What the host can't take now is lost, as on a wire. */
static void send_frame(void *context, const void *frame, size_t bytes)
{
	const struct tap *tap = context;
	ssize_t sent = write(tap->fd, frame, bytes);

	(void)sent;
}

static void watch(void *context, struct mz_watch *watch, bool room)
{
	struct tap *tap = context;

	tap->place = room && !tap->gone ? mz_watch_add(watch, tap->fd, POLLIN) : -1;
}

static void poll_frames(void *context, const struct mz_watch *watch)
{
	struct tap *tap = context;

	if (!mz_watch_seen(watch, tap->place))
		return;
	for (unsigned i = 0; i < FRAMES_ONCE && mz_net_has_room(tap->net); i++) {
		ssize_t got = read(tap->fd, tap->frame, sizeof(tap->frame));

		if (got <= 0) {
			tap->gone = got == 0 || (errno != EAGAIN && errno != EINTR);
			return;
		}
		mz_net_receive(tap->net, tap->frame, (size_t)got);
	}
}

static void close_tap(void *context)
{
	struct tap *tap = context;

	close(tap->fd);
	free(tap);
}

static const struct mz_net_backend tap_backend = {
	.send = send_frame,
	.watch = watch,
	.poll = poll_frames,
	.close = close_tap,
};

int mz_net_open_descriptor(struct mz_virtio **virtio, int fd, unsigned unit,
			   const struct mz_virtio_place *place, struct mz_failure *failure)
{
	struct tap *tap = calloc(1, sizeof(*tap));

	*virtio = NULL;
	if (!tap) {
		close(fd);
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "no memory for a network device");
	}
	tap->fd = fd;
	tap->place = -1;
	return mz_net_open(virtio, &tap->net, &tap_backend, tap, unit, place, failure);
}

static int fail_tap(struct mz_failure *failure, const char *name, int fd)
{
	int error = errno;

	if (fd >= 0)
		close(fd);
	return mz_fail(failure, MZ_STATUS_HOST_LACKS,
		       "--net: cannot open the tap interface %s: %s (%s and the right to use the "
		       "interface are needed)",
		       name, strerror(error), TUN_DEVICE);
}

int mz_net_open_tap(struct mz_virtio **virtio, const struct mz_net_config *config, unsigned unit,
		    const struct mz_virtio_place *place, struct mz_failure *failure)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	int fd;

	if (strlen(config->tap) >= sizeof(request.ifr_name))
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
			       "--net: '%s' is too long for an interface's name", config->tap);
	memcpy(request.ifr_name, config->tap, strlen(config->tap));
	fd = open(TUN_DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request))
		return fail_tap(failure, config->tap, fd);
	return mz_net_open_descriptor(virtio, fd, unit, place, failure);
}
