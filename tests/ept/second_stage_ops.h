/* SPDX-License-Identifier: MPL-2.0 */
/* What the steps of the second stage's random test share. */
#ifndef MZ_TESTS_EPT_SECOND_STAGE_OPS_H
#define MZ_TESTS_EPT_SECOND_STAGE_OPS_H

#include "tests/ept/second_stage_model.h"

/* What is done in this step, for who reads of a failure. */
void op_says(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* May an allocation fail in this step? */
bool memory_fails(void);

/* Lets allocations succeed for the rest of the step. */
void memory_recovers(void);

/* The flushes of this step so far; those of upper entries among them. */
size_t flushes(void);
size_t upper_flushes(void);

/* A number below `end`. */
unsigned below(unsigned end);

/* A range between two points of interest in one zone. */
void choose_range(uint64_t *first, uint64_t *last);

/* All of a zone. */
void whole_zone(uint64_t *first, uint64_t *last);

/* Where any region is: from the first zone to the last. */
void whole_range(uint64_t *first, uint64_t *last);

/* Accesses, and what they take. */
void op_access(struct member *member);
void op_populate(struct member *member);

/* Changes of regions and of what is mapped: tests/ept/second_stage_changes.c */
void op_add(struct member *member);
void op_change(struct member *member);
void access_something(struct member *member);

/* Consumers: tests/ept/second_stage_dirty.c */
void op_listener(void);
void stop_listener(struct listener *listener);

#endif
