/* SPDX-License-Identifier: MPL-2.0 */
/* Standard error of a run: who writes there waits for its reader, but not past the run's end. */
#ifndef MZ_VMM_CLI_MESSAGES_H
#define MZ_VMM_CLI_MESSAGES_H

#include <stdint.h>

#include "vmm/base/failure.h"

/*
 * From now on, once the run has had its time or mz_messages_hurry() was called, whatever goes to
 * `stderr` waits for the reader for a second more at most; then all of it is dropped. 0: it may
 * take any time. Once a process, which ignores SIGPIPE.
 */
int mz_messages_begin(uint64_t timeout_ns, struct mz_failure *failure);

/* The run is to end. From any thread, and signal handlers. */
void mz_messages_hurry(void);

#endif
