// SPDX-License-Identifier: MPL-2.0
/* What kind of machine a file says there was: nothing of it is believed. */
#include <string.h>

#include "tests/suite.h"
#include "vmm/machine/description.h"

/* One device, and one file of fw_cfg. */
struct made {
	struct mz_virtio_request device;
	struct mz_vm_file file;
	struct mz_vm_config config;
};

static struct made made(void)
{
	return (struct made) {
		.device = {.kind = MZ_VIRTIO_ENTROPY},
		.file = {.name = "name", .path = "/path"},
		.config = {.memory_bytes = 1 << 20, .cpus = 1},
	};
}

/* Saves it and loads that. Answers what was wrong, or "". */
static const char *loaded(struct made *made)
{
	static struct mz_failure failure;
	struct mz_description description = {0};
	struct mz_state state, again;

	made->config.virtio = &made->device;
	made->config.files = &made->file;
	made->config.virtio_count = made->config.file_count = 1;
	mz_state_save(&state);
	mz_description_save(&made->config, &state);
	ck_assert_int_eq(mz_state_end(&state, &failure), 0);
	mz_state_load(&again, state.bytes, state.size);
	mz_description_state(&description, &again);
	failure.text[0] = 0;
	if (mz_state_end(&again, &failure))
		ck_assert_int_eq(failure.status, MZ_STATUS_BAD_IMAGE);
	mz_state_free(&state);
	mz_description_free(&description);
	return failure.text;
}

START_TEST(a_machine_is_described)
{
	struct made one = made();

	ck_assert_str_eq(loaded(&one), "");
	one.device = (struct mz_virtio_request) {.kind = MZ_VIRTIO_DISK, .disk = {"/disk", true}};
	ck_assert_str_eq(loaded(&one), "");
	one.device = (struct mz_virtio_request) {.kind = MZ_VIRTIO_NET_TAP, .net = {.tap = "tap"}};
	ck_assert_str_eq(loaded(&one), "");
}
END_TEST

START_TEST(a_device_or_a_file_without_a_name_is_refused)
{
	struct made one = made();

	one.device.kind = MZ_VIRTIO_DISK;
	ck_assert_str_eq(loaded(&one), "description: a disk without a file");
	one.device.kind = MZ_VIRTIO_NET_TAP;
	ck_assert_str_eq(loaded(&one), "description: a tap without a name");
	one = made();
	one.file.name = NULL;
	ck_assert_str_eq(loaded(&one), "description: a file without a name");
	one = made();
	one.file.path = NULL;
	ck_assert_str_eq(loaded(&one), "description: a file without a name");
}
END_TEST

START_TEST(a_machine_that_no_run_has_is_refused)
{
	struct made one = made();

	one.config.cpus = MZ_VM_CPUS_MAX + 1;
	ck_assert_str_eq(loaded(&one), "description: more processors than there can be");
	one = made();
	one.config.memory_bytes = 0;
	ck_assert_str_eq(loaded(&one), "description: no memory, or a part of a page");
	one.config.memory_bytes = (1 << 20) + 1;
	ck_assert_str_eq(loaded(&one), "description: no memory, or a part of a page");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("description");
	TCase *tcase = tcase_create("description");

	tcase_add_test(tcase, a_machine_is_described);
	tcase_add_test(tcase, a_device_or_a_file_without_a_name_is_refused);
	tcase_add_test(tcase, a_machine_that_no_run_has_is_refused);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
