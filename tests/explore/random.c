// SPDX-License-Identifier: MPL-2.0
#include "tests/explore/random.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tests/explore/program.h"
#include "tests/explore/tiny.h"

static void append(char *text, size_t bytes, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void append(char *text, size_t bytes, const char *format, ...)
{
	size_t used = strlen(text);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text + used, bytes - used, format, arguments);
	va_end(arguments);
}

/* A range of one page, of one node's pages, or of any. */
struct range {
	unsigned first, count;
};

static struct range random_range(struct rng *rng, unsigned pages, unsigned node)
{
	struct range range = {(unsigned)rng_below(rng, pages), 1};

	switch (rng_below(rng, 4)) {
	case 0:
		range.first -= range.first % node;
		range.count = node;
		break;
	case 1:
		range.count = 1 + (unsigned)rng_below(rng, pages - range.first);
		break;
	}
	return range;
}

static const char *random_perm(struct rng *rng)
{
	static const char *const perms[] = {"r", "rw", "rwx"};

	return perms[rng_below(rng, 3)];
}

static void append_cursor(char *text, size_t bytes, struct rng *rng, struct range range)
{
	append(text, bytes, "open %u+%u", range.first, range.count);
	for (unsigned i = 1 + (unsigned)rng_below(rng, 2); i > 0; i--) {
		unsigned count = 1 + (unsigned)rng_below(rng, range.count);

		switch (rng_below(rng, 4)) {
		case 0:
			append(text, bytes, "; take %u", count);
			break;
		case 1:
			append(text, bytes, "; set %u %s", count, random_perm(rng));
			break;
		case 2:
			append(text, bytes, "; look; move");
			break;
		default:
			/* Only where the position is sure to be good for it. */
			if (i == 1 || range.count == 1) {
				append(text, bytes, "; jump %u; put 1", range.first);
				break;
			}
			append(text, bytes, "; find %u", count);
			break;
		}
	}
	append(text, bytes, "; close");
}

/* `flags` are those of the program: who hangs an item by hand would have to count it by hand. */
static void append_action(char *text, size_t bytes, struct rng *rng, unsigned pages, unsigned node,
			  unsigned flags)
{
	bool hardware = (flags & PROGRAM_HARDWARE) != 0, tracked = (flags & PROGRAM_TRACKED) != 0;
	struct range range = random_range(rng, pages, node);

	switch (rng_below(rng, 10)) {
	case 0:
	case 1:
		append(text, bytes, "map %u+%u", range.first, range.count);
		break;
	case 2:
	case 3:
		append(text, bytes, "unmap %u+%u", range.first, range.count);
		break;
	case 4:
		append(text, bytes, "protect %u+%u %s", range.first, range.count, random_perm(rng));
		break;
	case 5:
		append(text, bytes, "query %u", range.first);
		break;
	case 6:
		append(text, bytes, "fault %u", range.first);
		break;
	case 7:
		append(text, bytes, hardware ? "touch %u w" : "walk %u", range.first);
		break;
	case 8:
		append(text, bytes, tracked ? "query %u" : "hang %u", range.first);
		break;
	default:
		append_cursor(text, bytes, rng, range);
		break;
	}
}

void random_program(struct random_program *random, struct rng *rng)
{
	bool deep = rng_below(rng, 2) != 0;
	/* Few pages, so that threads meet: two nodes' worth. */
	unsigned node = deep ? 2 : 4, pages = deep ? 4 : 8;
	unsigned thread_count = 2 + (rng_below(rng, 3) == 0);

	*random = (struct random_program) {.scenario = {.name = "random"}};
	random->scenario.format = deep ? &tiny_3x2
		: rng_below(rng, 2)    ? &tiny_2x4
				       : &tiny_2x4_runtime;
	random->scenario.flags = (rng_below(rng, 2) ? PROGRAM_BASE_PAGES : 0u) |
		(rng_below(rng, 3) == 0 ? PROGRAM_TRACKED : 0u) |
		(rng_below(rng, 4) == 0 ? PROGRAM_HARDWARE : 0u);
	for (unsigned i = (unsigned)rng_below(rng, 3); i > 0; i--) {
		struct range range = random_range(rng, pages, node);

		append(random->beginning, sizeof(random->beginning), "map %u+%u;", range.first,
		       range.count);
	}
	for (unsigned thread = 0; thread < thread_count; thread++) {
		unsigned count = 1 + (unsigned)rng_below(rng, thread_count == 2 ? 3 : 2);

		append(random->threads, sizeof(random->threads), "%s", thread > 0 ? " | " : "");
		for (unsigned i = 0; i < count; i++) {
			append(random->threads, sizeof(random->threads), "%s", i > 0 ? "; " : "");
			append_action(random->threads, sizeof(random->threads), rng, pages, node,
				      random->scenario.flags);
		}
	}
	random->scenario.beginning = random->beginning;
	random->scenario.threads = random->threads;
}
