// SPDX-License-Identifier: MPL-2.0
/* The clock of a PC. Sections are those of the MC146818 data sheet. */
#include "vmm/device/rtc.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

/* "Address map": the time, the alarm, and the four registers. */
enum {
	SECONDS = 0x00,
	MINUTES = 0x02,
	HOURS = 0x04,
	WEEKDAY = 0x06,
	DAY = 0x07,
	MONTH = 0x08,
	YEAR = 0x09,
	REGISTER_A = 0x0a,
	REGISTER_B = 0x0b,
	REGISTER_C = 0x0c,
	REGISTER_D = 0x0d,
};

#define A_UPDATE  0x80
#define A_RATE    0x26 /* 32768 Hz, the usual divider */
#define B_24_HOUR 0x02
#define D_VALID   0x80 /* the battery is good */

/* Where firmware leaves the sizes. */
#define BASE_KIB       0x15 /* and 0x16: conventional memory */
#define EXTENDED_KIB   0x17 /* and 0x18: from 1 MiB on, up to 64 MiB */
#define EXTENDED_KIB_2 0x30 /* and 0x31: the same */
#define ABOVE_16M      0x34 /* and 0x35: from 16 MiB on below 4 GiB, in 64 KiB */
#define ABOVE_4G       0x5b /* to 0x5d: in 64 KiB */
#define CPUS_LESS_1    0x5f

/* "Update cycle": the bit is up so long before the time changes. */
#define UPDATE_NS 244000

#define MIB ((uint64_t)1 << 20)

static unsigned char bcd(int number)
{
	return (unsigned char)(number / 10 % 10 << 4 | number % 10);
}

/* What time() says may be some milliseconds late. */
static struct timespec host_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now;
}

/* Who sees that the time does not change yet can read all bytes of it. */
static bool is_in_update(void)
{
	return host_time().tv_nsec >= 1000000000 - UPDATE_NS;
}

/* True and the value, if the index is part of the time. */
static bool time_byte(unsigned index, unsigned char *byte)
{
	struct timespec host = host_time();
	struct tm now;

	gmtime_r(&host.tv_sec, &now);
	switch (index) {
	case SECONDS:
		*byte = bcd(now.tm_sec);
		return true;
	case MINUTES:
		*byte = bcd(now.tm_min);
		return true;
	case HOURS:
		*byte = bcd(now.tm_hour);
		return true;
	case WEEKDAY: /* 1 is Sunday */
		*byte = bcd(now.tm_wday + 1);
		return true;
	case DAY:
		*byte = bcd(now.tm_mday);
		return true;
	case MONTH:
		*byte = bcd(now.tm_mon + 1);
		return true;
	case YEAR:
		*byte = bcd(now.tm_year % 100);
		return true;
	case MZ_RTC_CENTURY:
		*byte = bcd((now.tm_year + 1900) / 100);
		return true;
	default:
		return false;
	}
}

static unsigned char data_read(const struct mz_rtc *rtc)
{
	unsigned char byte;

	if (time_byte(rtc->index, &byte))
		return byte;
	byte = rtc->bytes[rtc->index];
	return rtc->index == REGISTER_A && is_in_update() ? byte | A_UPDATE : byte;
}

static void data_write(struct mz_rtc *rtc, unsigned char byte)
{
	switch (rtc->index) {
	case REGISTER_A:
	case REGISTER_B:
	case REGISTER_C:
	case REGISTER_D:
		break;
	default:
		rtc->bytes[rtc->index] = byte;
	}
}

/* The index can't be read. */
static uint64_t ports_read(void *context, uint64_t offset, unsigned bytes)
{
	const struct mz_rtc *rtc = context;

	if (offset == 1)
		return data_read(rtc);
	return bytes == 2 ? (uint64_t)data_read(rtc) << 8 | 0xff : 0xff;
}

/* Bit 7 of the index port holds off non-maskable interrupts, of which there are none. */
static void ports_write(void *context, uint64_t offset, uint64_t data, unsigned bytes)
{
	struct mz_rtc *rtc = context;

	if (offset == 0)
		rtc->index = data & 0x7f;
	if (offset == 1)
		data_write(rtc, (unsigned char)data);
	else if (bytes == 2)
		data_write(rtc, (unsigned char)(data >> 8));
}

static void put(struct mz_rtc *rtc, unsigned index, unsigned bytes, uint64_t value)
{
	for (unsigned i = 0; i < bytes; i++)
		rtc->bytes[index + i] = (unsigned char)(value >> (8 * i));
}

static uint64_t beyond(uint64_t bytes, uint64_t start)
{
	return bytes > start ? bytes - start : 0;
}

static void put_sizes(struct mz_rtc *rtc, const struct mz_rtc_sizes *sizes)
{
	uint64_t extended = beyond(sizes->low_bytes, MIB);
	uint64_t most = 63 * MIB;

	if (extended > most)
		extended = most;
	put(rtc, BASE_KIB, 2, 640);
	put(rtc, EXTENDED_KIB, 2, extended >> 10);
	put(rtc, EXTENDED_KIB_2, 2, extended >> 10);
	put(rtc, ABOVE_16M, 2, beyond(sizes->low_bytes, 16 * MIB) >> 16);
	put(rtc, ABOVE_4G, 3, sizes->high_bytes >> 16);
	put(rtc, CPUS_LESS_1, 1, sizes->cpus - 1);
}

int mz_rtc_init(struct mz_rtc *rtc, struct mz_bus *bus, const struct mz_rtc_sizes *sizes,
		struct mz_failure *failure)
{
	const struct mz_device device = {
		.name = "rtc",
		.base = MZ_RTC_BASE,
		.bytes = 2,
		.context = rtc,
		.read = ports_read,
		.write = ports_write,
	};

	memset(rtc, 0, sizeof(*rtc));
	rtc->bytes[REGISTER_A] = A_RATE;
	rtc->bytes[REGISTER_B] = B_24_HOUR;
	rtc->bytes[REGISTER_D] = D_VALID;
	put_sizes(rtc, sizes);
	return mz_bus_add(bus, &device, failure);
}

void mz_rtc_state(struct mz_rtc *rtc, struct mz_state *state)
{
	uint8_t index = rtc->index;

	mz_state_part(state, "rtc", 1);
	mz_state_u8(state, &index);
	mz_state_bytes(state, rtc->bytes, sizeof(rtc->bytes));
	if (mz_state_check(state, index < sizeof(rtc->bytes), "an index beyond the memory"))
		rtc->index = index;
}
