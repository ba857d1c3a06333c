/* SPDX-License-Identifier: MPL-2.0 */
/* A control socket without a run, and peers that speak to it. */
#ifndef MZ_TESTS_VMM_CONTROLLED_H
#define MZ_TESTS_VMM_CONTROLLED_H

#include <stddef.h>

#include "vmm/cli/control.h"
#include "vmm/cli/control_client.h"
#include "vmm/cli/control_socket.h"

#define CONTROL_PATIENCE_NS 300000000u
#define CONTROL_LARGE       (8u << 20) /* bytes of text that "much" answers, by lines of 64 */

/* To all lines but "fail", "give", "hold" and "much". */
#define ANSWER(line) "> you say " line "\n> and no more\n= 0\n"

extern char control_path[64];
extern struct mz_control *control;
extern unsigned control_begun;               /* atomic: how many lines were obeyed */
extern struct mz_control_task *control_held; /* atomic: of "hold" */
extern struct mz_failure failure;

/* A control socket in a folder of its own; the same again after mz_control_stop(); their end. */
void controlled_begin(void);
void control_again(void);
void controlled_end(void);

/* A descriptor of a file with this content. "give" gives those of "a" and "b". */
int open_gift(char content);

/* A connection, and what is said by it. */
int peer(void);
void say_bytes(int fd, const void *bytes, size_t count);
void say(int fd, const char *text);

/* Waits for what comes; 0: the other end is closed. All that comes, up to the end, is closed. */
size_t hear_some(int fd, char *buffer, size_t room);
const char *hear(int fd);
void must_hear(int fd, const char *wanted);

/* Asks, and is answered. */
void must_be_answered(void);

/* A peer whose task is begun, and goes on until release(). */
int hold(void);
void release(void);

#endif
