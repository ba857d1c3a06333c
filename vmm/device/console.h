/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The console: standard input and output as a guest's serial line sees them. A terminal is made raw
 * for the run and put back by mz_console_destroy(); keys that send signals keep doing so, and
 * newlines in the output stay newlines. Input comes from mz_console_feed(), called when standard
 * input is readable; output is written a line at a time, or sooner. Neither descriptor's flags
 * change.
 *
 * One thread feeds and one takes; mz_console_put() and mz_console_flush() are for any thread. The
 * caller ignores SIGPIPE.
 */
#ifndef MZ_VMM_CONSOLE_H
#define MZ_VMM_CONSOLE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

#include "vmm/base/failure.h"
#include "vmm/device/console_keys.h"
#include "vmm/device/spotter.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MZ_CONSOLE_BUFFER 4096 /* bytes of input */
#define MZ_CONSOLE_LINE   256  /* bytes of output */

struct mz_console {
	int in, out;
	bool raw;                                /* the terminal was made raw */
	struct termios before;                   /* what to put back */
	pthread_mutex_t mutex;                   /* of the input */
	unsigned char buffer[MZ_CONSOLE_BUFFER]; /* input that the guest has not read */
	size_t head, count;
	bool ended;                          /* end of input */
	pthread_mutex_t out_mutex;           /* of the output; never held together with the other */
	unsigned char line[MZ_CONSOLE_LINE]; /* output that was not written yet */
	size_t line_count;
	int out_error; /* errno of the first write that failed; output is dropped from then on */
	struct mz_keys keys;
	/*
	 * If `in` is a terminal, some of its keys are not for the guest, and come here from
	 * mz_console_feed(); NULL: all are the guest's.
	 */
	void (*key)(void *context, enum mz_key key, const char *line);
	/* Each time the output has the spotter's text, on the thread of who has put its last byte.
	 */
	void (*spotted)(void *context);
	struct mz_spotter spotter; /* guarded by `out_mutex`, once there is output */
	void *context;
	int cancel; /* once this descriptor is readable, output that would wait is dropped; -1: none
		     */
};

/* MZ_STATUS_HOST_FAILED: `in` is a terminal that can't be made raw. */
int mz_console_init(struct mz_console *console, int in, int out, struct mz_failure *failure);

/* For a run that has no end of its own. From any thread. */
void mz_console_put_terminal_back(const struct mz_console *console);

/* Raw once more, whatever somebody else has made of it. From any thread, and signal handlers. */
void mz_console_take_terminal_again(const struct mz_console *console);

/* Writes out what is buffered and puts the terminal back. */
void mz_console_destroy(struct mz_console *console);

/* Reads what `in` has now, as far as there is room. False: no more will come, wait no longer. */
bool mz_console_feed(struct mz_console *console);
bool mz_console_has_room(struct mz_console *console);

/* The guest's side: the next byte of input, or -1; whether there is one; a byte of output. */
int mz_console_take(struct mz_console *console);
bool mz_console_has_input(struct mz_console *console);
void mz_console_put(struct mz_console *console, unsigned char byte);

/* Was output lost? An errno value, 0 for no. From any thread. */
int mz_console_failed(const struct mz_console *console);

/* Writes out what is buffered. */
void mz_console_flush(struct mz_console *console);

/*
 * A byte, and all that is buffered, for who has to be able to stop waiting for the reader. False:
 * nothing was done, for a line would wait. Would none, within so many milliseconds?
 */
bool mz_console_try(struct mz_console *console, unsigned char byte);
bool mz_console_try_flush(struct mz_console *console);
bool mz_console_takes(const struct mz_console *console, int timeout_ms);

#ifdef __cplusplus
}
#endif

#endif
