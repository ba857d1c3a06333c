/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What is in the memory that a space and its clone map. Each store leaves a number of its own; a
 * copy of a page takes over what the page holds at that moment.
 *
 * Found: a load, or a space in the end, that does not hold what was stored last through it; a clone
 * that holds more than the space did when it was cloned.
 */
#ifndef MZ_TESTS_EXPLORE_CONTENTS_H
#define MZ_TESTS_EXPLORE_CONTENTS_H

#include "core/types.h"
#include "ept/space.h"

/* The backing of spaces that are cloned: its copy hook. */
extern const struct mz_backing contents_backing;

/* Before a run: every page holds what it held at first. */
void contents_clear(void);

/* A store to a page by a thread's processor, which goes to `oa`. */
void contents_store(unsigned thread, unsigned page, mz_oa oa);

/* The same for a load: it must find what the space holds. */
void contents_load(unsigned thread, unsigned page, mz_oa oa);

/* The space is being cloned since turn `begin`, and was until now. */
void contents_cloned(unsigned begin);

/* After a run. May fail(). */
void contents_check(void);

#endif
