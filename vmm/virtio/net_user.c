// SPDX-License-Identifier: MPL-2.0
/*
 * A network device that needs no right of its user: libslirp speaks for the guest through sockets.
 * The library is loaded when such a device is made, so that no other run waits for it.
 */
#include "vmm/virtio/net.h"

#ifdef MZ_HAVE_SLIRP

#include <dlfcn.h>
#include <slirp/libslirp.h>
#include <stdlib.h>

#include "vmm/base/library.h"
#include "vmm/base/trace.h"

#define LIBRARY "libslirp.so.0"

/* 10.0.2.0/24, as users know it: the host is 2, the name server 3, the guest 15. */
#define NETWORK(host) (0x0a000200u | (host))
#define NETMASK       0xffffff00u

struct user {
	struct mz_net *net;
	void *library;
	Slirp *slirp;
	/* its functions */
	__typeof__(slirp_new) *make;
	__typeof__(slirp_cleanup) *clean_up;
	__typeof__(slirp_add_hostfwd) *forward;
	__typeof__(slirp_input) *input;
	__typeof__(slirp_pollfds_fill) *fill;
	__typeof__(slirp_pollfds_poll) *poll;
};

static const struct {
	short poll;
	int slirp;
} events_of[] = {
	{POLLIN, SLIRP_POLL_IN},   {POLLOUT, SLIRP_POLL_OUT}, {POLLPRI, SLIRP_POLL_PRI},
	{POLLERR, SLIRP_POLL_ERR}, {POLLHUP, SLIRP_POLL_HUP},
};

#define EVENTS (sizeof(events_of) / sizeof(events_of[0]))

/* ---- What libslirp calls ---- */

static ssize_t to_guest(const void *frame, size_t bytes, void *context)
{
	struct user *user = context;

	mz_net_receive(user->net, frame, bytes);
	return (ssize_t)bytes;
}

static void guest_error(const char *text, void *context)
{
	(void)text;
	(void)context;
}

static int64_t now(void *context)
{
	(void)context;
	return (int64_t)mz_now_ns();
}

static void descriptor_changed(int fd, void *context)
{
	(void)fd;
	(void)context;
}

/* All is done by one thread, which looks again before it sleeps. */
static void notify(void *context)
{
	(void)context;
}

/* There are no timers: only IPv6 has one, and it is off. */
static const SlirpCb callbacks = {
	.send_packet = to_guest,
	.guest_error = guest_error,
	.clock_get_ns = now,
	.register_poll_fd = descriptor_changed,
	.unregister_poll_fd = descriptor_changed,
	.notify = notify,
};

static int add_poll(int fd, int events, void *context)
{
	short wanted = 0;

	for (unsigned i = 0; i < EVENTS; i++)
		if (events & events_of[i].slirp)
			wanted |= events_of[i].poll;
	return mz_watch_add(context, fd, wanted);
}

static int seen(int place, void *context)
{
	short came = mz_watch_seen(context, place);
	int events = 0;

	for (unsigned i = 0; i < EVENTS; i++)
		if (came & events_of[i].poll)
			events |= events_of[i].slirp;
	return events;
}

/* ---- The backend ---- */

static void send_frame(void *context, const void *frame, size_t bytes)
{
	struct user *user = context;

	user->input(user->slirp, frame, (int)bytes);
}

static void watch(void *context, struct mz_watch *watch, bool room)
{
	struct user *user = context;
	uint32_t timeout = UINT32_MAX;

	(void)room;
	user->fill(user->slirp, &timeout, add_poll, watch);
	watch->timeout_ms = timeout > INT32_MAX ? -1 : (int)timeout;
}

static void poll_sockets(void *context, const struct mz_watch *watch)
{
	struct user *user = context;

	user->poll(user->slirp, 0, seen, (void *)(uintptr_t)watch);
}

static void close_user(void *context)
{
	struct user *user = context;

	if (user->slirp)
		user->clean_up(user->slirp);
	if (user->library)
		dlclose(user->library);
	free(user);
}

static const struct mz_net_backend user_backend = {
	.send = send_frame,
	.watch = watch,
	.poll = poll_sockets,
	.close = close_user,
};

static int load(struct user *user, struct mz_failure *failure)
{
	void *library = user->library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	if (!library || !mz_library_find(library, "slirp_new", &user->make) ||
	    !mz_library_find(library, "slirp_cleanup", &user->clean_up) ||
	    !mz_library_find(library, "slirp_add_hostfwd", &user->forward) ||
	    !mz_library_find(library, "slirp_input", &user->input) ||
	    !mz_library_find(library, "slirp_pollfds_fill", &user->fill) ||
	    !mz_library_find(library, "slirp_pollfds_poll", &user->poll))
		return mz_fail(failure, MZ_STATUS_HOST_LACKS, "--net user: %s (Debian: libslirp0)",
			       dlerror());
	return 0;
}

static int make(struct user *user, struct mz_failure *failure)
{
	const SlirpConfig config = {
		.version = 1,
		.in_enabled = true,
		.vnetwork.s_addr = htonl(NETWORK(0)),
		.vnetmask.s_addr = htonl(NETMASK),
		.vhost.s_addr = htonl(NETWORK(2)),
		.vnameserver.s_addr = htonl(NETWORK(3)),
		.vdhcp_start.s_addr = htonl(NETWORK(15)),
	};

	user->slirp = user->make(&config, &callbacks, user);
	if (!user->slirp)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "--net user: libslirp failed");
	return 0;
}

static int add_forwards(struct user *user, const struct mz_net_config *config,
			struct mz_failure *failure)
{
	for (unsigned i = 0; i < config->forward_count; i++) {
		const struct mz_forward *forward = &config->forwards[i];
		struct in_addr host = {htonl(forward->host_address)};
		struct in_addr guest = {
			htonl(forward->guest_address ? forward->guest_address : NETWORK(15))};

		if (user->forward(user->slirp, forward->udp, host, forward->host_port, guest,
				  forward->guest_port))
			return mz_fail(failure, MZ_STATUS_HOST_FAILED,
				       "--net user: cannot listen at port %u of the host",
				       forward->host_port);
	}
	return 0;
}

int mz_net_open_user(struct mz_virtio **virtio, const struct mz_net_config *config, unsigned unit,
		     const struct mz_virtio_place *place, struct mz_failure *failure)
{
	struct user *user = calloc(1, sizeof(*user));

	*virtio = NULL;
	if (!user)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "no memory for a network device");
	if (load(user, failure) || make(user, failure) || add_forwards(user, config, failure)) {
		close_user(user);
		return -1;
	}
	return mz_net_open(virtio, &user->net, &user_backend, user, unit, place, failure);
}

#else

int mz_net_open_user(struct mz_virtio **virtio, const struct mz_net_config *config, unsigned unit,
		     const struct mz_virtio_place *place, struct mz_failure *failure)
{
	(void)config;
	(void)unit;
	(void)place;
	*virtio = NULL;
	return mz_fail(failure, MZ_STATUS_HOST_LACKS,
		       "--net user: this mezz was built without libslirp (Debian: libslirp-dev)");
}

#endif
