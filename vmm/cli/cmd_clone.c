// SPDX-License-Identifier: MPL-2.0
/* mezz clone: a second guest goes on from where another one is. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "vmm/cli/cli.h"
#include "vmm/cli/drive.h"
#include "vmm/cli/moment_client.h"
#include "vmm/cli/resume.h"

struct options {
	const char *socket;
	struct mz_cli_resume resume;
};

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &options->resume;
		return 0;
	case ARGP_KEY_ARG:
		if (options->socket)
			argp_error(state, "more than one socket: '%s'", text);
		options->socket = options->resume.watch.image = text;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which socket?");
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static bool is_same_file(const char *a, const char *b)
{
	struct stat first, second;

	return !stat(a, &first) && !stat(b, &second) && first.st_dev == second.st_dev &&
		first.st_ino == second.st_ino;
}

/* Does the clone write to a disk that the first guest has? */
static const char *shared_disk(const struct mz_vm_config *clone, const struct mz_vm_config *first)
{
	for (unsigned i = 0; i < clone->virtio_count; i++) {
		const struct mz_virtio_request *own = &clone->virtio[i];

		for (unsigned j = 0; j < first->virtio_count; j++) {
			const struct mz_virtio_request *other = &first->virtio[j];

			if (own->kind == MZ_VIRTIO_DISK && !own->disk.read_only &&
			    other->kind == MZ_VIRTIO_DISK &&
			    is_same_file(own->disk.path, other->disk.path))
				return own->disk.path;
		}
	}
	return NULL;
}

/* Two guests that write to one disk destroy what is on it. */
static int check_disks(const struct mz_vm_config *clone, const struct mz_vm_config *first,
		       struct mz_failure *failure)
{
	const char *path = shared_disk(clone, first);

	if (!path)
		return 0;
	return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
		       "%s: is a disk of the first guest, too: give the clone one of its own by "
		       "--disk, such as a copy that is made while the first is paused",
		       path);
}

static int drive(const struct options *options, const struct mz_moment *moment,
		 struct mz_description *description, struct mz_failure *failure)
{
	struct mz_description first = *description;
	struct mz_vm *vm;
	int result;

	first.config.virtio = first.virtio;
	if (mz_cli_resume_configure(&options->resume, description, failure) ||
	    check_disks(&description->config, &first.config, failure) ||
	    mz_vm_clone(&vm, moment, &description->config, failure))
		return -1;
	result = mz_drive("clone", vm, &options->resume.moments, &options->resume.watch, failure);
	mz_vm_destroy(vm);
	return result;
}

static int run(const struct options *options, struct mz_failure *failure)
{
	struct mz_description description;
	struct mz_moment moment;
	uint64_t held_ns;
	int result = -1;

	if (mz_moment_ask(options->socket, &moment, &held_ns, failure))
		return -1;
	fprintf(stderr, "mezz: clone of %s: the guest was held for %.1f ms\n", options->socket,
		(double)held_ns / 1e6);
	if (!mz_moment_config(&moment, &description, failure)) {
		result = drive(options, &moment, &description, failure);
		mz_description_free(&description);
	}
	mz_moment_close(&moment);
	return result;
}

int mz_cmd_clone(int argc, char **argv)
{
	static const struct argp_child children[] = {{&mz_cli_resume_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {
		.children = children,
		.parser = parse,
		.args_doc = "SOCKET",
		.doc = "Let a second guest go on from where another one is, which goes on, too: "
		       "one "
		       "of a run that was started with `--control SOCKET'. Both share their memory "
		       "until one of them writes to it.\v"
		       "Exit status: as of `mezz run'; 111 also for a run of another version; 112 "
		       "also if no run can be asked there.",
	};
	struct options options = {0};
	struct mz_failure failure;
	int result;

	argp_parse(&argp, argc, argv, 0, NULL, &options);
	mz_drive_prepare();
	result = run(&options, &failure);
	return result < 0 ? mz_cli_finish("clone", result, &failure) : result;
}
