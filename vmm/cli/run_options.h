/* SPDX-License-Identifier: MPL-2.0 */
/* What the command line of mezz run, and of those that are like it, asks for. */
#ifndef MZ_VMM_CLI_RUN_OPTIONS_H
#define MZ_VMM_CLI_RUN_OPTIONS_H

#include "vmm/cli/devices.h"
#include "vmm/cli/memory.h"
#include "vmm/cli/moments.h"
#include "vmm/cli/watch.h"
#include "vmm/machine/vm.h"

struct mz_run_options {
	struct mz_vm_config
		config; /* without what the command itself decides: input, output, events */
	struct mz_boot_request request;
	struct mz_module *modules;                /* room for one an argument */
	struct mz_vm_file files[MZ_VM_FILES_MAX]; /* of fw_cfg */
	const struct mz_run_command *command;
	const char *image;
	const char *input;
	struct mz_image_as as;
	struct mz_cli_memory memory;
	struct mz_cli_devices devices;
	struct mz_cli_moments moments;
	struct mz_cli_watch watch;
};

/* A command that runs an image. */
struct mz_run_command {
	const char *arguments, *doc; /* as struct argp has them */
	bool moments;                /* its options are understood, too */
	bool input;                  /* a file may follow the image */
};

/*
 * Fills `options`, which are all zero. They point to each other and into `argv`. Bad arguments end
 * the process with their status.
 */
void mz_run_options_parse(struct mz_run_options *options, const struct mz_run_command *command,
			  int argc, char **argv);
void mz_run_options_free(struct mz_run_options *options);

#endif
