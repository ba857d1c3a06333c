// SPDX-License-Identifier: MPL-2.0
/* What surrounds Arm's tables: identification, control registers, syndromes. */
#include "arch/arm/arm.h"

static unsigned field(uint64_t value, unsigned shift, unsigned bits)
{
	return (unsigned)(value >> shift) & ((1u << bits) - 1);
}

/* ID_AA64MMFR0_EL1.PARange; also IPS and PS. Sizes beyond 52 bits are more than entries hold. */
static const uint8_t oa_sizes[] = {32, 36, 40, 42, 44, 48, 52};

#define OA_SIZES (sizeof(oa_sizes) / sizeof(oa_sizes[0]))

static unsigned oa_code(unsigned bits)
{
	unsigned code = 0;

	while (code < OA_SIZES - 1 && oa_sizes[code] < bits)
		code++;
	return code;
}

/* A granule's field for stage 2: 0 as stage 1, 1 none, 2 there, 3 there with 52 bits. */
static void stage_2_granule(struct mz_arm_hardware *hardware, unsigned page_lg2, unsigned code)
{
	uint32_t bit = 1u << page_lg2;

	if (code == 0) {
		hardware->s2_pages |= hardware->s1_pages & bit;
		hardware->s2_wide |= hardware->s1_wide & bit;
	} else if (code == 2 || code == 3) {
		hardware->s2_pages |= bit;
		hardware->s2_wide |= code == 3 ? bit : 0;
	}
}

struct mz_arm_hardware mz_arm_hardware_from(uint64_t mmfr0, uint64_t mmfr1, uint64_t mmfr2)
{
	struct mz_arm_hardware hardware = {0};
	unsigned range = field(mmfr0, 0, 4), dirty = field(mmfr1, 0, 4);
	unsigned gran4 = field(mmfr0, 28, 4), gran16 = field(mmfr0, 20, 4);
	bool lpa;

	hardware.oa_bits = oa_sizes[range < OA_SIZES ? range : OA_SIZES - 1];
	lpa = hardware.oa_bits == 52;
	/* TGran4: 0 there, 1 with LPA2, 15 none. TGran16: 0 none, 1 there, 2 with LPA2. */
	if (gran4 < 8) {
		hardware.s1_pages |= 1u << 12;
		hardware.s1_wide |= gran4 != 0 ? 1u << 12 : 0;
	}
	if (gran16 != 0) {
		hardware.s1_pages |= 1u << 14;
		hardware.s1_wide |= gran16 > 1 ? 1u << 14 : 0;
	}
	/* TGran64: 0 there, 15 none; 52 bits come with the physical range. */
	if (field(mmfr0, 24, 4) < 8) {
		hardware.s1_pages |= 1u << 16;
		hardware.s1_wide |= lpa ? 1u << 16 : 0;
	}
	/* VARange: 0 48 bits, else 52 with 64 KiB; with the others they come with LPA2. */
	hardware.s1_wide_ia = hardware.s1_wide;
	if (field(mmfr2, 16, 4) == 0)
		hardware.s1_wide_ia &= ~(1u << 16);
	stage_2_granule(&hardware, 12, field(mmfr0, 40, 4));
	stage_2_granule(&hardware, 14, field(mmfr0, 32, 4));
	stage_2_granule(&hardware, 16, field(mmfr0, 36, 4));
	if ((hardware.s2_pages >> 16 & 1) != 0 && lpa)
		hardware.s2_wide |= 1u << 16;

	/* HAFDBS: 1 the access flag, 2 dirty state too. VMIDBits: 2 is 16 bits. XNX: 1. */
	hardware.features = dirty != 0 ? MZ_HW_ACCESSED_DIRTY : 0;
	hardware.options = (dirty > 1 ? MZ_ARM_DBM : 0u) |
		(field(mmfr1, 28, 4) != 0 ? MZ_ARM_XNX : 0u) |
		(field(mmfr2, 40, 4) != 0 ? MZ_ARM_FWB : 0u);
	hardware.vmid_bits = field(mmfr1, 4, 4) == 2 ? 16 : 8;
	hardware.bbm = field(mmfr2, 52, 4);
	if (hardware.bbm >= 2)
		hardware.features |= MZ_LIVE_SPLITS;
	return hardware;
}

/* What the processor lacks of what is wanted; the first in the order of arch/arm/arm.h. */
static enum mz_error lack(const struct mz_arm_hardware *hardware, uint32_t pages, uint32_t wide,
			  unsigned page_lg2, unsigned oa_bits, unsigned options)
{
	unsigned optional = MZ_ARM_DBM | MZ_ARM_XNX | MZ_ARM_FWB;

	if ((pages >> page_lg2 & 1) == 0)
		return MZ_BAD_GRANULE;
	if ((options & optional & ~hardware->options) != 0)
		return MZ_BAD_FEATURES;
	if (oa_bits > hardware->oa_bits ||
	    ((options & MZ_ARM_WIDE) != 0 && (wide >> page_lg2 & 1) == 0))
		return MZ_BAD_WIDTH;
	return MZ_OK;
}

enum mz_error mz_arm_s2_supported(const struct mz_arm_hardware *hardware,
				  const struct mz_arm_s2 *wanted)
{
	struct mz_format format;
	enum mz_error error = mz_arm_s2_format(wanted, &format);

	return error != MZ_OK ? error
			      : lack(hardware, hardware->s2_pages, hardware->s2_wide,
				     wanted->page_lg2, wanted->oa_bits, wanted->options);
}

enum mz_error mz_arm_s1_supported(const struct mz_arm_hardware *hardware,
				  const struct mz_arm_s1 *wanted)
{
	struct mz_format format;
	enum mz_error error = mz_arm_s1_format(wanted, &format);

	if (error == MZ_OK)
		error = lack(hardware, hardware->s1_pages, hardware->s1_wide, wanted->page_lg2,
			     wanted->oa_bits, wanted->options);
	if (error == MZ_OK && wanted->ia_bits > 48 &&
	    (hardware->s1_wide_ia >> wanted->page_lg2 & 1) == 0)
		error = MZ_BAD_WIDTH;
	return error;
}

/*
 * The fields that all three registers have in their low half: T0SZ 5:0, IRGN0 9:8 and ORGN0 11:10
 * write-back, SH0 13:12 inner, TG0 15:14, where 64 KiB is 1 and 16 KiB is 2.
 */
static uint64_t control(const struct mz_format *f)
{
	unsigned granule = f->page_lg2 == 12 ? 0 : f->page_lg2 == 14 ? 2 : 1;

	return (64u - f->ia_lg2) | 1u << 8 | 1u << 10 | 3u << 12 | (uint64_t)granule << 14;
}

static bool needs_ds(unsigned page_lg2, unsigned options)
{
	return (options & MZ_ARM_WIDE) != 0 && page_lg2 != 16;
}

/* SL0 7:6, PS 18:16, VS 19, HA 21, HD 22, 31 is RES1, DS 32. */
uint64_t mz_arm_vtcr(const struct mz_arm_s2 *wanted, uint32_t features, unsigned vmid_bits)
{
	struct mz_format f;
	unsigned start;
	uint64_t value;

	if (mz_arm_s2_format(wanted, &f) != MZ_OK)
		return 0;
	/* 4 KiB: 0 is level 2, 1 level 1, 2 level 0. Others: 0 is level 3, and so on. */
	start = f.levels - (f.page_lg2 == 12 ? 2u : 1u);
	value = control(&f) | (uint64_t)start << 6 | (uint64_t)oa_code(f.oa_lg2) << 16 |
		(uint64_t)1 << 31;
	if (vmid_bits == 16)
		value |= 1u << 19;
	if ((features & MZ_HW_ACCESSED_DIRTY) != 0)
		value |= 1u << 21 | (wanted->options & MZ_ARM_DBM ? 1u << 22 : 0u);
	return value | (uint64_t)needs_ds(wanted->page_lg2, wanted->options) << 32;
}

/*
 * TCR_EL1: EPD1 23, IPS 34:32, HA 39, HD 40, DS 59. TCR_EL2: PS 18:16, HA 21, HD 22, 23 and 31 are
 * RES1, DS 32.
 */
uint64_t mz_arm_tcr(const struct mz_arm_s1 *wanted, uint32_t features)
{
	struct mz_format f;
	bool el2 = (wanted->options & MZ_ARM_EL2) != 0;
	bool ha = (features & MZ_HW_ACCESSED_DIRTY) != 0;
	bool hd = ha && (wanted->options & MZ_ARM_DBM) != 0;
	uint64_t ds = needs_ds(wanted->page_lg2, wanted->options);
	uint64_t size;

	if (mz_arm_s1_format(wanted, &f) != MZ_OK)
		return 0;
	size = oa_code(f.oa_lg2);
	if (el2)
		return control(&f) | size << 16 | (uint64_t)ha << 21 | (uint64_t)hd << 22 |
			1u << 23 | (uint64_t)1 << 31 | ds << 32;
	return control(&f) | 1u << 23 | size << 32 | (uint64_t)ha << 39 | (uint64_t)hd << 40 |
		ds << 59;
}

/* ESR_ELx, an abort: EC 31:26, FnV 10, CM 8, S1PTW 7, WnR 6, DFSC or IFSC 5:0. */
enum {
	EC_INSTRUCTION_LOWER = 0x20,
	EC_INSTRUCTION_SAME = 0x21,
	EC_DATA_LOWER = 0x24,
	EC_DATA_SAME = 0x25,
	ESR_WNR = 1 << 6,
	ESR_S1PTW = 1 << 7,
	ESR_CM = 1 << 8,
	ESR_FNV = 1 << 10,
};

/* Address size, translation, access flag and permission have four codes each, by level. */
static void decode_status(struct mz_fault_record *record, unsigned status)
{
	static const uint8_t causes[] = {MZ_FAULT_ADDRESS_SIZE, MZ_FAULT_ABSENT,
					 MZ_FAULT_ACCESS_FLAG, MZ_FAULT_DENIED};

	if (status < 16) {
		record->cause = causes[status / 4];
		record->level = (uint8_t)(4 - status % 4);
	} else if (status == 0x29 || status == 0x2b) {
		/* Of level -1. */
		record->cause = status == 0x29 ? MZ_FAULT_ADDRESS_SIZE : MZ_FAULT_ABSENT;
		record->level = 5;
	} else {
		record->cause = MZ_FAULT_OTHER;
		/* An external abort on a walk has a level: 0x13 -1, 0x14 to 0x17 the others. */
		if (status >= 0x13 && status <= 0x17)
			record->level = (uint8_t)(5 - (status - 0x13));
	}
}

/* False: not an abort. */
static bool decode(struct mz_fault_record *record, uint64_t esr, uint64_t far)
{
	unsigned class = field(esr, 26, 6);

	if (class != EC_INSTRUCTION_LOWER && class != EC_INSTRUCTION_SAME &&
	    class != EC_DATA_LOWER && class != EC_DATA_SAME)
		return false;
	decode_status(record, field(esr, 0, 6));
	if (class == EC_INSTRUCTION_LOWER || class == EC_INSTRUCTION_SAME)
		record->access = MZ_EXEC;
	else
		record->access = (esr & ESR_WNR) != 0 && (esr & ESR_CM) == 0 ? MZ_WRITE : MZ_READ;
	/* FnV counts for synchronous external aborts alone, and is 0 elsewhere. */
	record->has_guest_va = (esr & ESR_FNV) == 0;
	record->guest_va = record->has_guest_va ? far : 0;
	return true;
}

struct mz_fault_record mz_arm_s2_fault(uint64_t esr, uint64_t far, uint64_t hpfar)
{
	struct mz_fault_record record = {0};

	if (!decode(&record, esr, far))
		return record;
	record.walk = (esr & ESR_S1PTW) != 0;
	if (record.walk)
		record.access = record.cause == MZ_FAULT_DENIED ? MZ_WRITE : MZ_READ;
	record.has_ia = record.cause != MZ_FAULT_OTHER &&
		(record.walk || record.cause != MZ_FAULT_DENIED);
	if (record.has_ia) {
		/* FIPA: bits 55:12 in 47:4. What lies in the page is the access's own. */
		record.ia.addr = (hpfar & 0x0000fffffffffff0u) << 8;
		if (!record.walk)
			record.ia.addr |= far & 0xfff;
	}
	return record;
}

struct mz_fault_record mz_arm_s1_fault(uint64_t esr, uint64_t far)
{
	struct mz_fault_record record = {0};
	unsigned class = field(esr, 26, 6);

	if (!decode(&record, esr, far))
		return record;
	record.user = class == EC_INSTRUCTION_LOWER || class == EC_DATA_LOWER;
	record.has_ia = record.has_guest_va;
	record.ia.addr = record.guest_va;
	return record;
}
