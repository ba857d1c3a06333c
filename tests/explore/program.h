/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Programs for the explorer: what is mapped at the beginning, and what each thread does then. They
 * are written as text. Threads are separated by `|`, actions by `;`. Addresses and lengths are in
 * pages, A+N standing for N pages from A on and A for one page.
 *
 *   map A+N [rwx]       maps them, by default `rw`, to output addresses that are the thread's own
 *   unmap A+N           protect A+N rwx        query A          walk A
 *   fault A [rwx]       an access to the space, by default `r`; all of it is RAM
 *   touch A [rw]        an access by the MMU, which sets accessed and dirty bits
 *   use A               an access by the MMU, which caches what it meets on its way
 *   fill A+N [rwx]      fills with a leaf of N pages at most
 *   forbid A+N          write-protects from above;  allow A+N  lets A be written, N pages at most
 *   store A             a write by the MMU, which sets no bits
 *   hang A              maps a page by guards and entries
 *   write A             writes to what a map of the page by this thread would map
 *   read A              queries the page, and reads what it maps
 *   open A+N            opens a cursor; then, at its position:
 *   put L               maps a leaf of level L
 *   take N, set N rwx   takes out, or protects, the next thing in N pages; repeated to their end
 *   find N, look, move  finds the next leaf in N pages; queries; moves on
 *   jump A, close
 *   access A [rw]       an access by the thread's processor, which caches links and leaves until a
 *                       flush, and sets flags if the table has hardware's (tests/explore/mmu.h)
 *   harvest A+N [x]     collects flags; x: whoever is told first does not take it
 *   collapse A+N        makes a leaf of N pages of smaller ones;  split A+N  smaller ones of it
 *   clone               makes the clone;  drop  gives it up
 *   other               first of a thread's: what follows is about the clone
 *   own A+N             makes the way there the table's own
 *   off                 deactivates the processor that has the table active from the beginning
 *   destroy             gives the table's own reference back
 */
#ifndef MZ_TESTS_EXPLORE_PROGRAM_H
#define MZ_TESTS_EXPLORE_PROGRAM_H

#include "core/geometry.h"
#include "ept/change.h"
#include "tests/explore/clock.h"
#include "tests/explore/serial.h"

#define ACTIONS_MAX 24

struct action {
	void (*run)(const struct action *action, unsigned thread);
	unsigned first, count;
	unsigned perm;
};

struct actions {
	struct action list[ACTIONS_MAX];
	unsigned count;
};

/* How a table differs from a plain one. */
enum program_flag {
	PROGRAM_BASE_PAGES = 1, /* no large leaves */
	PROGRAM_TRACKED = 2,    /* mapped items are counted */
	PROGRAM_HARDWARE = 4,   /* the MMU sets accessed and dirty bits: updates are atomic */
	PROGRAM_ACTIVE = 8,     /* a processor has the table active */
	PROGRAM_REPORTED = 16,  /* the gather's owner hears of each leaf that is unmapped */
	PROGRAM_LONG = 32,      /* it has very many schedules */
	PROGRAM_CACHED = 64,    /* the MMU caches, and flushes are looked at */
	PROGRAM_CLONED = 128,   /* there is a clone, and contents are looked at */
	PROGRAM_WALKED = 256,   /* processors access memory: set by program_parse() */
};

struct program {
	const struct mz_format *format;
	unsigned flags;
	struct actions beginning;
	struct actions threads[THREADS_MAX];
	unsigned thread_count;
};

/* False: the text is no program. */
bool program_parse(struct program *program, const struct mz_format *format, unsigned flags,
		   const char *beginning, const char *threads);

/* Makes the table as it is at the beginning, to be kept. */
void program_begin(const struct program *program);

/* The table as it was at the beginning; all threads begin. */
void program_start(void);

/* After a run: checks the table, its history, and that nothing is left of it. May fail(). */
void program_finish(void);

/* The pages at the beginning, or at the end of the last run that came to one. */
const struct serial_pages *program_pages(bool end);

#endif
