/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Tasks that take turns: one runs at a time, from one scheduling point to the next. Whose turn it
 * is decides the search, so a run depends on its decisions alone.
 */
#ifndef MZ_TESTS_EXPLORE_SCHED_H
#define MZ_TESTS_EXPLORE_SCHED_H

#include "tests/explore/clock.h"

/* What a task is about to do: its next operation that others may take notice of. */
enum op_kind {
	OP_LOAD,
	OP_STORE,
	OP_UPDATE, /* read, modify, write */
	OP_LOCK,
	OP_UNLOCK,
	OP_AWAIT,  /* nobody holds the lock */
	OP_ENTER,  /* a reader's section begins, */
	OP_LEAVE,  /* ends */
	OP_RETIRE, /* nodes are handed over, for when today's readers have left */
	OP_GRACE,  /* these have left: the reclaimer begins, or who waits for them goes on */
	OP_WAIT,   /* the word is 0 */
};

/* What it does it to: a number for each word, counter and lock, and one for all readers. */
struct op {
	enum op_kind kind;
	unsigned object;
};

struct task {
	bool live;         /* it has begun and has not ended */
	struct op pending; /* of a live task */
};

extern struct task tasks[TASKS_MAX];

/* The task that runs, or -1: the search, or the making and checking of tables. */
extern int current;

/* What went wrong in this run; empty: nothing. */
extern char failure[512];

/* Once, before all else. */
void tasks_make(void);

/*
 * Begins a task. `body` runs, in its turns, until it returns. It runs up to its
 * first scheduling point at once; a prepared one begins by its first turn, which stands for
 * `first`.
 */
void task_begin(unsigned task, void (*body)(unsigned task));
void task_prepare(unsigned task, void (*body)(unsigned task), struct op first);

/* One turn: the task does its pending operation, and all up to its next one. */
void task_turn(unsigned task);

/* Gives up whatever tasks are still live. */
void tasks_abandon(void);

/* A scheduling point, in a task: returns when it is the task's turn. Outside, returns at once. */
void task_point(enum op_kind kind, unsigned object);

/* The run has gone wrong. Does not return to the task that calls it. */
void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
