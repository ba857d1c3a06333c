// SPDX-License-Identifier: MPL-2.0
#include "tests/explore/outside.h"

#include "tests/explore/sched.h"

#include <stdio.h>
#include <string.h>

/* All that is known of an object. */
struct state {
	const void *place; /* of words and locks */
	bool locked;
	struct clock released; /* what an acquire of it sees */
};

static struct state states[MEMORY_OUTSIDES];
static unsigned shared_count;
static unsigned last_loaded[THREADS_MAX]; /* by thread: an object */

void outside_forget(void)
{
	memset(states, 0, sizeof(states));
	shared_count = 0;
}

void outside_clear(void)
{
	for (unsigned i = 0; i < MEMORY_OUTSIDES; i++) {
		states[i].locked = false;
		states[i].released = (struct clock) {{0}};
	}
}

void outside_share(const void *place)
{
	states[OUTSIDE_WORDS + shared_count++].place = place;
}

unsigned outside_find(const void *place)
{
	for (unsigned i = 0; i < shared_count; i++)
		if (states[OUTSIDE_WORDS + i].place == place)
			return outside_object(OUTSIDE_WORDS + i);
	return MEMORY_OBJECTS;
}

static struct state *state_of(unsigned object)
{
	return &states[object - MEMORY_OUTSIDE];
}

void outside_lock(unsigned object)
{
	if (current < 0)
		return;
	task_point(OP_LOCK, object);
	state_of(object)->locked = true;
	memory_see(&state_of(object)->released);
}

void outside_unlock(unsigned object)
{
	if (current < 0)
		return;
	task_point(OP_UNLOCK, object);
	state_of(object)->locked = false;
	memory_show(&state_of(object)->released);
}

void outside_load(unsigned object)
{
	if (current < 0)
		return;
	task_point(OP_LOAD, object);
	last_loaded[current] = object;
	memory_see(&state_of(object)->released);
}

void outside_store(unsigned object)
{
	if (current < 0)
		return;
	task_point(OP_STORE, object);
	memory_show(&state_of(object)->released);
}

void outside_text(unsigned object, char *text, unsigned bytes)
{
	unsigned number = object - MEMORY_OUTSIDE;

	if (number < OUTSIDE_FRAMES)
		snprintf(text, bytes, "processor %u", number);
	else if (number < OUTSIDE_WORDS)
		snprintf(text, bytes, "frame %u", number - OUTSIDE_FRAMES);
	else
		snprintf(text, bytes, "word %u of the spaces", number - OUTSIDE_WORDS);
}

bool outside_lock_free(unsigned object)
{
	return !state_of(object)->locked;
}

bool outside_is_zero(unsigned object)
{
	return *(const uint64_t *)state_of(object)->place == 0;
}

void outside_wait(void)
{
	if (current >= 0)
		task_point(OP_WAIT, last_loaded[current]);
}
