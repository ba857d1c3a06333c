// SPDX-License-Identifier: MPL-2.0
/* Threads of a machine's own. */
#include "vmm/base/thread.h"

#include <signal.h>

/* A thread begins with the mask of the one that makes it. */
int mz_thread_start(pthread_t *thread, void *(*body)(void *context), void *context)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	error = pthread_sigmask(SIG_SETMASK, &all, &before);
	if (error)
		return error;
	error = pthread_create(thread, NULL, body, context);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}
