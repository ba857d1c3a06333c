// SPDX-License-Identifier: MPL-2.0
/*
 * A guest for `mezz fuzz`: reads a message, and has a bug. A message is '@', a kind, a length, and
 * so many bytes; the kind 'd' says who it is from. That a name is no longer than its message is
 * looked at; that there is room for it is not, and behind it lies what is called next.
 *
 * Words: hang   a message of the kind 'h' is never done with
 *        fail   a message of the kind 'f' ends with status 3
 *        early  ends before it asks for its mark
 * Status: 0. A name that is too long is its own death.
 */
#define MZ_FUZZ_HERE
#include "guest/fuzz.h"
#include "guest/lib/guest.h"

#define HEADER_BYTES 3u

static struct {
	volatile char name[8];
	void (*greet)(void);
} sender;

static uint32_t greeted;

static void greet(void)
{
	greeted++;
}

static void take_name(const unsigned char *text, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes; i++)
		sender.name[i] = (char)text[i];
	sender.greet();
}

static unsigned take_message(const unsigned char *message, uint32_t bytes)
{
	if (bytes < HEADER_BYTES)
		return 0;
	if (message[0] != '@')
		return 0;
	if (word_given("hang") && message[1] == 'h')
		for (;;)
			continue;
	if (word_given("fail") && message[1] == 'f')
		return 3;
	if (message[1] == 'd' && message[2] <= bytes - HEADER_BYTES)
		take_name(message + HEADER_BYTES, message[2]);
	return 0;
}

unsigned guest_main(void)
{
	const unsigned char *message;
	uint32_t bytes;

	sender.greet = greet;
	if (word_given("early"))
		return 0;
	message = mz_fuzz_begin(&bytes);
	mz_fuzz_end(take_message(message, bytes));
}
