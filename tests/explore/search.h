/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Every schedule of a program that differs in more than the order of independent operations.
 *
 * A run follows a list of decisions; after it the last decision that has an alternative is changed,
 * and the program runs anew from its beginning. Which alternatives are worth a run is found as
 * Abdulla, Aronis, Jonsson and Sagonas describe in "Optimal dynamic partial order reduction" (POPL
 * 2014) under the name of source sets: where two dependent operations could have come the other way
 * round. Sleep sets (Godefroid, "Partial-order methods for the verification of concurrent systems",
 * LNCS 1032) end runs that would repeat another but for the order of independent operations.
 */
#ifndef MZ_TESTS_EXPLORE_SEARCH_H
#define MZ_TESTS_EXPLORE_SEARCH_H

#include "tests/explore/sched.h"

#define STEPS_MAX 2000

/*
 * How runs are left out. Sleep sets alone try every task in every state, which is slow and simple:
 * there to be compared with.
 */
enum reduction { REDUCTION_SLEEP, REDUCTION_FULL };

struct search {
	enum reduction reduction;
	uint64_t limit;       /* no more runs than this; 0: as many as it takes */
	void (*begin)(void);  /* makes the beginning, and begins the threads */
	void (*finish)(void); /* looks at what a run has come to; may fail() */

	/* Results. */
	uint64_t runs;        /* complete ones */
	uint64_t redundant;   /* ended by a sleep set */
	uint64_t turns;       /* of all tasks in all runs */
	unsigned longest;     /* turns of the longest run */
	uint64_t fingerprint; /* the same for all searches that come to the same set of runs */
	bool exhausted;       /* there is nothing left to try */
};

/* Stops at the first failure. */
void search_run(struct search *search);

/* In a task's turn: the number of the turn, from 0; and what of the run so far it depends on. */
unsigned search_turn(void);
const struct clock *search_order(void);

/* The operation at the number'th turn of the last run, and whose it was. False: there is none. */
bool search_step(unsigned number, unsigned *task, struct op *op);

#endif
