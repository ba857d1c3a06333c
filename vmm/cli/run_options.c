// SPDX-License-Identifier: MPL-2.0
/* The command line of mezz run, and of those that are like it. */
#include "vmm/cli/run_options.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/base/text.h"
#include "vmm/cli/paging.h"

#define DEFAULT_MEMORY (UINT64_C(128) << 20)

enum key {
	KEY_APPEND = 'a',
	KEY_MODULE = 256,
	KEY_AS,
	KEY_INITRD,
	KEY_CPUS,
	KEY_FW_CFG,
};

static const struct argp_option option_list[] = {
	{"cpus", KEY_CPUS, "COUNT", 0, "Virtual processors, up to 64 (default 1)", 0},
	{"append", KEY_APPEND, "TEXT", 0, "The guest's command line", 0},
	{"module", KEY_MODULE, "FILE[ TEXT]", 0,
	 "A module for a multiboot or PVH guest, with text of its own; may be repeated", 0},
	{"initrd", KEY_INITRD, "FILE", 0, "The initial RAM disk of a Linux guest", 0},
	{"fw-cfg", KEY_FW_CFG, "NAME=FILE", 0,
	 "A file that the guest finds by this name through fw_cfg; may be repeated", 0},
	{"as", KEY_AS, "FORMAT", 0,
	 "Take IMAGE for linux, pvh, multiboot2, multiboot, elf, or, at a guest-physical address, "
	 "flat16@ADDRESS, "
	 "flat32@ADDRESS or flat64@ADDRESS, whatever its content says",
	 0},
	{0},
};

static uint64_t number(struct argp_state *state, const char *option, const char *text)
{
	uint64_t value = 0;

	if (!mz_number_parse(text, &value))
		argp_error(state, "--%s: '%s' is not a number", option, text);
	return value;
}

static unsigned cpus(struct argp_state *state, const char *text)
{
	uint64_t value = number(state, "cpus", text);

	if (value < 1 || value > MZ_VM_CPUS_MAX)
		argp_error(state, "--cpus: '%s' is not from 1 to %d", text, MZ_VM_CPUS_MAX);
	return (unsigned)value;
}

/* "FILE TEXT": the file's name ends at the first blank, and the guest sees all of it. */
static void add_module(struct argp_state *state, struct mz_run_options *options, const char *text)
{
	size_t length = strcspn(text, " ");
	char *path = strndup(text, length);

	if (!path)
		argp_failure(state, MZ_STATUS_HOST_FAILED, errno, "--module");
	if (length == 0)
		argp_error(state, "--module: no file in '%s'", text);
	options->modules[options->request.module_count++] = (struct mz_module) {.path = path,
										.command = text};
}

static void choose_format(struct argp_state *state, struct mz_run_options *options,
			  const char *text)
{
	struct mz_failure failure;

	if (mz_image_as_parse(&options->as, text, &failure))
		argp_error(state, "--as: %s", failure.text);
}

/* "NAME=FILE", cut apart in the argument itself, which stays as long as the run. */
static void add_file(struct argp_state *state, struct mz_run_options *options, char *text)
{
	char *equals = strchr(text, '=');

	if (!equals)
		argp_error(state, "--fw-cfg: '%s' is not of the form NAME=FILE", text);
	if (options->config.file_count == MZ_VM_FILES_MAX)
		argp_error(state, "--fw-cfg: more than %d files", MZ_VM_FILES_MAX);
	*equals = 0;
	options->files[options->config.file_count++] = (struct mz_vm_file) {.name = text,
									    .path = equals + 1};
}

static void add_argument(struct argp_state *state, struct mz_run_options *options, const char *text)
{
	if (!options->image)
		options->image = text;
	else if (!options->command->input)
		argp_error(state, "more than one image: '%s'", text);
	else if (!options->input)
		options->input = text;
	else
		argp_error(state, "more than one input: '%s'", text);
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct mz_run_options *options = state->input;

	switch (key) {
	case KEY_CPUS:
		options->config.cpus = cpus(state, text);
		return 0;
	case KEY_APPEND:
		options->request.command_line = text;
		return 0;
	case KEY_MODULE:
		add_module(state, options, text);
		return 0;
	case KEY_FW_CFG:
		add_file(state, options, text);
		return 0;
	case KEY_INITRD:
		options->request.initrd = text;
		return 0;
	case KEY_AS:
		choose_format(state, options, text);
		return 0;
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &options->memory;
		state->child_inputs[1] = &options->devices;
		state->child_inputs[2] = &options->config;
		state->child_inputs[3] = &options->watch;
		if (options->command->moments)
			state->child_inputs[4] = &options->moments;
		return 0;
	case ARGP_KEY_ARG:
		add_argument(state, options, text);
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which image?");
		return EINVAL;
	case ARGP_KEY_END:
		mz_cli_moments_check(state, &options->moments, options->watch.timeout_ns);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void use_memory(struct mz_vm_config *config, const struct mz_cli_memory *memory)
{
	config->memory_bytes = memory->bytes;
	config->more = memory->more;
	config->more_count = memory->more_count;
	config->huge = memory->huge;
	config->shares = memory->shares;
	config->share_count = memory->share_count;
}

#define COMMON_CHILDREN                                                                   \
	{&mz_cli_memory_argp, 0, "Memory:", 0}, {&mz_cli_devices_argp, 0, "Devices:", 0}, \
		{&mz_cli_paging_argp, 0, "Paging:", 0},                                   \
	{                                                                                 \
		&mz_cli_watch_argp, 0, "Watching:", 0                                     \
	}

void mz_run_options_parse(struct mz_run_options *options, const struct mz_run_command *command,
			  int argc, char **argv)
{
	static const struct argp_child children[] = {COMMON_CHILDREN, {0}};
	static const struct argp_child with_moments[] = {
		COMMON_CHILDREN, {&mz_cli_moments_argp, 0, "Moments:", 0}, {0}};
	const struct argp argp = {
		.children = command->moments ? with_moments : children,
		.options = option_list,
		.parser = parse,
		.args_doc = command->arguments,
		.doc = command->doc,
	};

	options->command = command;
	options->memory.bytes = DEFAULT_MEMORY;
	options->modules = calloc((size_t)argc, sizeof(options->modules[0]));
	if (!options->modules) {
		fprintf(stderr, "%s: out of memory\n", argv[0]);
		exit(MZ_STATUS_HOST_FAILED);
	}
	argp_parse(&argp, argc, argv, 0, NULL, options);
	options->request.modules = options->modules;
	options->config.files = options->files;
	use_memory(&options->config, &options->memory);
	mz_cli_moments_use(&options->moments, &options->config);
	options->config.timeout_ns = options->watch.timeout_ns;
	options->config.gdb_port = options->watch.gdb_port;
	options->config.trace = options->watch.trace;
	options->config.record = options->watch.report;
	options->watch.image = options->image;
	options->config.virtio = options->devices.requests;
	options->config.virtio_count = options->devices.count;
}

void mz_run_options_free(struct mz_run_options *options)
{
	for (unsigned i = 0; i < options->request.module_count; i++)
		free((char *)options->modules[i].path);
	free(options->modules);
}
