// SPDX-License-Identifier: MPL-2.0
/* The test device of PCs. */
#include "vmm/device/pc_test.h"

#include <string.h>

/* Offsets from MZ_PC_TEST_PORTS. */
#define FORGET  4
#define PORTS_2 8 /* the first four once more */
#define PORTS   12

static uint64_t ports_read(void *context, uint64_t offset, unsigned bytes)
{
	const struct mz_pc_test *test = context;
	uint64_t data = 0;

	for (unsigned i = 0; i < bytes; i++)
		data |= (uint64_t)test->port[(offset + i) % 4] << (8 * i);
	return offset >= FORGET && offset < PORTS_2 ? 0 : data;
}

static void ports_write(void *context, uint64_t offset, uint64_t data, unsigned bytes)
{
	struct mz_pc_test *test = context;

	if (offset >= FORGET && offset < PORTS_2) {
		if (offset == FORGET && bytes == 4)
			test->hooks.forget(test->hooks.context, (uint32_t)data);
		return;
	}
	for (unsigned i = 0; i < bytes; i++)
		test->port[(offset + i) % 4] = (unsigned char)(data >> (8 * i));
}

static uint64_t lines_read(void *context, uint64_t offset, unsigned bytes)
{
	(void)context;
	(void)offset;
	(void)bytes;
	return 0;
}

static void lines_write(void *context, uint64_t offset, uint64_t data, unsigned bytes)
{
	struct mz_pc_test *test = context;

	if (bytes == 1)
		test->hooks.set_level(test->hooks.context, (unsigned)offset, data != 0);
}

static uint64_t memory_read(void *context, uint64_t offset, unsigned bytes)
{
	const struct mz_pc_test *test = context;
	uint64_t data = 0;

	memcpy(&data, test->memory + offset, bytes);
	return data;
}

static void memory_write(void *context, uint64_t offset, uint64_t data, unsigned bytes)
{
	struct mz_pc_test *test = context;

	memcpy(test->memory + offset, &data, bytes);
}

int mz_pc_test_init(struct mz_pc_test *test, struct mz_bus *ports, struct mz_bus *memory,
		    const struct mz_pc_test_hooks *hooks, struct mz_failure *failure)
{
	const struct mz_device device = {
		.name = "pc-test",
		.base = MZ_PC_TEST_PORTS,
		.bytes = PORTS,
		.context = test,
		.read = ports_read,
		.write = ports_write,
	};
	const struct mz_device lines = {
		.name = "pc-test",
		.base = MZ_PC_TEST_LINES,
		.bytes = MZ_PC_TEST_LINE_COUNT,
		.context = test,
		.read = lines_read,
		.write = lines_write,
	};
	const struct mz_device window = {
		.name = "pc-test",
		.base = MZ_PC_TEST_MEMORY,
		.bytes = MZ_PC_TEST_MEMORY_BYTES,
		.context = test,
		.read = memory_read,
		.write = memory_write,
	};

	memset(test, 0, sizeof(*test));
	test->hooks = *hooks;
	return mz_bus_add(ports, &device, failure) || mz_bus_add(ports, &lines, failure) ||
			mz_bus_add(memory, &window, failure)
		? -1
		: 0;
}

void mz_pc_test_state(struct mz_pc_test *test, struct mz_state *state)
{
	mz_state_part(state, "pc-test", 1);
	mz_state_bytes(state, test->port, sizeof(test->port));
	mz_state_bytes(state, test->memory, sizeof(test->memory));
}
