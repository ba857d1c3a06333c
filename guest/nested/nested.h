/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A guest that has a guest. Here the former is the outer one, the latter the inner one; both are
 * one image. Sections are those of the AMD APM, volume 2, unless another manual is named.
 */
#ifndef GUEST_NESTED_H
#define GUEST_NESTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_ALIGNED __attribute__((aligned(4096)))

/* Says what was found wrong; the status of the run is 1 then. */
void expect(const char *what, uint64_t found, uint64_t wanted);
extern unsigned wrong;

/* ---- What gives a processor guests: svm.c, vmx.c -------------------------------------------- */

struct __attribute__((packed)) table_register {
	uint16_t limit;
	uint64_t base;
};

/* What the inner guest begins with. All its data segments are one. */
struct beginning {
	uint64_t efer, cr0, cr3, cr4, rflags, rip, rsp;
	struct table_register gdt, idt;
	uint16_t code, data; /* selectors, which are the outer one's, too */
	uint64_t stage;      /* the address of its second stage's root */
};

/* What it asks of the outer one. */
enum request { REQUEST_LEAVE, REQUEST_TURN, REQUEST_INTERRUPT };

struct extension {
	/* Entries of a second stage that allow all, at address 0. */
	uint64_t link, leaf, large_leaf;
	uint32_t outer_priority;      /* the outer guest's task priority, CR8 */
	const char *(*lacking)(void); /* NULL: the processor can have guests */
	void (*turn_on)(void);        /* nothing, where it is on */
	void (*turn_off)(void);
	void (*make)(const struct beginning *inner);
	enum request (*run)(bool interrupt); /* with one pending for the inner guest, or none */
	void (*flush)(void);                 /* after a change of the second stage */
	void (*ask)(enum request request);   /* for the inner guest */
};

extern const struct extension svm, vmx;
extern const struct extension *extension; /* the processor's */

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

/* The vector of the inner guest's interrupt, and its task priority, CR8. */
#define VECTOR_INNER   0x80u
#define INNER_PRIORITY 5u

/* Makes the descriptor tables of both, and the interrupt controller ready. */
void interrupts_make(struct beginning *inner);

/*
 * An interrupt is pending, until it is let in: then it is one, and none of the other side. Not both
 * at once: KVM before Linux 6.4 mistakes what is pending for the outer one for the inner one's.
 */
void interrupt_send(enum side side);
void interrupt_take(enum side side);
bool interrupt_pending(enum side side);

/* ---- The inner guest: inner.c --------------------------------------------------------------- */

_Noreturn void inner_main(void);

/* Writes to the mark port with a known value in every general register: are they so behind it? */
bool mark_with_registers(void);

#endif
