/* SPDX-License-Identifier: MPL-2.0 */
/* What users write and read: numbers, sizes, permissions. */
#ifndef MZ_VMM_TEXT_H
#define MZ_VMM_TEXT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Reads a whole string: decimal, or hexadecimal with 0x, and behind it nothing or one of K, M, G, T
 * (powers of 1024, either case). False: no such number, or beyond 64 bits.
 */
bool mz_number_parse(const char *text, uint64_t *value);

/*
 * Reads a whole string: a positive number of seconds in decimal digits, with at most one point, as
 * nanoseconds. False: no such number, or more than thirty years.
 */
bool mz_seconds_parse(const char *text, uint64_t *ns);

/* 2097152 as "2M", 4097 as "4097". */
struct mz_size_text {
	char text[24];
};

struct mz_size_text mz_size_text(uint64_t bytes);

/* "rwx", "r--". */
struct mz_perm_text {
	char text[4];
};

struct mz_perm_text mz_perm_text(unsigned perm);

#endif
