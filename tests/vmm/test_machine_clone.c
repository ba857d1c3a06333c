// SPDX-License-Identifier: MPL-2.0
/* Clones as an embedder makes them: in one process, beside the machine that they go on from. */
#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

#include "tests/vmm/machines.h"
#include "tests/vmm/snapshots.h"
#include "tests/suite.h"
#include "vmm/machine/moment.h"

#define CLONES 3

/*
 * Adds what it reads from the serial line to a byte of memory, and says the sum; ends with it when
 * it reads 0:
 *
 *	mov $0x200000, %ebx
 *	1: mov $0x3fd, %dx;  2: in %dx, %al;  test $1, %al;  je 2b
 *	mov $0x3f8, %dx;  in %dx, %al;  test %al, %al;  je 3f
 *	add %al, (%rbx);  mov (%rbx), %al;  out %al, %dx;  jmp 1b
 *	3: mov (%rbx), %al;  out %al, $0xf4
 */
static const unsigned char adder[] = {
	0xbb, 0x00, 0x00, 0x20, 0x00, 0x66, 0xba, 0xfd, 0x03, 0xec, 0xa8, 0x01,
	0x74, 0xfb, 0x66, 0xba, 0xf8, 0x03, 0xec, 0x84, 0xc0, 0x74, 0x07, 0x00,
	0x03, 0x8a, 0x03, 0xee, 0xeb, 0xe7, 0x8a, 0x03, 0xe6, 0xf4,
};

/* A machine that runs, and what it is told and says. */
struct talker {
	struct mz_vm *vm;
	struct mz_description description; /* of a clone */
	int in[2], out[2];
	pthread_t thread;
	struct mz_outcome outcome;
};

static void open_lines(struct talker *talker, struct mz_vm_config *config)
{
	ck_assert_int_eq(pipe(talker->in), 0);
	ck_assert_int_eq(pipe(talker->out), 0);
	config->in = talker->in[0];
	config->out = talker->out[1];
}

static void *run_talker(void *context)
{
	struct talker *talker = context;
	struct mz_failure why;

	if (mz_vm_run(talker->vm, &talker->outcome, &why))
		talker->outcome.status = why.status;
	return NULL;
}

static void start_talker(struct talker *talker)
{
	ck_assert_int_eq(pthread_create(&talker->thread, NULL, run_talker, talker), 0);
}

static void begin_talker(struct talker *talker, struct mz_vm_config *config)
{
	talker->description = (struct mz_description) {0};
	open_lines(talker, config);
	talker->vm = create(config, adder, sizeof(adder));
	start_talker(talker);
}

static void tell(const struct talker *talker, unsigned char byte, unsigned char sum)
{
	unsigned char said;

	ck_assert_int_eq(write(talker->in[1], &byte, 1), 1);
	ck_assert_int_eq(read(talker->out[0], &said, 1), 1);
	ck_assert_uint_eq(said, sum);
}

static void end_talker(struct talker *talker, unsigned char sum)
{
	ck_assert_int_eq(write(talker->in[1], "", 1), 1);
	pthread_join(talker->thread, NULL);
	ck_assert_uint_eq(talker->outcome.status, sum);
	mz_vm_destroy(talker->vm);
	mz_description_free(&talker->description);
	for (unsigned i = 0; i < 2; i++) {
		close(talker->in[i]);
		close(talker->out[i]);
	}
}

struct freezing {
	struct mz_call call; /* the first: what is called gets it */
	struct mz_moment moment;
	int result;
	sem_t done;
};

static void freeze(struct mz_call *call, struct mz_vm *vm)
{
	struct freezing *freezing = (struct freezing *)call;
	struct mz_failure why;
	uint64_t held_ns;

	freezing->result = vm ? mz_vm_freeze(vm, &freezing->moment, &held_ns, &why) : -1;
	sem_post(&freezing->done);
}

static void freeze_talker(struct talker *talker, struct mz_moment *moment)
{
	struct freezing freezing = {.call = {.run = freeze}};

	sem_init(&freezing.done, 0, 0);
	mz_vm_post(talker->vm, &freezing.call);
	sem_wait(&freezing.done);
	sem_destroy(&freezing.done);
	ck_assert_int_eq(freezing.result, 0);
	*moment = freezing.moment;
}

static void clone_talker(struct talker *clone, const struct mz_moment *moment)
{
	struct mz_description *description = &clone->description;

	ck_assert_msg(!mz_moment_config(moment, description, &failure), "%s", failure.text);
	open_lines(clone, &description->config);
	ck_assert_msg(!mz_vm_clone(&clone->vm, moment, &description->config, &failure), "%s",
		      failure.text);
	start_talker(clone);
}

START_TEST(clones_go_on_in_one_process)
{
	struct mz_vm_config config = config_of((uint64_t)16 << 20);
	struct talker first, clones[CLONES];
	unsigned descriptors;
	struct mz_moment moment;

	if (!have_kvm(__func__))
		return;
	descriptors = descriptor_count();
	begin_talker(&first, &config);
	tell(&first, 1, 1);
	tell(&first, 2, 3);
	freeze_talker(&first, &moment);
	for (unsigned i = 0; i < CLONES; i++)
		clone_talker(&clones[i], &moment);
	tell(&first, 5, 8);
	for (unsigned i = 0; i < CLONES; i++)
		tell(&clones[i], (unsigned char)(10 * (i + 1)), (unsigned char)(10 * (i + 1) + 3));
	end_talker(&first, 8);
	mz_moment_close(&moment);
	for (unsigned i = 0; i < CLONES; i++) {
		tell(&clones[i], 1, (unsigned char)(10 * (i + 1) + 4));
		end_talker(&clones[i], (unsigned char)(10 * (i + 1) + 4));
	}
	ck_assert_uint_eq(descriptor_count(), descriptors);
}
END_TEST

/* Whatever is not a moment is told from one, and so is a moment of another machine. */
START_TEST(what_is_no_moment_makes_no_machine)
{
	struct mz_vm_config config = config_of((uint64_t)16 << 20);
	struct mz_description description;
	struct mz_moment moment, wrong;
	struct talker first;
	struct mz_vm *vm;

	if (!have_kvm(__func__))
		return;
	begin_talker(&first, &config);
	tell(&first, 1, 1);
	freeze_talker(&first, &moment);

	wrong = moment;
	wrong.parts = moment.memory.file;
	ck_assert_int_eq(mz_moment_config(&wrong, &description, &failure), -1);
	ck_assert_int_eq(failure.status, MZ_STATUS_BAD_IMAGE);
	ck_assert_int_eq(mz_vm_clone(&vm, &wrong, &config, &failure), -1);
	ck_assert_int_eq(failure.status, MZ_STATUS_BAD_IMAGE);
	wrong = moment;
	wrong.memory.file = moment.parts;
	ck_assert_int_eq(mz_vm_clone(&vm, &wrong, &config, &failure), -1);
	ck_assert_int_eq(failure.status, MZ_STATUS_BAD_IMAGE);
	config.cpus = 2;
	ck_assert_int_eq(mz_vm_clone(&vm, &moment, &config, &failure), -1);
	ck_assert_int_eq(failure.status, MZ_STATUS_BAD_IMAGE);
	config.cpus = 1;
	config.memory_bytes /= 2;
	ck_assert_int_eq(mz_vm_clone(&vm, &moment, &config, &failure), -1);
	ck_assert_int_eq(failure.status, MZ_STATUS_BAD_IMAGE);
	ck_assert_ptr_null(vm);
	mz_moment_close(&moment);
	tell(&first, 2, 3);
	end_talker(&first, 3);
}
END_TEST

/* What the first does later is not in it, nor does it matter that the first is gone. */
START_TEST(a_moment_is_saved)
{
	struct mz_vm_config config = config_of((uint64_t)16 << 20);
	const struct mz_snapshot_request request = {.path = snapshot_path("moment")};
	unsigned char page[MZ_SNAPSHOT_PAGE];
	struct mz_snapshot *snapshot;
	struct mz_snapshot_info info;
	struct talker first;
	struct mz_moment moment;
	struct mz_saved saved;

	if (!have_kvm(__func__))
		return;
	begin_talker(&first, &config);
	tell(&first, 1, 1);
	freeze_talker(&first, &moment);
	mz_moment_close(&moment);
	tell(&first, 2, 3);
	freeze_talker(&first, &moment);
	tell(&first, 5, 8);
	end_talker(&first, 8);
	ck_assert_msg(!mz_moment_save(&moment, &request, &saved, &failure), "%s", failure.text);
	mz_moment_close(&moment);

	ck_assert_msg(!mz_snapshot_open(&snapshot, request.path, &failure), "%s", failure.text);
	info = mz_snapshot_info(snapshot);
	ck_assert_uint_eq(info.page_count, config.memory_bytes / MZ_SNAPSHOT_PAGE);
	ck_assert_uint_eq(info.stored_count, saved.page_count);
	ck_assert_ptr_null(saved.parent);
	ck_assert_int_eq(mz_snapshot_read(snapshot, 0x200, 1, page, &failure), 0);
	ck_assert_uint_eq(page[0], 3);
	mz_snapshot_close(snapshot);
}
END_TEST

static void must_not_be_saved(const struct mz_moment *moment,
			      const struct mz_snapshot_request *request, enum mz_status status)
{
	struct mz_saved saved;

	ck_assert_int_eq(mz_moment_save(moment, request, &saved, &failure), -1);
	ck_assert_int_eq(failure.status, status);
	ck_assert_int_eq(access(request->path, F_OK), -1);
}

START_TEST(what_is_no_moment_is_not_saved)
{
	struct mz_vm_config config = config_of((uint64_t)16 << 20);
	struct mz_snapshot_request request = {.path = snapshot_path("none")};
	struct mz_moment moment, wrong;
	struct talker first;

	if (!have_kvm(__func__))
		return;
	begin_talker(&first, &config);
	tell(&first, 1, 1);
	freeze_talker(&first, &moment);

	wrong = moment;
	wrong.parts = moment.memory.file;
	must_not_be_saved(&wrong, &request, MZ_STATUS_BAD_IMAGE);
	wrong = moment;
	wrong.memory.file = moment.parts;
	must_not_be_saved(&wrong, &request, MZ_STATUS_BAD_IMAGE);
	wrong = moment;
	wrong.memory.over = moment.parts;
	must_not_be_saved(&wrong, &request, MZ_STATUS_BAD_IMAGE);
	request.incremental = true;
	must_not_be_saved(&moment, &request, MZ_STATUS_BAD_ARGUMENT);
	request.incremental = false;
	request.path = "/nowhere/none";
	must_not_be_saved(&moment, &request, MZ_STATUS_HOST_FAILED);
	mz_moment_close(&moment);
	tell(&first, 2, 3);
	end_talker(&first, 3);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("clones");
	TCase *tcase = tcase_create("clones");

	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, snapshots_begin, snapshots_end);
	tcase_add_test(tcase, clones_go_on_in_one_process);
	tcase_add_test(tcase, what_is_no_moment_makes_no_machine);
	tcase_add_test(tcase, a_moment_is_saved);
	tcase_add_test(tcase, what_is_no_moment_is_not_saved);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
