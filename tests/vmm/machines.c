// SPDX-License-Identifier: MPL-2.0
#include "tests/vmm/machines.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOAD_ADDRESS 0x100000u

struct mz_failure failure;

bool have_kvm(const char *function)
{
	int fd = open(MZ_KVM_DEVICE, O_RDWR);

	if (fd < 0) {
		printf("# SKIP %.*s: %s can't be opened\n", (int)strlen(function) - 3, function,
		       MZ_KVM_DEVICE);
		return false;
	}
	close(fd);
	return true;
}

struct mz_vm_config config_of(uint64_t bytes)
{
	return (struct mz_vm_config) {.memory_bytes = bytes, .in = -1, .out = STDOUT_FILENO};
}

struct mz_vm *create(const struct mz_vm_config *config, const unsigned char *code, size_t bytes)
{
	static const struct mz_boot_request request;
	static const struct mz_image_as flat = {MZ_IMAGE_FLAT, MZ_MODE_LONG, LOAD_ADDRESS};
	char path[] = "/tmp/mezz-test-XXXXXX";
	int fd = mkstemp(path);
	struct mz_image image;
	struct mz_vm *vm;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, code, bytes), (ssize_t)bytes);
	close(fd);
	ck_assert_int_eq(mz_image_open(&image, path, &flat, &failure), 0);
	unlink(path);
	ck_assert_msg(!mz_vm_create(&vm, config, &failure), "%s", failure.text);
	ck_assert_msg(!mz_vm_load(vm, &image, &request, &failure), "%s", failure.text);
	mz_image_close(&image);
	return vm;
}

unsigned descriptor_count(void)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned count = 0;

	ck_assert_ptr_nonnull(folder);
	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}
