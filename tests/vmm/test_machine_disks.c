// SPDX-License-Identifier: MPL-2.0
/*
 * Snapshots of machines with disks: what the guest has written is safe before the snapshot has its
 * name. The calls by which files become safe are this file's own, and can fail.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/vmm/machines.h"
#include "tests/suite.h"
#include "vmm/machine/moment.h"

#define DISK_BYTES 4096

/* mov $0, %al; out %al, $0xf4 */
static const unsigned char exits[] = {0xb0, 0, 0xe6, 0xf4};
static const unsigned char loops[] = {0xeb, 0xfe}; /* jmp to itself */

#define STOPPED 77

/* What has happened, in order: F a disk, N the snapshot gets its name. */
static char order[16];
static bool disks_fail, much_to_flush;

#define FLUSH_NS 500000000u

static void note(char what)
{
	order[strlen(order)] = what;
}

int fdatasync(int fd)
{
	note('F');
	if (much_to_flush) {
		much_to_flush = false;
		usleep(FLUSH_NS / 1000);
	}
	if (disks_fail) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fdatasync, fd);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
	note('N');
	return (int)syscall(SYS_renameat, from_folder, from, to_folder, to);
}

static char folder[32], disk[64], other[64], snapshot[64];
static struct mz_failure unsaved;
static bool saved;

static void make_disk(char *path, size_t bytes, const char *name)
{
	FILE *file;

	snprintf(path, bytes, "%s/%s", folder, name);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(ftruncate(fileno(file), DISK_BYTES), 0);
	fclose(file);
}

static void set_up(void)
{
	memset(order, 0, sizeof(order));
	disks_fail = much_to_flush = false;
	strcpy(folder, "/tmp/mezz-disks-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	make_disk(disk, sizeof(disk), "disk");
	make_disk(other, sizeof(other), "other");
	snprintf(snapshot, sizeof(snapshot), "%s/snapshot", folder);
}

static void tear_down(void)
{
	unlink(disk);
	unlink(other);
	unlink(snapshot);
	ck_assert_int_eq(rmdir(folder), 0);
}

static void note_saved(void *context, const struct mz_saved *told)
{
	(void)context;
	saved = !told->failure;
	if (told->failure)
		unsaved = *told->failure;
}

/* A machine with two disks, of which its guest may write to one. */
static struct mz_vm_config config_with_disks(void)
{
	static struct mz_virtio_request disks[] = {
		{.kind = MZ_VIRTIO_DISK, .disk = {.path = disk}},
		{.kind = MZ_VIRTIO_DISK, .disk = {.path = other, .read_only = true}},
	};
	struct mz_vm_config config = config_of((uint64_t)4 << 20);

	config.virtio = disks;
	config.virtio_count = 2;
	return config;
}

/* A guest is saved when it exits. */
static void run(void)
{
	struct mz_vm_config config = config_with_disks();
	struct mz_outcome outcome;
	struct mz_vm *vm;

	config.snapshot = (struct mz_snapshot_wish) {.path = snapshot,
						     .event = MZ_SNAPSHOT_ON_EXIT};
	config.saved = note_saved;
	vm = create(&config, exits, sizeof(exits));
	ck_assert_msg(!mz_vm_run(vm, &outcome, &failure), "%s", failure.text);
	ck_assert_int_eq(outcome.status, MZ_STATUS_OK);
	mz_vm_destroy(vm);
}

START_TEST(disks_are_safe_before_the_snapshot_has_its_name)
{
	if (!have_kvm(__func__))
		return;
	run();
	ck_assert(saved);
	ck_assert_str_eq(order, "FN");
	ck_assert_int_eq(access(snapshot, F_OK), 0);
}
END_TEST

START_TEST(without_its_disks_there_is_no_snapshot)
{
	if (!have_kvm(__func__))
		return;
	disks_fail = true;
	run();
	ck_assert(!saved);
	ck_assert_int_eq(unsaved.status, MZ_STATUS_HOST_FAILED);
	ck_assert_str_eq(unsaved.text,
			 "what was written to the disk disk can't be kept: Input/output error");
	ck_assert_str_eq(order, "F");
	ck_assert_int_ne(access(snapshot, F_OK), 0);
}
END_TEST

static struct mz_moment moment;

static void freeze_and_stop(struct mz_call *call, struct mz_vm *vm)
{
	uint64_t held_ns;

	(void)call;
	ck_assert_msg(!mz_vm_freeze(vm, &moment, &held_ns, &failure), "%s", failure.text);
	mz_vm_stop(vm, STOPPED);
}

START_TEST(so_are_those_of_a_moment_that_is_saved)
{
	struct mz_vm_config config = config_with_disks();
	const struct mz_snapshot_request request = {.path = snapshot};
	struct mz_call call = {.run = freeze_and_stop};
	struct mz_outcome outcome;
	struct mz_saved told;
	struct mz_vm *vm;

	if (!have_kvm(__func__))
		return;
	vm = create(&config, loops, sizeof(loops));
	mz_vm_post(vm, &call);
	ck_assert_msg(!mz_vm_run(vm, &outcome, &failure), "%s", failure.text);
	mz_vm_destroy(vm);
	ck_assert_str_eq(order, "");
	disks_fail = true;
	ck_assert_int_eq(mz_moment_save(&moment, &request, &told, &failure), -1);
	ck_assert_ptr_nonnull(strstr(failure.text, "/disk can't be kept: Input/output error"));
	ck_assert_str_eq(order, "F");
	disks_fail = false;
	ck_assert_msg(!mz_moment_save(&moment, &request, &told, &failure), "%s", failure.text);
	ck_assert_str_eq(order, "FFN");
	mz_moment_close(&moment);
}
END_TEST

static struct mz_saved asked;

static void save_and_stop(struct mz_call *call, struct mz_vm *vm)
{
	const struct mz_snapshot_request request = {.path = snapshot};

	(void)call;
	ck_assert_msg(!mz_vm_snapshot(vm, &request, &asked, &failure), "%s", failure.text);
	mz_vm_stop(vm, STOPPED);
}

START_TEST(who_asks_does_not_hold_the_guest_for_its_disks)
{
	struct mz_vm_config config = config_with_disks();
	struct mz_call call = {.run = save_and_stop};
	struct mz_outcome outcome;
	struct mz_vm *vm;

	if (!have_kvm(__func__))
		return;
	much_to_flush = true;
	vm = create(&config, loops, sizeof(loops));
	mz_vm_post(vm, &call);
	ck_assert_msg(!mz_vm_run(vm, &outcome, &failure), "%s", failure.text);
	mz_vm_destroy(vm);
	ck_assert_str_eq(order, "FFN");
	ck_assert_uint_lt(asked.held_ns, FLUSH_NS);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("machine_disks");
	TCase *tcase = tcase_create("disks");

	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, disks_are_safe_before_the_snapshot_has_its_name);
	tcase_add_test(tcase, without_its_disks_there_is_no_snapshot);
	tcase_add_test(tcase, so_are_those_of_a_moment_that_is_saved);
	tcase_add_test(tcase, who_asks_does_not_hold_the_guest_for_its_disks);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
