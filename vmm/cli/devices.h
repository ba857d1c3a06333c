/* SPDX-License-Identifier: MPL-2.0 */
/* The options of mezz run that give a guest virtio devices, in the order in which they come. */
#ifndef MZ_VMM_CLI_DEVICES_H
#define MZ_VMM_CLI_DEVICES_H

#include <argp.h>

#include "vmm/virtio/request.h"

struct mz_cli_devices {
	struct mz_virtio_request requests[MZ_VIRTIO_DEVICES];
	unsigned count;
};

/* A child parser, whose input is a struct mz_cli_devices. */
extern const struct argp mz_cli_devices_argp;

#endif
