// SPDX-License-Identifier: MPL-2.0
/* Pauses. */
#include "vmm/machine/pause.h"

#include <sys/eventfd.h>
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
	pause->wishes = pause->present = pause->parked = 0;
	pause->exempt = 0;
	pause->told = -1;
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

bool mz_pause_wanted(const struct mz_pause *pause, unsigned vcpu)
{
	unsigned wishes = __atomic_load_n(&pause->wishes, __ATOMIC_ACQUIRE);
	uint64_t exempt = __atomic_load_n(&pause->exempt, __ATOMIC_ACQUIRE);

	/* Only one of those who wish exempts. */
	return wishes > 1 || (wishes == 1 && (exempt >> vcpu & 1) == 0);
}

/* The mutex is held. */
static void tell_if_all_have_come(struct mz_pause *pause)
{
	if (pause->told < 0 || pause->parked < pause->present)
		return;
	eventfd_write(pause->told, 1);
	pause->told = -1;
}

void mz_pause_heed(struct mz_pause *pause, unsigned vcpu)
{
	/*
	 * A wish that is not seen yet comes with a kick, which waits for the next entry into the
	 * guest and ends it at once.
	 */
	if (!mz_pause_wanted(pause, vcpu))
		return;
	pthread_mutex_lock(&pause->mutex);
	pause->parked++;
	tell_if_all_have_come(pause);
	pthread_cond_broadcast(&pause->arrived);
	while (mz_pause_wanted(pause, vcpu))
		pthread_cond_wait(&pause->resumed, &pause->mutex);
	pause->parked--;
	pthread_mutex_unlock(&pause->mutex);
}

void mz_pause_leave(struct mz_pause *pause)
{
	pthread_mutex_lock(&pause->mutex);
	pause->present--;
	tell_if_all_have_come(pause);
	pthread_cond_broadcast(&pause->arrived);
	pthread_mutex_unlock(&pause->mutex);
}

static void change(struct mz_pause *pause, int wishes, uint64_t exempt)
{
	__atomic_store_n(&pause->exempt, exempt, __ATOMIC_RELEASE);
	__atomic_store_n(&pause->wishes, pause->wishes + (unsigned)wishes, __ATOMIC_RELEASE);
	pthread_cond_broadcast(&pause->resumed);
}

void mz_pause_wish(struct mz_pause *pause)
{
	pthread_mutex_lock(&pause->mutex);
	change(pause, 1, pause->exempt);
	pthread_mutex_unlock(&pause->mutex);
}

void mz_pause_wish_told(struct mz_pause *pause, int eventfd)
{
	pthread_mutex_lock(&pause->mutex);
	change(pause, 1, pause->exempt);
	pause->told = eventfd;
	tell_if_all_have_come(pause);
	pthread_mutex_unlock(&pause->mutex);
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
	pthread_mutex_lock(&pause->mutex);
	change(pause, -1, pause->exempt);
	pthread_mutex_unlock(&pause->mutex);
}

void mz_pause_exempt(struct mz_pause *pause, uint64_t vcpus)
{
	pthread_mutex_lock(&pause->mutex);
	change(pause, 0, vcpus);
	pthread_mutex_unlock(&pause->mutex);
}
