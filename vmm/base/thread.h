/* SPDX-License-Identifier: MPL-2.0 */
/* Threads of a machine's own. */
#ifndef MZ_VMM_THREAD_H
#define MZ_VMM_THREAD_H

#include <pthread.h>

/*
 * Starts a thread that blocks all signals from its first instruction on: the embedder's signals are
 * for the embedder's threads, and none comes too early. 0 or an errno value.
 */
int mz_thread_start(pthread_t *thread, void *(*body)(void *context), void *context);

#endif
