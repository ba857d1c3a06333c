// SPDX-License-Identifier: MPL-2.0
/* What the run came to, laid out as `mezz run --stats` does. */
#include "guest/bare/bare.h"
#include "guest/lib/guest.h"

static const char *const sizes[] = {"no leaf", "4K", "2M", "1G"};

#define SIZES 4u

/* Text, or a number, at the right of a column. */
static void right(unsigned width, const char *text)
{
	unsigned length = 0;

	while (text[length])
		length++;
	for (; length < width; length++)
		print(" ");
	print("%s", text);
}

static void right_number(unsigned width, uint64_t number)
{
	char digits[24], *digit = digits + sizeof(digits) - 1;

	*digit = 0;
	do
		*--digit = (char)('0' + number % 10);
	while ((number /= 10) != 0);
	right(width, digit);
}

static void report_faults(const struct bare *bare)
{
	static const char *const names[TRIED] = {"  read          ", "  write         ",
						 "  execute       ", "  page walk     "};

	print("faults          ");
	for (unsigned i = 1; i <= SIZES; i++)
		right(10, sizes[i % SIZES]);
	print("\n");
	for (unsigned i = 0; i < TRIED; i++) {
		print("%s", names[i]);
		for (unsigned level = 1; level <= SIZES; level++)
			right_number(10, bare->faults[i][level % SIZES]);
		print("\n");
	}
}

static void report_answers(struct bare *bare)
{
	struct mz_space_stats stats = mz_space_stats(&bare->space);

	print("answers");
	for (unsigned i = 0; i < MZ_ANSWERS; i++)
		print("%s %s %lu", i > 0 ? "," : "        ", mz_answer_text((enum mz_answer)i),
		      stats.answers[i]);
	print("\ndenials");
	for (unsigned i = 1; i < MZ_DENIALS; i++)
		print("%s %s %lu", i > 1 ? "," : "        ", mz_denial_text((enum mz_denial)i),
		      stats.denials[i]);
	print("\n");
}

static void report_tree(const struct mz_table *table)
{
	struct mz_usage usage = mz_table_usage(table);

	print("leaves          ");
	for (unsigned level = 1; level < SIZES; level++)
		print("%s %lu, ", sizes[level], usage.leaf_count[level]);
	print("mapping %lu bytes\nnodes           ", usage.mapped_bytes);
	for (unsigned level = table->config.format->levels; level > 0; level--)
		print("level %u: %lu, ", level, usage.node_count[level]);
	print("in %lu bytes\n", usage.node_bytes);
}

void report(struct bare *bare)
{
	print("second stage    %s, walked by the processor\n",
	      bare->space.table.config.format->name);
	report_faults(bare);
	report_answers(bare);
	report_tree(&bare->space.table);
	print("exits           page faults %lu, ports %lu\n", bare->fault_exits, bare->port_exits);
	print("dropped         writes to ROM %lu\n", bare->rom_writes);
}
