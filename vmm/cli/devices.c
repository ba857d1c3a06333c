// SPDX-License-Identifier: MPL-2.0
/* The options of mezz run that give a guest virtio devices. */
#include "vmm/cli/devices.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/base/failure.h"
#include "vmm/base/text.h"

/* Apart from the keys of the command itself. */
enum key {
	KEY_DISK = 0x1000,
	KEY_RNG,
	KEY_CONSOLE,
	KEY_BALLOON,
	KEY_NET,
	KEY_VSOCK,
};

static const struct argp_option option_list[] = {
	{"disk", KEY_DISK, "FILE[,ro]", 0,
	 "A virtio disk on a raw file or a block device, read-only with ',ro'; may be repeated", 0},
	{"rng", KEY_RNG, NULL, 0, "A virtio entropy device", 0},
	{"console", KEY_CONSOLE, "virtio", 0,
	 "A virtio console on standard input and output, beside the serial port", 0},
	{"net", KEY_NET, "user[,hostfwd=RULE...] | tap,NAME", 0,
	 "A virtio network device: user speaks through the sockets of this process, RULE being "
	 "PROTOCOL:[HOST]:PORT-[GUEST]:PORT; tap is an interface of the host; may be repeated",
	 0},
	{"vsock", KEY_VSOCK, "CID", 0,
	 "A virtio socket device with this context identifier, by which sockets of the host reach "
	 "the guest",
	 0},
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

/* "ADDRESS:PORT", where no address is `address` as it is. */
static bool parse_end(char *text, uint32_t *address, uint16_t *port)
{
	char *colon = strchr(text, ':');
	struct in_addr parsed;
	uint64_t number;

	if (!colon || !mz_number_parse(colon + 1, &number) || number == 0 || number > UINT16_MAX)
		return false;
	*colon = 0;
	*port = (uint16_t)number;
	if (!*text)
		return true;
	if (inet_pton(AF_INET, text, &parsed) != 1)
		return false;
	*address = ntohl(parsed.s_addr);
	return true;
}

/* "PROTOCOL:[HOST]:PORT-[GUEST]:PORT". Without an address of the host, nobody else reaches it. */
static bool parse_forward(char *text, struct mz_forward *forward)
{
	char *host = strchr(text, ':');
	char *guest = strchr(text, '-');

	if (!host || !guest || guest < host)
		return false;
	*host++ = 0;
	*guest++ = 0;
	forward->udp = strcmp(text, "udp") == 0;
	forward->host_address = INADDR_LOOPBACK;
	return (forward->udp || strcmp(text, "tcp") == 0) &&
		parse_end(host, &forward->host_address, &forward->host_port) &&
		parse_end(guest, &forward->guest_address, &forward->guest_port);
}

static void add_forward(struct argp_state *state, struct mz_net_config *config, char *word)
{
	static const char name[] = "hostfwd=";
	char *rule = strdup(word);

	if (!rule)
		argp_failure(state, MZ_STATUS_HOST_FAILED, errno, "--net");
	if (strncmp(word, name, strlen(name)) != 0 || config->forward_count == MZ_FORWARDS_MAX ||
	    !parse_forward(rule + strlen(name), &config->forwards[config->forward_count]))
		argp_error(state,
			   "--net user: '%s' is not hostfwd=PROTOCOL:[HOST]:PORT-[GUEST]:PORT",
			   word);
	free(rule);
	config->forward_count++;
}

static void add_net(struct argp_state *state, char *text)
{
	char *rest = NULL;
	const char *kind = strtok_r(text, ",", &rest);
	struct mz_virtio_request *request;

	if (kind && strcmp(kind, "tap") == 0 && rest && *rest) {
		add(state, MZ_VIRTIO_NET_TAP)->net.tap = rest;
		return;
	}
	if (!kind || strcmp(kind, "user") != 0)
		argp_error(state, "--net: '%s' is neither user nor tap,NAME", kind ? kind : "");
	request = add(state, MZ_VIRTIO_NET_USER);
	for (char *word; (word = strtok_r(NULL, ",", &rest));)
		add_forward(state, &request->net, word);
}

static void add_vsock(struct argp_state *state, const char *text)
{
	struct mz_virtio_request *request = add(state, MZ_VIRTIO_VSOCK);

	if (!mz_number_parse(text, &request->guest_cid) || !mz_cid_right(request->guest_cid))
		argp_error(state, "--vsock: '%s' is not from 3 to 4294967294", text);
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
	case KEY_NET:
		add_net(state, text);
		return 0;
	case KEY_VSOCK:
		add_vsock(state, text);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp mz_cli_devices_argp = {.options = option_list, .parser = parse};
