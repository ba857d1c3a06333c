// SPDX-License-Identifier: MPL-2.0
/* The test device. */
#include "vmm/device/test_device.h"

#include <string.h>

static unsigned char register_byte(const struct mz_test_device *test_device, uint64_t offset)
{
	static const char id[] = "MEZZTEST";

	if (offset < MZ_TEST_DEVICE_COUNT)
		return (unsigned char)id[offset];
	if (offset < MZ_TEST_DEVICE_SCRATCH)
		return (unsigned char)(test_device->access_count >>
				       (8 * (offset - MZ_TEST_DEVICE_COUNT)));
	if (offset < MZ_TEST_DEVICE_END)
		return test_device->scratch[offset - MZ_TEST_DEVICE_SCRATCH];
	return 0;
}

static uint64_t device_read(void *context, uint64_t offset, unsigned bytes)
{
	struct mz_test_device *test_device = context;
	uint64_t data = 0;

	for (unsigned i = 0; i < bytes; i++)
		data |= (uint64_t)register_byte(test_device, offset + i) << (8 * i);
	if (offset < MZ_TEST_DEVICE_COUNT || offset + bytes > MZ_TEST_DEVICE_SCRATCH)
		test_device->access_count++;
	return data;
}

static void device_write(void *context, uint64_t offset, uint64_t data, unsigned bytes)
{
	struct mz_test_device *test_device = context;

	for (unsigned i = 0; i < bytes; i++) {
		uint64_t at = offset + i;

		if (at >= MZ_TEST_DEVICE_SCRATCH && at < MZ_TEST_DEVICE_END)
			test_device->scratch[at - MZ_TEST_DEVICE_SCRATCH] =
				(unsigned char)(data >> (8 * i));
	}
	test_device->access_count++;
}

int mz_test_device_init(struct mz_test_device *test_device, struct mz_bus *bus, uint64_t base,
			struct mz_failure *failure)
{
	const struct mz_device device = {
		.name = "test",
		.base = base,
		.bytes = MZ_TEST_DEVICE_BYTES,
		.context = test_device,
		.read = device_read,
		.write = device_write,
	};

	memset(test_device, 0, sizeof(*test_device));
	return mz_bus_add(bus, &device, failure);
}

void mz_test_device_state(struct mz_test_device *test_device, struct mz_state *state)
{
	mz_state_part(state, "test", 1);
	mz_state_u64(state, &test_device->access_count);
	mz_state_bytes(state, test_device->scratch, sizeof(test_device->scratch));
}
