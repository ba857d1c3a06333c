// SPDX-License-Identifier: MPL-2.0
/* Where everything lies. */
#include "vmm/memory/layout.h"

#include <inttypes.h>

/* What no processor's addresses reach. Source: Intel SDM volume 3A, section 4.1.4. */
#define END_MAX ((uint64_t)1 << 52)

static uint64_t up(uint64_t value, uint64_t unit)
{
	return (value + unit - 1) / unit * unit;
}

static int check_place(const struct mz_ram *ram, const struct mz_place *place,
		       struct mz_failure *failure)
{
	uint64_t grain = mz_ram_grain(ram);

	if (place->bytes == 0 || place->bytes % grain != 0 || place->gpa % grain != 0)
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
			       "memory of %" PRIu64 " bytes at 0x%" PRIx64
			       " is not made of whole pages of %" PRIu64 " bytes",
			       place->bytes, place->gpa, grain);
	if (place->gpa >= END_MAX || place->bytes > END_MAX - place->gpa)
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
			       "memory of %" PRIu64 " bytes at 0x%" PRIx64
			       " is beyond any address of a processor",
			       place->bytes, place->gpa);
	if (place->gpa < MZ_RAM_HIGH_BASE && place->gpa + place->bytes > MZ_RAM_LOW_END)
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
			       "memory of %" PRIu64 " bytes at 0x%" PRIx64
			       " is where devices are, from 0x%x to 0xffffffff",
			       place->bytes, place->gpa, MZ_RAM_LOW_END);
	return 0;
}

/* Sorted by address. */
static void insert(struct mz_ram *ram, uint64_t gpa, uint64_t bytes)
{
	unsigned at = ram->bank_count++;

	for (; at > 0 && ram->banks[at - 1].gpa > gpa; at--)
		ram->banks[at] = ram->banks[at - 1];
	ram->banks[at] = (struct mz_bank) {.gpa = gpa, .bytes = bytes};
}

static void insert_main(struct mz_ram *ram, uint64_t bytes)
{
	uint64_t low = bytes < MZ_RAM_LOW_END ? bytes : MZ_RAM_LOW_END;

	insert(ram, 0, low);
	if (bytes > low)
		insert(ram, MZ_RAM_HIGH_BASE, bytes - low);
}

static int check_overlap(const struct mz_ram *ram, struct mz_failure *failure)
{
	for (unsigned i = 1; i < ram->bank_count; i++) {
		const struct mz_bank *bank = &ram->banks[i], *before = bank - 1;

		if (bank->gpa < before->gpa + before->bytes)
			return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
				       "memory of %" PRIu64 " bytes at 0x%" PRIx64
				       " overlaps that of %" PRIu64 " bytes at 0x%" PRIx64,
				       bank->bytes, bank->gpa, before->bytes, before->gpa);
	}
	return 0;
}

/* What continues another bank is part of it, for the guest and for who looks for room. */
static void join(struct mz_ram *ram)
{
	unsigned last = 0;

	for (unsigned i = 1; i < ram->bank_count; i++) {
		struct mz_bank *bank = &ram->banks[last];

		if (bank->gpa + bank->bytes == ram->banks[i].gpa)
			bank->bytes += ram->banks[i].bytes;
		else
			ram->banks[++last] = ram->banks[i];
	}
	ram->bank_count = last + 1;
}

/* Huge pages ask that offsets be aligned as the guest's addresses are. */
static void place_in_file(struct mz_ram *ram)
{
	uint64_t end = 0;

	for (unsigned i = 0; i < ram->bank_count; i++) {
		struct mz_bank *bank = &ram->banks[i];

		bank->offset = end + (bank->gpa - end) % MZ_HUGE_PAGE;
		end = bank->offset + bank->bytes;
		ram->bytes += bank->bytes;
	}
	ram->file_bytes = end;
}

int mz_lay_out_banks_(struct mz_ram *ram, const struct mz_ram_config *config,
		      struct mz_failure *failure)
{
	if (config->more_count > MZ_PLACE_MAX)
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT, "more than %d further banks",
			       MZ_PLACE_MAX);
	insert_main(ram, config->bytes);
	for (unsigned i = 0; i < config->more_count; i++) {
		if (check_place(ram, &config->more[i], failure))
			return -1;
		insert(ram, config->more[i].gpa, config->more[i].bytes);
	}
	if (check_overlap(ram, failure))
		return -1;
	join(ram);
	place_in_file(ram);
	return 0;
}

/* The shares that fit there lie among the devices, where 32-bit guests reach them, too. */
static void place_share(struct mz_share *share, uint64_t *low, uint64_t *high)
{
	uint64_t *next = share->bank.bytes <= MZ_SHARE_LOW_END - *low ? low : high;

	share->bank.gpa = *next;
	*next += up(share->bank.bytes, MZ_HUGE_PAGE);
}

void mz_lay_out_rest_(struct mz_ram *ram)
{
	const struct mz_bank *last = &ram->banks[ram->bank_count - 1];
	uint64_t low = MZ_SHARE_LOW_BASE, high = up(last->gpa + last->bytes, MZ_SHARE_HIGH_UNIT);
	uint64_t end = up(ram->file_bytes, MZ_HUGE_PAGE);

	if (high < MZ_RAM_HIGH_BASE)
		high = MZ_RAM_HIGH_BASE;
	ram->rom = (struct mz_bank) {.gpa = MZ_ROM_BASE, .bytes = MZ_ROM_BYTES, .offset = end};
	end += up(MZ_ROM_BYTES, MZ_HUGE_PAGE);
	for (unsigned i = 0; i < ram->share_count; i++) {
		struct mz_share *share = &ram->shares[i];

		place_share(share, &low, &high);
		share->bank.offset = end;
		end += up(share->bank.bytes, MZ_HUGE_PAGE);
	}
	ram->window_bytes = end;
}
