/* SPDX-License-Identifier: MPL-2.0 */
/*
 * For a guest that `mezz fuzz` runs: where an input comes from, how a case ends, and what the
 *guest's own code does to be seen. Freestanding; 64-bit guests that reach guest-physical memory at
 *its own addresses, as those do that mezz starts from an ELF64 file.
 *
 *	#define MZ_FUZZ_HERE	in one source of the image, which gets the functions
 *	#include <mezz/guest/fuzz.h>
 *
 *	uint32_t bytes;
 *	const unsigned char *input = mz_fuzz_begin(&bytes);
 *	mz_fuzz_end(parse(input, bytes) ? 0 : 1);
 *
 * What is to be seen is compiled with -fsanitize-coverage=trace-pc, by gcc or clang. A case is a
 * crash if it ends with another status than 0, in a triple fault, where no memory is, halted for
 * good, by a reset, or by a panic that is reported.
 */
#ifndef MZ_GUEST_FUZZ_H
#define MZ_GUEST_FUZZ_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What `mezz fuzz` shares with the guest. See mezz(1). */
#define MZ_FUZZ_INPUT     0xe0200000u /* 4 bytes, the length, and the input; may only be read */
#define MZ_FUZZ_MAP       0xe0400000u /* the coverage map */
#define MZ_FUZZ_MAP_BYTES 65536u
#define MZ_FUZZ_MARK_PORT 0xf8
#define MZ_FUZZ_END_PORT  0xf4

#if defined(__clang__)
#define MZ_FUZZ_UNSEEN __attribute__((no_sanitize("coverage")))
#else
#define MZ_FUZZ_UNSEEN __attribute__((no_sanitize_coverage))
#endif

/*
 * Each case begins here, with all as it was when this was first called: call it once, after
 * everything that is the same for all inputs. Answers the input.
 */
const unsigned char *mz_fuzz_begin(uint32_t *bytes);

/* The case is over; another status than 0 makes the input one that crashes. */
__attribute__((noreturn)) void mz_fuzz_end(uint32_t status);

/* Called by the compiler at the beginning of each basic block. */
void __sanitizer_cov_trace_pc(void);

#ifdef MZ_FUZZ_HERE

/* 0 until a case begins: what comes before is not the input's doing. */
static uint32_t mz_fuzz_seen_;
static uint32_t mz_fuzz_last_;

MZ_FUZZ_UNSEEN const unsigned char *mz_fuzz_begin(uint32_t *bytes)
{
	mz_fuzz_seen_ = 1;
	__asm__ volatile("outb %%al, %1" : : "a"(1), "Nd"((uint16_t)MZ_FUZZ_MARK_PORT) : "memory");
	*bytes = *(const volatile uint32_t *)(uintptr_t)MZ_FUZZ_INPUT;
	return (const unsigned char *)(uintptr_t)MZ_FUZZ_INPUT + 4;
}

MZ_FUZZ_UNSEEN void mz_fuzz_end(uint32_t status)
{
	for (;;)
		__asm__ volatile("outl %0, %1"
				 :
				 : "a"(status), "Nd"((uint16_t)MZ_FUZZ_END_PORT)
				 : "memory");
}

/*
 * Counts ways from block to block: a block is told by where it calls from, spread over the map, and
 * a count that has gone round is 1, not 0, since 0 is a way that was not taken.
 */
MZ_FUZZ_UNSEEN void __sanitizer_cov_trace_pc(void)
{
	uint32_t place = (uint32_t)(uintptr_t)__builtin_return_address(0) * 2654435769u >> 16;
	unsigned char *count = (unsigned char *)(uintptr_t)MZ_FUZZ_MAP;

	if (!mz_fuzz_seen_)
		return;
	count += (place ^ mz_fuzz_last_) % MZ_FUZZ_MAP_BYTES;
	*count = (unsigned char)(*count == 255 ? 1 : *count + 1);
	mz_fuzz_last_ = place >> 1;
}

#endif

#ifdef __cplusplus
}
#endif

#endif
