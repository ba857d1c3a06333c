// SPDX-License-Identifier: MPL-2.0
/* The options of mezz restore and mezz clone. */
#include "vmm/cli/resume.h"

#include "vmm/cli/drive.h"
#include "vmm/cli/paging.h"

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct mz_cli_resume *resume = state->input;

	(void)text;
	if (key != ARGP_KEY_INIT)
		return ARGP_ERR_UNKNOWN;
	state->child_inputs[0] = &resume->devices;
	state->child_inputs[1] = &resume->moments;
	state->child_inputs[2] = &resume->run;
	state->child_inputs[3] = &resume->watch;
	return 0;
}

static const struct argp_child children[] = {{&mz_cli_devices_argp, 0, "Devices:", 1},
					     {&mz_cli_moments_argp, 0, "Moments:", 2},
					     {&mz_cli_paging_argp, 0, "Paging:", 3},
					     {&mz_cli_watch_argp, 0, "Watching:", 4},
					     {0}};

const struct argp mz_cli_resume_argp = {.children = children, .parser = parse};

void mz_cli_resume_configure(const struct mz_cli_resume *resume, struct mz_vm_config *config)
{
	config->backend = resume->run.backend;
	config->timeout_ns = resume->watch.timeout_ns;
	config->trace = resume->watch.trace;
	config->record = resume->watch.report;
	mz_cli_moments_use(&resume->moments, config);
	config->pager_threads = resume->run.pager_threads;
	if (resume->devices.count) {
		config->virtio = resume->devices.requests;
		config->virtio_count = resume->devices.count;
	}
	mz_drive_configure(config);
}
