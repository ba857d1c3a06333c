// SPDX-License-Identifier: MPL-2.0
/* The options of mezz restore and mezz clone. */
#include "vmm/cli/resume.h"

#include "vmm/cli/drive.h"
#include "vmm/cli/paging.h"

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct mz_cli_resume *resume = state->input;

	(void)text;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &resume->devices;
		state->child_inputs[1] = &resume->moments;
		state->child_inputs[2] = &resume->run;
		state->child_inputs[3] = &resume->watch;
		return 0;
	case ARGP_KEY_END:
		mz_cli_moments_check(state, &resume->moments, resume->watch.timeout_ns);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {{&mz_cli_devices_argp, 0, "Devices:", 1},
					     {&mz_cli_moments_argp, 0, "Moments:", 2},
					     {&mz_cli_paging_argp, 0, "Paging:", 3},
					     {&mz_cli_watch_argp, 0, "Watching:", 4},
					     {0}};

const struct argp mz_cli_resume_argp = {.children = children, .parser = parse};

/* What the guest can't tell from each other is of one kind. */
static enum mz_virtio_kind kind_of(const struct mz_virtio_request *request)
{
	return request->kind == MZ_VIRTIO_NET_TAP ? MZ_VIRTIO_NET_USER : request->kind;
}

static const char *const kind_texts[] = {
	[MZ_VIRTIO_DISK] = "disks",
	[MZ_VIRTIO_ENTROPY] = "entropy devices",
	[MZ_VIRTIO_CONSOLE] = "virtio consoles",
	[MZ_VIRTIO_BALLOON] = "balloons",
	[MZ_VIRTIO_NET_USER] = "network devices",
	[MZ_VIRTIO_VSOCK] = "socket devices",
};

/* The device that the one at `given` of the options stands for. */
static struct mz_virtio_request *find(const struct mz_cli_devices *devices, unsigned given,
				      struct mz_description *description,
				      struct mz_failure *failure)
{
	enum mz_virtio_kind kind = kind_of(&devices->requests[given]);
	unsigned before = 0, there = 0;

	for (unsigned i = 0; i < given; i++)
		before += kind_of(&devices->requests[i]) == kind;
	for (unsigned i = 0; i < description->config.virtio_count; i++)
		if (kind_of(&description->virtio[i]) == kind && there++ == before)
			return &description->virtio[i];
	mz_fail(failure, MZ_STATUS_BAD_ARGUMENT, "more %s are given than the machine's %u",
		kind_texts[kind], there);
	return NULL;
}

int mz_cli_resume_configure(const struct mz_cli_resume *resume, struct mz_description *description,
			    struct mz_failure *failure)
{
	struct mz_vm_config *config = &description->config;

	for (unsigned i = 0; i < resume->devices.count; i++) {
		struct mz_virtio_request *named = find(&resume->devices, i, description, failure);

		if (!named)
			return -1;
		*named = resume->devices.requests[i];
	}
	config->backend = resume->run.backend;
	config->timeout_ns = resume->watch.timeout_ns;
	config->gdb_port = resume->watch.gdb_port;
	config->trace = resume->watch.trace;
	config->record = resume->watch.report;
	mz_cli_moments_use(&resume->moments, config);
	config->pager_threads = resume->run.pager_threads;
	mz_drive_configure(config);
	return 0;
}
