// SPDX-License-Identifier: MPL-2.0
/* mezz run: one guest, from its start to its exit status. */
#include "vmm/cli/cli.h"
#include "vmm/cli/drive.h"
#include "vmm/cli/run_options.h"

static int load_and_drive(const struct mz_run_options *options, const struct mz_image *image,
			  struct mz_vm *vm, struct mz_failure *failure)
{
	if (mz_vm_load(vm, image, &options->request, failure))
		return -1;
	return mz_drive("run", vm, &options->watch, failure);
}

static int run(const struct mz_run_options *options, struct mz_failure *failure)
{
	struct mz_image image;
	struct mz_vm *vm;
	int result = -1;

	mz_drive_prepare();
	if (mz_image_open(&image, options->image, &options->as, failure))
		return -1;
	if (!mz_vm_create(&vm, &options->config, failure)) {
		result = load_and_drive(options, &image, vm, failure);
		mz_vm_destroy(vm);
	}
	mz_image_close(&image);
	return result;
}

int mz_cmd_run(int argc, char **argv)
{
	struct mz_run_options options = {0};
	struct mz_failure failure;
	int result;

	mz_run_options_parse(&options, argc, argv);
	mz_drive_configure(&options.config);
	result = run(&options, &failure);
	mz_run_options_free(&options);
	return result < 0 ? mz_cli_finish("run", result, &failure) : result;
}
