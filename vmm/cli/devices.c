// SPDX-License-Identifier: MPL-2.0
/* The options of mezz run that give a guest virtio devices. */
#include "vmm/cli/devices.h"

#include <string.h>

#include "vmm/base/text.h"

/* Apart from the keys of the command itself. */
enum key {
	KEY_DISK = 0x1000,
	KEY_RNG,
	KEY_CONSOLE,
	KEY_BALLOON,
};

static const struct argp_option option_list[] = {
	{"disk", KEY_DISK, "FILE[,ro]", 0,
	 "A virtio disk on a raw file or a block device, read-only with ',ro'; may be repeated", 0},
	{"rng", KEY_RNG, NULL, 0, "A virtio entropy device", 0},
	{"console", KEY_CONSOLE, "virtio", 0,
	 "A virtio console on standard input and output, beside the serial port", 0},
	{"balloon", KEY_BALLOON, "SIZE", OPTION_ARG_OPTIONAL,
	 "A virtio memory balloon that asks the guest for this much (default 0); what the guest "
	 "reports free is taken in any case",
	 0},
	{0},
};

static struct mz_virtio_request *add(struct argp_state *state, enum mz_virtio_kind kind)
{
	struct mz_cli_devices *devices = state->input;

	if (devices->count == MZ_VIRTIO_DEVICES)
		argp_error(state, "more than %d virtio devices", MZ_VIRTIO_DEVICES);
	devices->requests[devices->count].kind = kind;
	return &devices->requests[devices->count++];
}

/* The name is cut out of the argument itself, which stays as long as the run. */
static void add_disk(struct argp_state *state, char *text)
{
	struct mz_virtio_request *request = add(state, MZ_VIRTIO_DISK);
	char *comma = strrchr(text, ',');

	if (comma && strcmp(comma, ",ro") == 0) {
		*comma = 0;
		request->disk.read_only = true;
	}
	if (!*text)
		argp_error(state, "--disk: which file?");
	request->disk.path = text;
}

static void add_balloon(struct argp_state *state, const char *text)
{
	struct mz_virtio_request *request = add(state, MZ_VIRTIO_BALLOON);

	if (text && !mz_number_parse(text, &request->balloon_bytes))
		argp_error(state, "--balloon: '%s' is not a number", text);
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	switch (key) {
	case KEY_DISK:
		add_disk(state, text);
		return 0;
	case KEY_RNG:
		add(state, MZ_VIRTIO_ENTROPY);
		return 0;
	case KEY_CONSOLE:
		if (strcmp(text, "virtio") != 0)
			argp_error(state, "--console: '%s' is not virtio", text);
		add(state, MZ_VIRTIO_CONSOLE);
		return 0;
	case KEY_BALLOON:
		add_balloon(state, text);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp mz_cli_devices_argp = {.options = option_list, .parser = parse};
