// SPDX-License-Identifier: MPL-2.0
/* The firmware configuration device. Section names are those of docs/specs/fw_cfg of QEMU. */
#include "vmm/device/fw_cfg.h"

#include "vmm/memory/written.h"

#include <stdbool.h>
#include <string.h>

/* "Selector (Control) Register", "Data Register", "DMA interface": offsets. */
#define SELECTOR  0
#define DATA      1
#define COPY_HIGH 4
#define COPY_LOW  8

/* "Firmware Configuration Items". */
#define KEY_SIGNATURE 0x0000
#define KEY_REVISION  0x0001
#define KEY_RAM_BYTES 0x0003
#define KEY_CPUS      0x0005
#define KEY_CPUS_MAX  0x000f
#define KEY_DIRECTORY 0x0019
#define KEY_FILES     0x0020

/* "DMA interface": bits of `control`; the item's number is in its upper half. */
#define COPY_ERROR  0x01u
#define COPY_READ   0x02u
#define COPY_SKIP   0x04u
#define COPY_SELECT 0x08u
#define COPY_WRITE  0x10u

/* What describes a copy, most significant bytes first. */
struct copy {
	unsigned char control[4], length[4], address[8];
};

static const unsigned char signature[4] = {'Q', 'E', 'M', 'U'};
static const unsigned char revision[4] = {3}; /* byte by byte, and copies */
static const unsigned char copy_signature[8] = {'Q', 'E', 'M', 'U', ' ', 'C', 'F', 'G'};

static uint64_t big_endian(const unsigned char *bytes, unsigned count)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < count; i++)
		value = value << 8 | bytes[i];
	return value;
}

static void put_big_endian(unsigned char *bytes, unsigned count, uint64_t value)
{
	for (unsigned i = 0; i < count; i++)
		bytes[i] = (unsigned char)(value >> (8 * (count - 1 - i)));
}

static void select_item(struct mz_fw_cfg *fw_cfg, uint16_t key)
{
	fw_cfg->selected = key;
	fw_cfg->offset = 0;
}

/* What is left of the selected item; of one that is not there, nothing. */
static uint32_t rest_of_item(const struct mz_fw_cfg *fw_cfg, const unsigned char **data)
{
	for (unsigned i = 0; i < fw_cfg->item_count; i++) {
		const struct mz_fw_cfg_item *item = &fw_cfg->items[i];

		if (item->key != fw_cfg->selected || fw_cfg->offset >= item->bytes)
			continue;
		*data = item->data + fw_cfg->offset;
		return item->bytes - fw_cfg->offset;
	}
	return 0;
}

static void move_on(struct mz_fw_cfg *fw_cfg, uint32_t bytes)
{
	fw_cfg->offset = bytes > UINT32_MAX - fw_cfg->offset ? UINT32_MAX : fw_cfg->offset + bytes;
}

/* Behind its end, an item is all zeros. */
static void read_item(struct mz_fw_cfg *fw_cfg, unsigned char *to, uint32_t bytes)
{
	const unsigned char *data = NULL;
	uint32_t have = rest_of_item(fw_cfg, &data);

	if (have > bytes)
		have = bytes;
	if (have)
		memcpy(to, data, have);
	memset(to + have, 0, bytes - have);
	move_on(fw_cfg, bytes);
}

/* Answers what `control` becomes. */
static uint32_t carry_out(struct mz_fw_cfg *fw_cfg, const struct copy *copy)
{
	uint32_t control = (uint32_t)big_endian(copy->control, 4);
	uint32_t length = (uint32_t)big_endian(copy->length, 4);
	unsigned char *to;
	uint64_t gpa;

	if (control & COPY_SELECT)
		select_item(fw_cfg, (uint16_t)(control >> 16));
	if (control & COPY_READ) {
		gpa = big_endian(copy->address, 8);
		to = mz_ram_at(fw_cfg->ram, gpa, length);
		if (!to)
			return COPY_ERROR;
		read_item(fw_cfg, to, length);
		mz_tell_written(fw_cfg->space, gpa, length);
		return 0;
	}
	if (control & COPY_WRITE)
		return COPY_ERROR; /* no item can be written */
	if (control & COPY_SKIP)
		move_on(fw_cfg, length);
	return 0;
}

/* The guest may change the description at any time: it is read once. */
static void start_copy(struct mz_fw_cfg *fw_cfg)
{
	const uint64_t gpa = fw_cfg->copy;
	struct copy *in_memory = mz_ram_at(fw_cfg->ram, gpa, sizeof(struct copy));
	struct copy copy;

	fw_cfg->copy = 0;
	if (!in_memory)
		return;
	memcpy(&copy, in_memory, sizeof(copy));
	put_big_endian(copy.control, 4, carry_out(fw_cfg, &copy));
	memcpy(in_memory->control, copy.control, sizeof(copy.control));
	mz_tell_written(fw_cfg->space, gpa, sizeof(copy));
}

static uint64_t ports_read(void *context, uint64_t offset, unsigned bytes)
{
	struct mz_fw_cfg *fw_cfg = context;
	unsigned char byte;
	uint64_t data = 0;

	if (offset == DATA && bytes == 1) {
		read_item(fw_cfg, &byte, 1);
		return byte;
	}
	if (offset < COPY_HIGH)
		return 0;
	for (unsigned i = 0; i < bytes; i++)
		data |= (uint64_t)copy_signature[offset - COPY_HIGH + i] << (8 * i);
	return data;
}

static void ports_write(void *context, uint64_t offset, uint64_t data, unsigned bytes)
{
	struct mz_fw_cfg *fw_cfg = context;

	if (offset == SELECTOR && bytes == 2)
		select_item(fw_cfg, (uint16_t)data);
	if (bytes != 4)
		return;
	if (offset == COPY_HIGH)
		fw_cfg->copy = (uint64_t)__builtin_bswap32((uint32_t)data) << 32;
	if (offset == COPY_LOW) {
		fw_cfg->copy |= __builtin_bswap32((uint32_t)data);
		start_copy(fw_cfg);
	}
}

static void add_item(struct mz_fw_cfg *fw_cfg, uint16_t key, const unsigned char *data,
		     uint32_t bytes)
{
	fw_cfg->items[fw_cfg->item_count++] = (struct mz_fw_cfg_item) {key, data, bytes};
}

int mz_fw_cfg_init(struct mz_fw_cfg *fw_cfg, struct mz_bus *bus, const struct mz_ram *ram,
		   unsigned cpus, struct mz_failure *failure)
{
	const struct mz_device device = {
		.name = "fw-cfg",
		.base = MZ_FW_CFG_BASE,
		.bytes = MZ_FW_CFG_BYTES,
		.context = fw_cfg,
		.read = ports_read,
		.write = ports_write,
	};

	memset(fw_cfg, 0, sizeof(*fw_cfg));
	fw_cfg->ram = ram;
	for (unsigned i = 0; i < sizeof(fw_cfg->ram_bytes); i++)
		fw_cfg->ram_bytes[i] = (unsigned char)(ram->bytes >> (8 * i));
	fw_cfg->cpus[0] = (unsigned char)cpus;
	fw_cfg->cpus[1] = (unsigned char)(cpus >> 8);
	add_item(fw_cfg, KEY_SIGNATURE, signature, sizeof(signature));
	add_item(fw_cfg, KEY_REVISION, revision, sizeof(revision));
	add_item(fw_cfg, KEY_RAM_BYTES, fw_cfg->ram_bytes, sizeof(fw_cfg->ram_bytes));
	add_item(fw_cfg, KEY_CPUS, fw_cfg->cpus, sizeof(fw_cfg->cpus));
	add_item(fw_cfg, KEY_CPUS_MAX, fw_cfg->cpus, sizeof(fw_cfg->cpus));
	add_item(fw_cfg, KEY_DIRECTORY, fw_cfg->directory, sizeof(fw_cfg->directory));
	return mz_bus_add(bus, &device, failure);
}

/* "File Directory": a count, and for each file its size, number, two bytes of nothing, and name. */
static unsigned char *directory_entry(struct mz_fw_cfg *fw_cfg, unsigned number)
{
	return fw_cfg->directory + 4 + (size_t)number * (8 + MZ_FW_CFG_NAME);
}

static bool is_there(struct mz_fw_cfg *fw_cfg, const char *name)
{
	for (unsigned i = 0; i < fw_cfg->file_count; i++)
		if (strcmp((const char *)directory_entry(fw_cfg, i) + 8, name) == 0)
			return true;
	return false;
}

int mz_fw_cfg_add(struct mz_fw_cfg *fw_cfg, const char *name, const unsigned char *data,
		  uint32_t bytes, struct mz_failure *failure)
{
	uint16_t key = (uint16_t)(KEY_FILES + fw_cfg->file_count);
	unsigned char *entry;

	if (!*name || strlen(name) >= MZ_FW_CFG_NAME)
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
			       "fw_cfg: the name '%s' is not of 1 to %d bytes", name,
			       MZ_FW_CFG_NAME - 1);
	if (is_there(fw_cfg, name))
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
			       "fw_cfg: the name '%s' is there already", name);
	if (fw_cfg->file_count == MZ_FW_CFG_FILES)
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT, "fw_cfg: more than %d files",
			       MZ_FW_CFG_FILES);
	entry = directory_entry(fw_cfg, fw_cfg->file_count++);
	put_big_endian(entry, 4, bytes);
	put_big_endian(entry + 4, 2, key);
	strcpy((char *)entry + 8, name);
	put_big_endian(fw_cfg->directory, 4, fw_cfg->file_count);
	add_item(fw_cfg, key, data, bytes);
	return 0;
}

/* No value is wrong: each is looked at when it is used, as the guest may have set any. */
void mz_fw_cfg_state(struct mz_fw_cfg *fw_cfg, struct mz_state *state)
{
	mz_state_part(state, "fw-cfg", 1);
	mz_state_u16(state, &fw_cfg->selected);
	mz_state_u32(state, &fw_cfg->offset);
	mz_state_u64(state, &fw_cfg->copy);
}
