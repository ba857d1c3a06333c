// SPDX-License-Identifier: MPL-2.0
/*
 * Exhaustion of states: from the empty table, every step leads to a state; from each state that is
 * new, every step again, until nothing new comes or the depth is reached. Prints TAP. It needs no C
 * library, so that other processors can be put to it.
 */
#include "tests/states/seen.h"
#include "tests/states/step.h"
#include "tests/states/tiny.h"

#if __STDC_HOSTED__
#include <stdio.h>
#include <stdlib.h>

static void write_text(const char *text, size_t bytes)
{
	fwrite(text, 1, bytes, stdout);
}

/* STATES_DEPTH in the environment goes deeper. */
static unsigned depth_wanted(void)
{
	const char *text = getenv("STATES_DEPTH");

	return text ? (unsigned)strtoul(text, NULL, 0) : 2;
}

enum { DEPTH_ALL = 0 };
#else
void console_write(const char *text, size_t bytes);

static void write_text(const char *text, size_t bytes)
{
	console_write(text, bytes);
}

/* Emulated processors are slow. */
static unsigned depth_wanted(void)
{
	return 1;
}

enum { DEPTH_ALL = 2 };
#endif

static void say(const char *text)
{
	size_t bytes = 0;

	while (text[bytes] != '\0')
		bytes++;
	write_text(text, bytes);
}

static void say_number(uint32_t number)
{
	char digits[10];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + number % 10);
	while ((number /= 10) != 0);
	write_text(&digits[at], sizeof(digits) - at);
}

static void say_step(const struct step *step)
{
	static const char *const names[STEP_KINDS] = {
		"map",         "unmap",          "protect",        "touch",
		"cursor take", "cursor protect", "cursor replace",
	};

	say("#   ");
	say(names[step->kind]);
	say(" page ");
	say_number(step->first);
	say(" count ");
	say_number(step->count);
	say(" shift ");
	say_number(step->shift);
	say(" perm ");
	say_number(step->perm);
	say("\n");
}

/* The steps from the empty table to a state. */
static void say_path(const struct world *w, uint32_t number)
{
	const struct seen *seen = seen_at(number);
	struct step step;

	if (number == 0)
		return;
	say_path(w, seen->parent);
	step_at(w, seen->step, &step);
	say_step(&step);
}

/* Takes every step from the state with this number. */
static bool expand(struct world *w, uint32_t number, uint32_t *step_count)
{
	for (uint32_t i = 0; i < step_end(w); i++) {
		struct state state = seen_at(number)->state;
		const char *broken;
		struct step step;

		if (!step_at(w, i, &step))
			continue;
		broken = step_take(w, &step, &state);
		++*step_count;
		if (broken == NULL && !seen_add(&state, number, i))
			broken = "there are more states than there is room for";
		if (broken != NULL) {
			say("# ");
			say(broken);
			say(", after\n");
			say_path(w, number);
			say_step(&step);
			return false;
		}
	}
	return true;
}

/* `depth` 0: until there is nothing new. */
static bool explore(const struct mz_format *format, unsigned has, unsigned shifts, unsigned depth)
{
	static const struct state empty;
	static struct world w;
	uint32_t next = 0, step_count = 0;
	unsigned reached = 0;

	world_init(&w, format, has, shifts);
	seen_reset();
	seen_add(&empty, 0, 0);
	while (next < seen_count() && (depth == 0 || reached < depth)) {
		for (uint32_t end = seen_count(); next < end; next++)
			if (!expand(&w, next, &step_count))
				return false;
		reached++;
	}
	say("# ");
	say_number(seen_count());
	say(" states, ");
	say_number(step_count);
	say(next == seen_count() ? " steps, nothing new after depth " : " steps, to depth ");
	say_number(reached);
	say("\n");
	return true;
}

/* Levels of 2^index_lg2 entries, for the run-time instance; leaves at all levels but the third. */
static struct mz_format shaped(uint8_t levels, uint8_t index_lg2)
{
	struct mz_format format = tiny;

	format.ops = NULL;
	format.levels = levels;
	format.leaf_levels = 1 << 1 | 1 << 2;
	for (unsigned level = 1; level <= levels; level++) {
		format.index_lg2[level] = index_lg2;
		format.shift[level] = (uint8_t)(format.page_lg2 + (level - 1) * index_lg2);
	}
	format.ia_lg2 = (uint8_t)(format.page_lg2 + levels * index_lg2);
	return format;
}

static bool report(const char *name, bool good)
{
	static unsigned count;

	say(good ? "ok " : "not ok ");
	say_number(++count);
	say(" - ");
	say(name);
	say("\n");
	return good;
}

int main(void)
{
	const struct mz_format three = shaped(3, 1), two = shaped(2, 1);
	const unsigned all = WORLD_HARDWARE_FLAGS | WORLD_TRACKED;
	unsigned depth = depth_wanted();
	bool good = true;

	good &= report("all_states_of_2_levels_of_2", explore(&two, all, 2, DEPTH_ALL));
	good &= report("all_states_of_3_levels_of_2_with_one_target",
		       explore(&three, 0, 1, DEPTH_ALL));
	good &= report("all_short_sequences_on_2_levels_of_4", explore(&tiny, all, 2, depth));
	good &= report("all_short_sequences_on_3_levels_of_2", explore(&three, all, 2, depth));
	say("1..4\n");
	return good ? 0 : 1;
}
