/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The clock of a PC and the memory behind it, polled: it has no interrupt. Source: Motorola
 * MC146818 data sheet; for the sizes of memory, the IBM PC AT Technical Reference, "Real-time
 * clock/CMOS RAM", and what firmware has put beside them since.
 *
 * The time is the host's, in UTC, in BCD and 24 hours. What a guest sets is not kept, but in the
 * bytes that mean nothing to the clock.
 */
#ifndef MZ_VMM_RTC_H
#define MZ_VMM_RTC_H

#include "vmm/base/state.h"
#include "vmm/device/bus.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MZ_RTC_BASE    0x70 /* index, then data */
#define MZ_RTC_CENTURY 0x32

struct mz_rtc {
	unsigned char index;
	unsigned char bytes[128];
};

/* Of the machine: bytes of RAM below and above 4 GiB, and its processors. */
struct mz_rtc_sizes {
	uint64_t low_bytes, high_bytes;
	unsigned cpus;
};

/* Puts the two ports on the bus. Errors as for mz_bus_add(). */
int mz_rtc_init(struct mz_rtc *rtc, struct mz_bus *bus, const struct mz_rtc_sizes *sizes,
		struct mz_failure *failure);

/*
 * Saves or loads the index and the bytes that are kept; the time stays the host's. No vCPU runs.
 */
void mz_rtc_state(struct mz_rtc *rtc, struct mz_state *state);

#ifdef __cplusplus
}
#endif

#endif
