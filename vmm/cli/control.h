/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A control socket: whoever connects sends a line, which ends with a line feed, and gets lines:
 *
 *	> TEXT		of the answer
 *	% DONE TOTAL	how far it is, in pages, while it takes long
 *	= STATUS	the last: 0, or why not, as mezz would exit with
 *
 * Descriptors that are a part of the answer come with its first byte: see unix(7), SCM_RIGHTS.
 *
 * Then the connection is closed. What was asked is done one by one, in the order in which lines
 * were complete. A thread serves all connections, and waits for none of them: who sends no line in
 * time, too much, or does not read, is dropped. Only what was asked by a whole line is done, and
 * that in any case.
 */
#ifndef MZ_VMM_CLI_CONTROL_H
#define MZ_VMM_CLI_CONTROL_H

#include <stdint.h>
#include <stdio.h>

#include "vmm/base/failure.h"
#include "vmm/cli/control_fds.h"

struct mz_control;

/* What was asked. */
struct mz_control_task {
	const char *line;
	FILE *out;                 /* for the answer: lines of text */
	struct mz_control_fds fds; /* for the answer: they are closed when it is given */
	struct mz_control *control;
	uint64_t done, total; /* atomic: how far it is; 0 of 0 where that is not told */
	enum mz_status status;
	int finished; /* atomic */
};

struct mz_control_config {
	const char *path;
	/*
	 * On the control's thread: begins to do what is asked. mz_control_finish() follows, from
	 * any thread, once; also where it can't be done.
	 */
	void (*begin)(void *context, struct mz_control_task *task);
	void *context;
	uint64_t patience_ns; /* for a line to come, and for an answer to be read; 0: 10 s */
};

/* Listens as mz_control_listen() does. */
int mz_control_start(struct mz_control **control, const struct mz_control_config *config,
		     struct mz_failure *failure);

/*
 * Ends it. What was asked is begun and finished first, so `begin` must answer at once by now.
 * Answers that are not read yet are lost beyond what the kernel keeps.
 */
void mz_control_stop(struct mz_control *control);

/* The context is the task. */
void mz_control_progress(void *context, uint64_t done, uint64_t total);
void mz_control_finish(struct mz_control_task *task, enum mz_status status);

#endif
