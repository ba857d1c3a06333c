// SPDX-License-Identifier: MPL-2.0
/* Reads that are under way, under watch. */
#include "vmm/memory/reads.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "vmm/base/thread.h"
#include "vmm/base/trace.h"

static bool find_stuck(struct mz_reads *reads, struct mz_read *stuck)
{
	uint64_t now = mz_now_ns();
	bool found = false;

	pthread_mutex_lock(&reads->mutex);
	for (const struct mz_read *read = reads->under_way; read && !found; read = read->next) {
		found = now - read->since_ns > reads->patience_ns;
		*stuck = *read;
	}
	pthread_mutex_unlock(&reads->mutex);
	return found;
}

static void tell(const struct mz_reads *reads, const struct mz_read *stuck)
{
	struct mz_failure failure;

	mz_fail(&failure, MZ_STATUS_HOST_FAILED,
		"pages %" PRIu64 " to %" PRIu64
		" of memory have not been read after %.3g s: what holds the file does not answer",
		stuck->first, stuck->first + stuck->count - 1, (double)reads->patience_ns / 1e9);
	reads->stuck(reads->context, &failure);
}

static void *watch_main(void *context)
{
	struct mz_reads *reads = context;
	struct pollfd quit = {.fd = reads->quit, .events = POLLIN};
	int pause_ms = (int)(reads->patience_ns / 4000000) + 1;
	struct mz_read stuck;

	while (poll(&quit, 1, pause_ms) <= 0) {
		if (find_stuck(reads, &stuck)) {
			tell(reads, &stuck);
			break;
		}
	}
	return NULL;
}

static int watch(struct mz_reads *reads)
{
	int error;

	reads->quit = eventfd(0, EFD_CLOEXEC);
	if (reads->quit < 0)
		return errno;
	error = mz_thread_start(&reads->thread, watch_main, reads);
	reads->watched = error == 0;
	if (error)
		close(reads->quit);
	return error;
}

int mz_reads_begin(struct mz_reads *reads, struct mz_failure *failure)
{
	int error;

	pthread_mutex_init(&reads->mutex, NULL);
	error = reads->stuck ? watch(reads) : 0;
	if (error)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED,
			       "cannot watch how memory is read: %s", strerror(error));
	return 0;
}

void mz_reads_end(struct mz_reads *reads)
{
	if (reads->watched) {
		eventfd_write(reads->quit, 1);
		pthread_join(reads->thread, NULL);
		close(reads->quit);
	}
	pthread_mutex_destroy(&reads->mutex);
}

void mz_read_begin(struct mz_reads *reads, struct mz_read *read, uint64_t first, uint64_t count)
{
	*read = (struct mz_read) {.first = first, .count = count, .since_ns = mz_now_ns()};
	pthread_mutex_lock(&reads->mutex);
	read->next = reads->under_way;
	reads->under_way = read;
	pthread_mutex_unlock(&reads->mutex);
}

void mz_read_done(struct mz_reads *reads, struct mz_read *read)
{
	struct mz_read **at = &reads->under_way;

	pthread_mutex_lock(&reads->mutex);
	while (*at != read)
		at = &(*at)->next;
	*at = read->next;
	pthread_mutex_unlock(&reads->mutex);
}
