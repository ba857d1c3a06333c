// SPDX-License-Identifier: MPL-2.0
/* mezz run: one guest, from its start to its exit status. */
#include "vmm/cli/cli.h"
#include "vmm/cli/drive.h"
#include "vmm/cli/launch.h"

static int run(const struct mz_run_options *options, struct mz_failure *failure)
{
	struct mz_vm *vm;
	int result;

	mz_drive_prepare();
	if (mz_launch(&vm, options, failure))
		return -1;
	result = mz_drive("run", vm, &options->moments, &options->watch, failure);
	mz_vm_destroy(vm);
	return result;
}

int mz_cmd_run(int argc, char **argv)
{
	static const struct mz_run_command command = {
		.arguments = "IMAGE",
		.doc = "Run a guest: a Linux bzImage, a multiboot image, an ELF file, or a flat "
		       "binary.\v"
		       "Exit status: the guest's own up to 99; 100 it crashed, 101 it halted, 102 "
		       "it touched an address where nothing is, 103 it ran out of time, 104 it "
		       "reset "
		       "its machine, 105 its kernel panicked, 110 bad arguments, 111 bad "
		       "image, 112 the host lacks something, 113 the host "
		       "failed, 130 and 143 ended by SIGINT and SIGTERM.",
		.moments = true,
	};
	struct mz_run_options options = {0};
	struct mz_failure failure;
	int result;

	mz_run_options_parse(&options, &command, argc, argv);
	mz_drive_configure(&options.config);
	result = run(&options, &failure);
	mz_run_options_free(&options);
	return result < 0 ? mz_cli_finish("run", result, &failure) : result;
}
