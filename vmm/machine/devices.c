// SPDX-License-Identifier: MPL-2.0
/* The devices of every machine. */
#include "vmm/machine/devices.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ept/change.h"
#include "vmm/base/file.h"
#include "vmm/machine/firmware.h"
#include "vmm/machine/machine.h"
#include "vmm/machine/virtio.h"

#define FILE_BYTES_MAX (64u << 20) /* of fw_cfg */

_Static_assert(MZ_VM_FILES_MAX + MZ_SHARE_MAX <= MZ_FW_CFG_FILES, "each has its place");

#define SHARE_NAME "opt/mezz/share/"

static void forget(void *context, uint64_t gpa)
{
	const struct mz_vm *vm = context;
	uint64_t grain = mz_ram_grain(&vm->ram), page = gpa & ~(grain - 1);
	const unsigned char *alias = mz_ram_at(&vm->ram, page, grain);

	if (alias)
		mz_ram_forget(&vm->ram, (uint64_t)(alias - vm->ram.alias), grain);
}

static void set_level(void *context, unsigned line, bool high)
{
	const struct mz_vm *vm = context;

	mz_kvm_set_level(&vm->kvm, line, high);
}

static void want_mark(void *context)
{
	mz_vm_want_mark(context);
}

static int add_region(struct mz_vm *vm, uint64_t base, uint64_t bytes, struct mz_failure *failure)
{
	const struct mz_region region = {
		.ia = mz_ia_from(base), .bytes = bytes, .kind = MZ_REGION_MMIO};
	enum mz_error error = mz_space_add(&vm->space, &region);

	if (error)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "no place for a device: %s",
			       mz_error_text(error));
	return 0;
}

static int add_tests(struct mz_vm *vm, struct mz_failure *failure)
{
	const struct mz_pc_test_hooks hooks = {
		.context = vm, .forget = forget, .set_level = set_level};
	struct mz_devices *devices = &vm->devices;

	if (add_region(vm, MZ_TEST_DEVICE_BASE, MZ_TEST_DEVICE_BYTES, failure) ||
	    add_region(vm, MZ_PC_TEST_MEMORY, MZ_PC_TEST_MEMORY_BYTES, failure) ||
	    mz_debug_exit_init(&devices->debug_exit, &vm->ports, MZ_DEBUG_EXIT_BASE, failure) ||
	    mz_mark_port_init(&devices->mark_port, &vm->ports, vm, want_mark, failure) ||
	    mz_test_device_init(&devices->test_device, &vm->memory, MZ_TEST_DEVICE_BASE, failure))
		return -1;
	return mz_pc_test_init(&devices->pc_test, &vm->ports, &vm->memory, &hooks, failure);
}

/* Without a gap: more has no place in the clock. */
static uint64_t bytes_from_4g(const struct mz_ram *ram)
{
	for (unsigned i = 0; i < ram->bank_count; i++)
		if (ram->banks[i].gpa == MZ_RAM_HIGH_BASE)
			return ram->banks[i].bytes;
	return 0;
}

static int add_clock(struct mz_vm *vm, struct mz_failure *failure)
{
	const struct mz_rtc_sizes sizes = {
		.low_bytes = vm->ram.banks[0].bytes,
		.high_bytes = bytes_from_4g(&vm->ram),
		.cpus = vm->config.cpus,
	};

	return mz_rtc_init(&vm->devices.rtc, &vm->ports, &sizes, failure);
}

static int add_power(struct mz_vm *vm, struct mz_failure *failure)
{
	struct mz_devices *devices = &vm->devices;

	if (mz_reset_init(&devices->reset, &vm->ports, &devices->power, failure) ||
	    mz_acpi_pm_init(&devices->acpi_pm, &vm->ports, &devices->power, failure))
		return -1;
	return mz_pvpanic_init(&devices->pvpanic, &vm->ports, &devices->power, failure);
}

static int add_file(struct mz_vm *vm, unsigned index, struct mz_failure *failure)
{
	const struct mz_vm_file *file = &vm->config.files[index];
	uint64_t bytes;
	unsigned char *data;
	int fd, result;

	if (index == MZ_VM_FILES_MAX)
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT, "fw_cfg: more than %d files",
			       MZ_VM_FILES_MAX);
	fd = mz_file_open(file->path, &bytes, failure);
	if (fd < 0)
		return -1;
	if (bytes > FILE_BYTES_MAX) {
		close(fd);
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
			       "fw_cfg: %s is larger than %u bytes", file->path, FILE_BYTES_MAX);
	}
	data = vm->devices.files[index] = malloc(bytes + 1);
	result = data ? mz_file_read(fd, file->path, data, bytes, 0, failure)
		      : mz_fail(failure, MZ_STATUS_HOST_FAILED, "no memory for %s", file->path);
	close(fd);
	if (result)
		return -1;
	return mz_fw_cfg_add(&vm->devices.fw_cfg, file->name, data, (uint32_t)bytes, failure);
}

/* How the guest finds a share: address, bytes of the file, and 1 if it is read-only. */
static int add_share(struct mz_vm *vm, unsigned index, struct mz_failure *failure)
{
	const struct mz_share *share = &vm->ram.shares[index];
	uint64_t *record = vm->devices.shares[index];
	char name[MZ_FW_CFG_NAME + 1];

	record[0] = htole64(share->bank.gpa);
	record[1] = htole64(share->bytes);
	record[2] = htole64(share->read_only);
	snprintf(name, sizeof(name), SHARE_NAME "%s", share->name);
	return mz_fw_cfg_add(&vm->devices.fw_cfg, name, (const unsigned char *)record,
			     sizeof(vm->devices.shares[index]), failure);
}

static int add_configuration(struct mz_vm *vm, struct mz_failure *failure)
{
	if (mz_fw_cfg_init(&vm->devices.fw_cfg, &vm->ports, &vm->ram, vm->config.cpus, failure))
		return -1;
	vm->devices.fw_cfg.space = &vm->space;
	for (unsigned i = 0; i < vm->config.file_count; i++)
		if (add_file(vm, i, failure))
			return -1;
	for (unsigned i = 0; i < vm->ram.share_count; i++)
		if (add_share(vm, i, failure))
			return -1;
	return 0;
}

static int add_serial(struct mz_vm *vm, struct mz_failure *failure)
{
	struct mz_devices *devices = &vm->devices;

	if (mz_kvm_wire(&vm->kvm, &devices->serial_irq, MZ_GSI_SERIAL, failure) ||
	    mz_serial_init(&devices->serial, &vm->ports, MZ_SERIAL_BASE, &vm->console,
			   &devices->serial_irq, failure))
		return -1;
	for (unsigned i = 0; i < vm->config.virtio_count; i++)
		if (vm->config.virtio[i].kind == MZ_VIRTIO_CONSOLE)
			devices->serial.deaf = true;
	return 0;
}

int mz_vm_add_devices(struct mz_vm *vm, struct mz_failure *failure)
{
	mz_bus_init(&vm->ports, "port");
	mz_bus_init(&vm->memory, "memory");
	if (add_serial(vm, failure) || add_tests(vm, failure) || add_power(vm, failure) ||
	    add_clock(vm, failure) || add_configuration(vm, failure))
		return -1;
	return mz_vm_add_virtio(vm, failure);
}

void mz_vm_close_devices(struct mz_vm *vm)
{
	mz_vm_close_virtio(vm);
	for (unsigned i = 0; i < MZ_VM_FILES_MAX; i++)
		free(vm->devices.files[i]);
	if (vm->devices.serial_irq.fd >= 0)
		close(vm->devices.serial_irq.fd);
}

static bool image_is_there(const struct mz_image *image)
{
	for (unsigned i = 0; i < image->segment_count; i++) {
		const struct mz_segment *segment = &image->segments[i];

		if (segment->gpa < MZ_FIRMWARE_BASE + MZ_FIRMWARE_BYTES &&
		    segment->gpa + segment->memory_bytes > MZ_FIRMWARE_BASE)
			return true;
	}
	return false;
}

int mz_vm_put_firmware(struct mz_vm *vm, const struct mz_image *image, uint64_t *rsdp,
		       struct mz_failure *failure)
{
	unsigned char *area = mz_ram_at(&vm->ram, MZ_FIRMWARE_BASE, MZ_FIRMWARE_BYTES);
	struct mz_firmware_window windows[MZ_VIRTIO_DEVICES];
	const struct mz_firmware firmware = {
		.cpus = vm->config.cpus,
		.windows = windows,
		.window_count = vm->virtio.count,
	};

	*rsdp = 0;
	if (!area || image_is_there(image))
		return 0;
	*rsdp = MZ_FIRMWARE_BASE;
	for (unsigned i = 0; i < vm->virtio.count; i++)
		windows[i] = (struct mz_firmware_window) {
			.base = MZ_VIRTIO_BASE + i * MZ_VIRTIO_BYTES,
			.bytes = MZ_VIRTIO_BYTES,
			.gsi = mz_vm_virtio_gsi(i),
		};
	return mz_firmware_write(area, &firmware, failure);
}
