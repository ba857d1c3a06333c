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

#define ASSUME(condition)       __CPROVER_assume(condition)
#define CLAIM(condition, claim) __CPROVER_assert(condition, claim)

#endif
