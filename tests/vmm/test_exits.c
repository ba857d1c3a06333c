// SPDX-License-Identifier: MPL-2.0
/* Exits that no guest brings about by itself: the test says what KVM would. */
#include <string.h>

#include "tests/vmm/machines.h"
#include "tests/suite.h"
#include "vmm/machine/machine.h"

#define MIB ((uint64_t)1 << 20)

static const unsigned char loop[] = {0xeb, 0xfe}; /* jmp to itself */

static struct mz_vm *vm;
static struct mz_runner *runner;

static bool begin(const char *function)
{
	const struct mz_vm_config config = config_of(4 * MIB);

	if (!have_kvm(function))
		return false;
	vm = create(&config, loop, sizeof(loop));
	runner = &vm->vcpus[0];
	return true;
}

static void memory_fault(uint64_t gpa)
{
	const struct mz_kvm_memory_fault what = {.gpa = gpa, .bytes = MZ_RAM_PAGE};

	runner->vcpu.run->exit_reason = KVM_EXIT_MEMORY_FAULT;
	memcpy(runner->vcpu.run->padding, &what, sizeof(what));
	mz_vm_serve_exit(runner);
}

START_TEST(memory_out_of_reach_is_tried_once)
{
	if (!begin(__func__))
		return;
	memory_fault(3 * MIB);
	ck_assert(!mz_vm_over(vm));
	ck_assert_uint_ne(mz_table_query(&vm->space.table, mz_ia_from(3 * MIB)).level, 0);
	memory_fault(2 * MIB);
	ck_assert(!mz_vm_over(vm));
	runner->vcpu.run->exit_reason = KVM_EXIT_INTR;
	mz_vm_serve_exit(runner);
	memory_fault(2 * MIB);
	ck_assert(!mz_vm_over(vm));
	memory_fault(2 * MIB);
	ck_assert(mz_vm_over(vm));
	ck_assert_int_eq(vm->failure.status, MZ_STATUS_HOST_FAILED);
	ck_assert_ptr_nonnull(strstr(vm->failure.text, "guest-physical 0x200000"));
	mz_vm_destroy(vm);
}
END_TEST

START_TEST(a_memory_fault_where_nothing_is_ends_the_run)
{
	if (!begin(__func__))
		return;
	memory_fault(8 * MIB);
	ck_assert(vm->ended);
	ck_assert_int_eq(vm->outcome.status, MZ_STATUS_UNHANDLED);
	ck_assert_uint_eq(vm->outcome.gpa, 8 * MIB);
	mz_vm_destroy(vm);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("exits");
	TCase *tcase = tcase_create("memory faults");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, memory_out_of_reach_is_tried_once);
	tcase_add_test(tcase, a_memory_fault_where_nothing_is_ends_the_run);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
