/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What every proof uses: free values, assumptions and claims. CBMC takes a function without a body
 * to answer any value at all, so a proof that uses one covers every value.
 *
 * CBMC starts at main(). Each proof states the flags it is run with in a line of the form
 * ` * Proof NAME: FLAGS` in its first comment, or `Long proof NAME: FLAGS` if it takes minutes.
 */
#ifndef MZ_TESTS_PROOF_PROVE_H
#define MZ_TESTS_PROOF_PROVE_H

#include <stdbool.h>
#include <stdint.h>

uint64_t nondet_u64(void);
uint32_t nondet_u32(void);
uint16_t nondet_u16(void);
uint8_t nondet_u8(void);
unsigned nondet_unsigned(void);
_Bool nondet_bool(void);

void __CPROVER_assume(_Bool condition);
void __CPROVER_assert(_Bool condition, const char *claim);

#define ASSUME(condition) __CPROVER_assume(condition)

/*
 * A proof would also succeed if its assumptions left nothing to prove. So it names situations that
 * some values must lead to, each with REACHES(). With -DREACHING these are looked for, by claims
 * that they don't occur, each of which must fail; nothing else is claimed then.
 */
#ifdef REACHING
#define CLAIM(condition, claim) ((void)(condition))
#define REACHES(condition)      __CPROVER_assert(!(condition), "never reached: " #condition)
#else
#define CLAIM(condition, claim) __CPROVER_assert(condition, claim)
#define REACHES(condition)      ((void)0)
#endif

#endif
