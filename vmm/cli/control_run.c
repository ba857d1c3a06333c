// SPDX-License-Identifier: MPL-2.0
/* The control socket of a run. */
#include "vmm/cli/control_run.h"

#include <stddef.h>
#include <string.h>

#include "vmm/cli/commands.h"
#include "vmm/machine/moment.h"

/* The moment goes away with the answer. */
static enum mz_status freeze(struct mz_vm *vm, struct mz_control_task *task)
{
	struct mz_failure failure;
	struct mz_moment moment;
	uint64_t held_ns;

	if (mz_vm_freeze(vm, &moment, &held_ns, &failure)) {
		fprintf(task->out, "%s\n", failure.text);
		return failure.status;
	}
	fprintf(task->out, MZ_CONTROL_HELD "\n", held_ns);
	task->fds.fds[task->fds.count++] = moment.parts;
	task->fds.fds[task->fds.count++] = moment.memory.file;
	if (moment.memory.over >= 0)
		task->fds.fds[task->fds.count++] = moment.memory.over;
	return MZ_STATUS_OK;
}

static enum mz_status obey_line(const struct mz_asker *asker, struct mz_control_task *task)
{
	if (strcmp(task->line, MZ_CONTROL_MOMENT) == 0)
		return freeze(asker->vm, task);
	return mz_command(asker, task->line);
}

/* On the thread of mz_vm_run(), or, where that is over, on the socket's own. */
static void obey(struct mz_call *call, struct mz_vm *vm)
{
	struct mz_control_run *run = (void *)((char *)call - offsetof(struct mz_control_run, call));
	struct mz_control_task *task = run->task;
	const struct mz_asker asker = {
		.vm = vm,
		.out = task->out,
		.progress = mz_control_progress,
		.context = task,
	};

	if (vm) {
		mz_control_finish(task, obey_line(&asker, task));
	} else {
		fprintf(task->out, "the run is over\n");
		mz_control_finish(task, MZ_STATUS_HOST_LACKS);
	}
}

static void begin(void *context, struct mz_control_task *task)
{
	struct mz_control_run *run = context;

	run->task = task;
	run->call.run = obey;
	mz_vm_post(run->vm, &run->call);
}

int mz_control_run_start(struct mz_control_run *run, struct mz_vm *vm, const char *path,
			 struct mz_failure *failure)
{
	const struct mz_control_config config = {.path = path, .begin = begin, .context = run};

	*run = (struct mz_control_run) {.vm = vm};
	return path ? mz_control_start(&run->control, &config, failure) : 0;
}

void mz_control_run_stop(struct mz_control_run *run)
{
	mz_control_stop(run->control);
}
