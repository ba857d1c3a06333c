/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Keys of a terminal that are not for the guest. Ctrl-A begins them: x quits, h or ? asks for help,
 * c opens a command line and closes it, and another Ctrl-A is one for the guest; all else behind
 * Ctrl-A is dropped. While the command line is open, the guest gets nothing.
 *
 * This only tells what a key means; it reads and shows nothing.
 */
#ifndef MZ_VMM_CONSOLE_KEYS_H
#define MZ_VMM_CONSOLE_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MZ_KEYS_LINE 80 /* bytes of a command, and its end */

enum mz_key {
	MZ_KEY_NOTHING,
	MZ_KEY_GUEST, /* the guest's */
	MZ_KEY_QUIT,
	MZ_KEY_HELP,
	MZ_KEY_EDIT,    /* the command line has been opened, or has changed */
	MZ_KEY_COMMAND, /* the command is complete; the next one begins empty */
	MZ_KEY_CLOSE,   /* the command line has been closed */
};

/* All zero: nothing was pressed yet. */
struct mz_keys {
	bool prefix; /* Ctrl-A was pressed */
	bool open;   /* the command line is */
	size_t used;
	char line[MZ_KEYS_LINE]; /* what it holds; after MZ_KEY_COMMAND, what it held */
};

enum mz_key mz_keys_press(struct mz_keys *keys, unsigned char byte);

#ifdef __cplusplus
}
#endif

#endif
