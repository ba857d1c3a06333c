// SPDX-License-Identifier: MPL-2.0
/* Pauses. */
#include "vmm/machine/pause.h"

#include <time.h>

void mz_pause_init(struct mz_pause *pause)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_mutex_init(&pause->mutex, NULL);
	pthread_cond_init(&pause->arrived, &attributes);
	pthread_cond_init(&pause->resumed, &attributes);
	pthread_condattr_destroy(&attributes);
	pause->wanted = false;
	pause->present = pause->parked = 0;
}

void mz_pause_destroy(struct mz_pause *pause)
{
	pthread_cond_destroy(&pause->resumed);
	pthread_cond_destroy(&pause->arrived);
	pthread_mutex_destroy(&pause->mutex);
}

void mz_pause_join(struct mz_pause *pause)
{
	pthread_mutex_lock(&pause->mutex);
	pause->present++;
	pthread_mutex_unlock(&pause->mutex);
}

void mz_pause_heed(struct mz_pause *pause)
{
	/*
	 * A wish that is not seen yet comes with a kick, which waits for the next entry into the
	 * guest and ends it at once.
	 */
	if (!__atomic_load_n(&pause->wanted, __ATOMIC_ACQUIRE))
		return;
	pthread_mutex_lock(&pause->mutex);
	pause->parked++;
	pthread_cond_signal(&pause->arrived);
	while (pause->wanted)
		pthread_cond_wait(&pause->resumed, &pause->mutex);
	pause->parked--;
	pthread_mutex_unlock(&pause->mutex);
}

void mz_pause_leave(struct mz_pause *pause)
{
	pthread_mutex_lock(&pause->mutex);
	pause->present--;
	pthread_cond_signal(&pause->arrived);
	pthread_mutex_unlock(&pause->mutex);
}

static void set_wanted(struct mz_pause *pause, bool wanted)
{
	pthread_mutex_lock(&pause->mutex);
	__atomic_store_n(&pause->wanted, wanted, __ATOMIC_RELEASE);
	if (!wanted)
		pthread_cond_broadcast(&pause->resumed);
	pthread_mutex_unlock(&pause->mutex);
}

void mz_pause_wish(struct mz_pause *pause)
{
	set_wanted(pause, true);
}

bool mz_pause_await(struct mz_pause *pause, uint64_t deadline_ns)
{
	const struct timespec deadline = {
		.tv_sec = (time_t)(deadline_ns / 1000000000u),
		.tv_nsec = (long)(deadline_ns % 1000000000u),
	};
	bool all;
	int late = 0;

	pthread_mutex_lock(&pause->mutex);
	while (pause->parked < pause->present && !late)
		late = pthread_cond_timedwait(&pause->arrived, &pause->mutex, &deadline);
	all = pause->parked == pause->present;
	pthread_mutex_unlock(&pause->mutex);
	return all;
}

void mz_pause_end(struct mz_pause *pause)
{
	set_wanted(pause, false);
}
