// SPDX-License-Identifier: MPL-2.0
/* The guest's exits, and what answers them. Source: AMD APM volume 2, chapter 15. */
#include "guest/bare/bare.h"
#include "guest/lib/guest.h"
#include "guest/lib/machine.h"

#define DIED 1u

static unsigned tried(const struct mz_fault_record *fault)
{
	if (fault->walk)
		return TRIED_WALK;
	return fault->access == MZ_EXEC     ? TRIED_EXEC
		: fault->access == MZ_WRITE ? TRIED_WRITE
					    : TRIED_READ;
}

/* False: there is nothing to go on with. */
static bool answer_fault(struct bare *bare)
{
	const struct vmcb *vmcb = bare->vmcb;
	struct mz_fault_record record = mz_npt_fault(vmcb->exit_info_1, vmcb->exit_info_2);
	struct mz_fault fault;
	enum mz_answer answer = mz_space_fault(&bare->worker, &record, &fault);
	bool mapped = answer == MZ_RESOLVED || answer == MZ_RETRY;

	bare->fault_exits++;
	bare->faults[tried(&record)][mapped ? fault.item.level : 0]++;
	if (mapped)
		return true;
	if (answer == MZ_MMIO)
		return move_instead(bare, record.ia, false);
	if (answer == MZ_DENIED && fault.cause == MZ_DENIAL_READ_ONLY)
		return move_instead(bare, record.ia, true);
	return false;
}

/* Section 15.10.2: the port is in bits 31:16 of EXITINFO1. */
static bool is_finish(struct bare *bare)
{
	bare->port_exits++;
	return bare->vmcb->exit_info_1 >> 16 == FINISH_PORT;
}

static unsigned died(const struct bare *bare)
{
	const struct vmcb *vmcb = bare->vmcb;

	print("the guest died at 0x%lx: exit 0x%lx, 0x%lx, 0x%lx\n", vmcb->rip, vmcb->exit_code,
	      vmcb->exit_info_1, vmcb->exit_info_2);
	return DIED;
}

/* The serial port is the guest's own; what it writes to the finish port is the status. */
unsigned guest_run(struct bare *bare)
{
	for (unsigned i = 0; i < 8; i++)
		svm_allow_port((uint16_t)(SERIAL_PORT + i));
	for (;;) {
		svm_guest_run(bare->vmcb, &bare->registers);
		if (bare->vmcb->exit_code == EXIT_PORT && is_finish(bare))
			return (unsigned)bare->vmcb->rax;
		if (bare->vmcb->exit_code != EXIT_NESTED_PAGE_FAULT || !answer_fault(bare))
			return died(bare);
	}
}
