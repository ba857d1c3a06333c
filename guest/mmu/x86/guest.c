// SPDX-License-Identifier: MPL-2.0
/* The nested guest: its stage 1, its code page, and what stands for an access. */
#include "arch/x86/ia32e.h"
#include "guest/mmu/x86/cpu.h"
#include "guest/mmu/x86/machine.h"
#include "guest/mmu/x86/stub.h"

extern const char x86_stub[], x86_stub_end[];

static struct mz_prop stage1_prop(unsigned perm, bool user)
{
	struct mz_prop prop = mz_prop_from(perm);

	prop.flags = (uint16_t)(MZ_ACCESSED | MZ_DIRTY | (user ? MZ_USER : 0));
	return prop;
}

/* mov $tag, %esi; cpuid. */
#define RETURN_MOVE 5

static void write_return(void *at, uint32_t tag)
{
	uint8_t *byte = at;

	byte[0] = 0xbe;
	for (unsigned i = 0; i < 4; i++)
		byte[1 + i] = (uint8_t)(tag >> 8 * i);
	byte[5] = 0x0f;
	byte[6] = 0xa2;
}

/* The guest is not lied to: its stage 1 is what the processor has. */
static void describe_stage1(struct platform *platform)
{
	struct mz_config config = {.format = &mz_ia32e};
	struct mz_ia32e_hardware hardware = {
		.features_edx = cpuid(1, 0).edx,
		.structured_ecx = cpuid(7, 0).ecx,
		.extended_edx = cpuid(0x80000001, 0).edx,
		.address_sizes_eax = cpuid(0x80000008, 0).eax,
	};

	if (mz_ia32e_configure(&config, &hardware) != MZ_OK)
		x86_give_up("the processor lacks NX");
	platform->stage1 = config.format;
	platform->stage1_leaf_levels = config.leaf_levels;
	platform->stage1_features = config.features & MZ_HW_ACCESSED_DIRTY;
	platform->stage1_oa_lg2 = config.oa_lg2;
	platform->stage1_flags_set = MZ_ACCESSED | MZ_DIRTY;
	platform->stage1_links_accessed = true;
	platform->stage1_prop = stage1_prop;
}

void x86_describe(struct platform *platform)
{
	struct x86_range ram = x86_free_memory();

	platform->ram_first = mz_oa_from(ram.first);
	platform->ram_bytes = ram.end - ram.first;
	describe_stage1(platform);
	platform->stub = x86_stub;
	platform->stub_bytes = (size_t)(x86_stub_end - x86_stub);
	platform->write_return = write_return;
}

static unsigned way_of(const struct access *access)
{
	bool pokes = access->poke_va != 0;

	if (access->kind == MZ_WRITE)
		return pokes ? X86_STUB_POKE_WRITE : X86_STUB_WRITE;
	if (access->kind == MZ_READ)
		return pokes ? X86_STUB_POKE : X86_STUB_READ;
	return X86_STUB_EXEC;
}

static unsigned way_end(const struct access *access)
{
	bool pokes = access->poke_va != 0;

	if (access->kind == MZ_WRITE)
		return pokes ? X86_STUB_POKE_WRITE_END : X86_STUB_WRITE_END;
	return pokes ? X86_STUB_POKE_END : X86_STUB_READ_END;
}

struct x86_registers x86_access_begin(const struct access *access, uint64_t code_va)
{
	return (struct x86_registers) {
		.rip = code_va + way_of(access),
		.rdi = access->va,
		.rsi = access->value,
		.rdx = access->poke_va,
	};
}

bool x86_access_done(const struct access *access, uint64_t code_va,
		     const struct x86_registers *registers)
{
	return registers->rip ==
		(access->kind == MZ_EXEC ? access->va + RETURN_MOVE : code_va + way_end(access));
}
