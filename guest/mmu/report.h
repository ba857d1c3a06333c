/* SPDX-License-Identifier: MPL-2.0 */
/* TAP on the serial port: a line a test. Formats are those of print(), guest/lib/guest.h. */
#ifndef GUEST_MMU_REPORT_H
#define GUEST_MMU_REPORT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * The name of the test that comes next, without a colon. It is kept until the next one is named;
 * report_name() has it.
 */
__attribute__((format(printf, 1, 2))) void report_test(const char *format, ...);
const char *report_name(void);

/* Is this part of the name? */
bool report_named(const char *name, const char *part);

/* How the named test has ended: one of these. */
void report_ok(void);
__attribute__((format(printf, 1, 2))) void report_not_ok(const char *format, ...);
void report_skip(const char *reason);

/* A comment line. */
__attribute__((format(printf, 1, 2))) void report_note(const char *format, ...);

/* The plan; true if nothing has failed. */
bool report_end(void);

#endif
