/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Code as instructions, by capstone, where this build and the host have it. The library is loaded
 * when it is first needed.
 */
#ifndef MZ_VMM_DISASSEMBLY_H
#define MZ_VMM_DISASSEMBLY_H

#include <stddef.h>
#include <stdint.h>

/* Code around an instruction. */
struct mz_code {
	const unsigned char *bytes;
	size_t count;
	size_t here;      /* where in `bytes` the instruction begins, */
	uint64_t address; /* and its address */
	unsigned bits;    /* of the code: 16, 32 or 64 */
};

/*
 * Writes instructions, a line each: a few that come before, the one itself, marked, and those
 * behind it as far as the bytes go. Where instructions begin that come before is a guess: the
 * longest run of bytes that ends right there. Nothing is written where capstone is missing.
 */
void mz_disassemble(const struct mz_code *code, void (*line)(void *context, const char *text),
		    void *context);

#endif
