// SPDX-License-Identifier: MPL-2.0
/* The calls that -fsanitize=thread puts in before each plain access. */
#include "tests/explore/memory.h"

#include <string.h>

#define PLAIN_ACCESS(name, bytes, write)           \
	void __tsan_##name(void *place);           \
	void __tsan_##name(void *place)            \
	{                                          \
		memory_plain(place, bytes, write); \
	}

PLAIN_ACCESS(read1, 1, false)
PLAIN_ACCESS(read2, 2, false)
PLAIN_ACCESS(read4, 4, false)
PLAIN_ACCESS(read8, 8, false)
PLAIN_ACCESS(read16, 16, false)
PLAIN_ACCESS(write1, 1, true)
PLAIN_ACCESS(write2, 2, true)
PLAIN_ACCESS(write4, 4, true)
PLAIN_ACCESS(write8, 8, true)
PLAIN_ACCESS(write16, 16, true)
PLAIN_ACCESS(unaligned_read2, 2, false)
PLAIN_ACCESS(unaligned_read4, 4, false)
PLAIN_ACCESS(unaligned_read8, 8, false)
PLAIN_ACCESS(unaligned_read16, 16, false)
PLAIN_ACCESS(unaligned_write2, 2, true)
PLAIN_ACCESS(unaligned_write4, 4, true)
PLAIN_ACCESS(unaligned_write8, 8, true)
PLAIN_ACCESS(unaligned_write16, 16, true)

void __tsan_read_range(void *place, size_t bytes);
void __tsan_read_range(void *place, size_t bytes)
{
	memory_plain(place, bytes, false);
}

void __tsan_write_range(void *place, size_t bytes);
void __tsan_write_range(void *place, size_t bytes)
{
	memory_plain(place, bytes, true);
}

void *__tsan_memcpy(void *to, const void *from, size_t bytes);
void *__tsan_memcpy(void *to, const void *from, size_t bytes)
{
	memory_plain(from, bytes, false);
	memory_plain(to, bytes, true);
	return memcpy(to, from, bytes);
}

void *__tsan_memset(void *to, int value, size_t bytes);
void *__tsan_memset(void *to, int value, size_t bytes)
{
	memory_plain(to, bytes, true);
	return memset(to, value, bytes);
}

void __tsan_init(void);
void __tsan_init(void)
{
}

void __tsan_func_entry(void *caller);
void __tsan_func_entry(void *caller)
{
	(void)caller;
}

void __tsan_func_exit(void);
void __tsan_func_exit(void)
{
}
