// SPDX-License-Identifier: MPL-2.0
#include "vmm/cli/launch.h"

static int make(struct mz_vm **vm, const struct mz_image *image,
		const struct mz_run_options *options, struct mz_failure *failure)
{
	if (mz_vm_create(vm, &options->config, failure))
		return -1;
	if (!mz_vm_load(*vm, image, &options->request, failure))
		return 0;
	mz_vm_destroy(*vm);
	return -1;
}

int mz_launch(struct mz_vm **vm, const struct mz_run_options *options, struct mz_failure *failure)
{
	struct mz_image image;
	int result;

	if (mz_image_open(&image, options->image, &options->as, failure))
		return -1;
	result = make(vm, &image, options, failure);
	mz_image_close(&image);
	return result;
}
