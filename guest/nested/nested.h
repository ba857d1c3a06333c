/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A guest that has a guest. Here the former is the outer one, the latter the inner one; both are
 * one image. Sections are those of the AMD APM, volume 2.
 */
#ifndef GUEST_NESTED_H
#define GUEST_NESTED_H

#include <stdbool.h>
#include <stdint.h>

#include "guest/mmu/npt/vmcb.h"

#define PAGE_ALIGNED __attribute__((aligned(4096)))

/* Says what was found wrong; the status of the run is 1 then. */
void expect(const char *what, uint64_t found, uint64_t wanted);
extern unsigned wrong;

/* ---- The inner guest's second stage: stage.c ------------------------------------------------ */

/*
 * Memory up to 1 GiB is where it is. Behind that are two windows of a page, which show one of two
 * pages: that entry is a leaf for the one, a link for the other.
 */
#define WINDOWS 2
uint64_t stage_make(void); /* the root's address */
void stage_turn(void);     /* the windows show the other page */

/* For the inner guest. */
void window_write(void);
void window_check(void);

/* ---- What each of them has for itself of a processor: processor.c --------------------------- */

enum side { OUTER, INNER };

/* Sets what can be set while the processor runs, before processor_note() keeps all. */
void processor_set(enum side side);
void processor_note(enum side side);
void processor_check(enum side side);
uint64_t dr7_read(void);

void interrupts_make(struct vmcb *vmcb);
void interrupts_enter(struct vmcb *vmcb); /* before each VMRUN */

/*
 * An interrupt is pending, until it is let in: then it is one, and none of the other side. Not both
 * at once: KVM before Linux 6.4 mistakes what is pending for the outer one for the inner one's.
 */
void interrupt_send(enum side side);
void interrupt_take(enum side side);

/* ---- The inner guest: inner.c --------------------------------------------------------------- */

/* What it asks of the outer one, in rax of a VMMCALL. */
enum request { REQUEST_LEAVE, REQUEST_TURN, REQUEST_INTERRUPT };

_Noreturn void inner_main(void);

/* Writes to the mark port with a known value in every general register: are they so behind it? */
bool mark_with_registers(void);

#endif
