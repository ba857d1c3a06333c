/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The firmware configuration device: items of data by number, and files by name, which the guest
 * reads byte by byte or has copied into its memory. Source: docs/specs/fw_cfg of QEMU.
 *
 * Items: the signature, the revision, the bytes of RAM, the number of processors (twice: those that
 * are there, and the most there may be), and the directory of the files.
 */
#ifndef MZ_VMM_FW_CFG_H
#define MZ_VMM_FW_CFG_H

#include <stddef.h>

#include "ept/space.h"
#include "vmm/base/state.h"
#include "vmm/device/bus.h"
#include "vmm/memory/ram.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MZ_FW_CFG_BASE  0x510 /* selector, data, and the address of a copy */
#define MZ_FW_CFG_BYTES 12

#define MZ_FW_CFG_FILES 24
#define MZ_FW_CFG_NAME  56 /* bytes of a file's name with the 0 at its end */

struct mz_fw_cfg_item {
	uint16_t key;
	const unsigned char *data; /* whoever adds it keeps it */
	uint32_t bytes;
};

struct mz_fw_cfg {
	const struct mz_ram *ram;
	struct mz_space *space; /* told of what copies write, once it is set; NULL: nobody is */
	unsigned char ram_bytes[8], cpus[2];
	unsigned char directory[4 + MZ_FW_CFG_FILES * (8 + MZ_FW_CFG_NAME)];
	struct mz_fw_cfg_item items[8 + MZ_FW_CFG_FILES];
	unsigned item_count, file_count;

	uint16_t selected;
	uint32_t offset; /* in the selected item */
	uint64_t copy;   /* gpa of what describes a copy */
};

/* Puts the device on the bus. Errors as for mz_bus_add(). */
int mz_fw_cfg_init(struct mz_fw_cfg *fw_cfg, struct mz_bus *bus, const struct mz_ram *ram,
		   unsigned cpus, struct mz_failure *failure);

/*
 * Adds a file, before the machine runs. MZ_STATUS_BAD_ARGUMENT: the name is too long or empty,
 * there already, or there are MZ_FW_CFG_FILES.
 */
int mz_fw_cfg_add(struct mz_fw_cfg *fw_cfg, const char *name, const unsigned char *data,
		  uint32_t bytes, struct mz_failure *failure);

/*
 * Saves or loads what is selected, how far it was read, and half an address of a copy. What the
 * items hold is not state: a machine is made with it. No vCPU runs.
 */
void mz_fw_cfg_state(struct mz_fw_cfg *fw_cfg, struct mz_state *state);

#ifdef __cplusplus
}
#endif

#endif
