/* SPDX-License-Identifier: MPL-2.0 */
/* What an image can use: the serial line, the words of its command line, ring 3, and its end. */
#ifndef GUEST_LIB_GUEST_H
#define GUEST_LIB_GUEST_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

/* The status of an image whose command line has a word that it can't take. */
#define STATUS_BAD_WORD 98u

/*
 * An image's own part, called by start64.S and start32.S. What it answers is the run's status.
 * `information` is what the multiboot loader left in ebx.
 */
unsigned guest_main(void);
unsigned guest_main32(uint32_t magic, uint32_t information);

/* Ends the run. */
_Noreturn void finish(unsigned status);

/* The serial line: 8 data bits, no parity, 1 stop bit, polled. Called before guest_main(). */
void serial_init(void);
void serial_send(uint8_t byte);
uint8_t serial_receive(void);

/* Prints text, %s, %u, %lu, %x, %lx and %llx. */
__attribute__((format(printf, 1, 2))) void print(const char *format, ...);

/* The same, sent byte by byte to somewhere else. */
void print_list(void (*to)(uint8_t byte), const char *format, va_list list);

/*
 * The command line is words between spaces: `name` or `name=value`. Values are text up to the next
 * space; numbers are decimal, or hexadecimal behind 0x. A value that is no number ends the run with
 * STATUS_BAD_WORD.
 */
void words_set(const char *command_line); /* NULL: no words. Called before guest_main() */
const char *words_all(void);
bool word_given(const char *name);                /* `name`, alone */
bool word_is(const char *name, const char *text); /* `name=text` */
uint64_t word_number(const char *name, uint64_t otherwise);

/* The index-th number of `name=number,number,...`; false: there are fewer. */
bool word_number_at(const char *name, unsigned index, uint64_t *number);

/* Says what is wrong with the word, and ends the run with STATUS_BAD_WORD. */
_Noreturn void word_refuse(const char *name, const char *why);

/*
 * Runs `work` in ring 3 on the same stack, with access to all ports, and ends the run with its
 * status. Only for 64-bit images.
 */
_Noreturn void ring3_run(unsigned (*work)(void));

#endif
