// SPDX-License-Identifier: MPL-2.0
/* The thread that does a device's work. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/base/thread.h"
#include "vmm/virtio/device.h"

int mz_watch_add(struct mz_watch *watch, int fd, short events)
{
	if (watch->count == watch->room) {
		unsigned room = watch->room ? 2 * watch->room : 8;
		struct pollfd *fds = realloc(watch->fds, room * sizeof(*fds));

		if (!fds)
			return -1;
		watch->fds = fds;
		watch->room = room;
	}
	watch->fds[watch->count] = (struct pollfd) {.fd = fd, .events = events};
	return (int)watch->count++;
}

/* Says what to wait for; the driver's notifications come first. False: no memory. */
static bool set_watch(struct mz_virtio *virtio)
{
	struct mz_watch *watch = &virtio->watched;
	bool set;

	watch->count = 0;
	watch->timeout_ms = -1;
	set = mz_watch_add(watch, virtio->kick, POLLIN) == 0;
	pthread_mutex_lock(&virtio->work);
	if (set && virtio->live && virtio->type->watch)
		virtio->type->watch(virtio->context, watch);
	pthread_mutex_unlock(&virtio->work);
	return set;
}

static void serve(struct mz_virtio *virtio)
{
	eventfd_t notifications;

	if (virtio->watched.fds[0].revents)
		eventfd_read(virtio->kick, &notifications);
	pthread_mutex_lock(&virtio->work);
	mz_virtio_count(&virtio->counts.wakes);
	if (virtio->live)
		virtio->type->serve(virtio->context, &virtio->watched);
	pthread_mutex_unlock(&virtio->work);
}

void mz_virtio_turn_(struct mz_virtio *virtio)
{
	if (!set_watch(virtio))
		return;
	poll(virtio->watched.fds, virtio->watched.count, 0);
	serve(virtio);
}

/* Before the thread ends, for the kernel fails reads that wait for it where it is gone. */
static void settle(struct mz_virtio *virtio)
{
	pthread_mutex_lock(&virtio->work);
	if (virtio->type->settle)
		virtio->type->settle(virtio->context);
	pthread_mutex_unlock(&virtio->work);
}

static void *thread_main(void *context)
{
	struct mz_virtio *virtio = context;

	while (!__atomic_load_n(&virtio->quit, __ATOMIC_ACQUIRE) && set_watch(virtio)) {
		poll(virtio->watched.fds, virtio->watched.count, virtio->watched.timeout_ms);
		serve(virtio);
	}
	settle(virtio);
	return NULL;
}

int mz_virtio_start(struct mz_virtio *virtio, struct mz_failure *failure)
{
	int error;

	__atomic_store_n(&virtio->quit, false, __ATOMIC_RELEASE);
	mz_virtio_wake(virtio);
	error = mz_thread_start(&virtio->thread, thread_main, virtio);
	if (error)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "cannot start the thread of %s: %s",
			       virtio->type->name, strerror(error));
	virtio->started = true;
	return 0;
}

void mz_virtio_stop(struct mz_virtio *virtio)
{
	if (!virtio->started)
		return;
	__atomic_store_n(&virtio->quit, true, __ATOMIC_RELEASE);
	mz_virtio_wake(virtio);
	pthread_join(virtio->thread, NULL);
	virtio->started = false;
}
