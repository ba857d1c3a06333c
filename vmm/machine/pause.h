/* SPDX-License-Identifier: MPL-2.0 */
/* Holding vCPUs outside of the guest, so that another thread may look at them and change them. */
#ifndef MZ_VMM_PAUSE_H
#define MZ_VMM_PAUSE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The meeting point of threads that want a pause and the vCPUs' threads. */
struct mz_pause {
	pthread_mutex_t mutex;
	pthread_cond_t arrived, resumed;
	unsigned wishes;  /* threads that want a pause, or have one */
	uint64_t exempt;  /* vCPUs, as bits, that go on all the same */
	unsigned present; /* threads that will heed a pause */
	unsigned parked;  /* of these, those that wait for its end */
	int told;         /* the eventfd to be written once all have come; -1: none */
};

void mz_pause_init(struct mz_pause *pause);
void mz_pause_destroy(struct mz_pause *pause);

/*
 * A vCPU's thread: it will begin (from the thread that starts it), it waits here if a pause is
 * wanted, it ends.
 */
void mz_pause_join(struct mz_pause *pause);
void mz_pause_heed(struct mz_pause *pause, unsigned vcpu);
void mz_pause_leave(struct mz_pause *pause);

/* Would the vCPU wait? */
bool mz_pause_wanted(const struct mz_pause *pause, unsigned vcpu);

/*
 * The other side. After the wish, the caller makes the vCPUs leave the guest (mz_vcpu_kick()); then
 * it waits for them, and ends the pause in any case. False: some have not come by the deadline, a
 * time of mz_now_ns().
 */
void mz_pause_wish(struct mz_pause *pause);
bool mz_pause_await(struct mz_pause *pause, uint64_t deadline_ns);

/* A wish of who does not wait: once all have come, the eventfd is written. One at a time. */
void mz_pause_wish_told(struct mz_pause *pause, int eventfd);
void mz_pause_end(struct mz_pause *pause);

/*
 * Lets some vCPUs, as bits, go on while there is a pause; 0: no more. Who has a pause and exempts
 * vCPUs from it is alone in that; others who wish for a pause meanwhile wait for those too.
 */
void mz_pause_exempt(struct mz_pause *pause, uint64_t vcpus);

#ifdef __cplusplus
}
#endif

#endif
