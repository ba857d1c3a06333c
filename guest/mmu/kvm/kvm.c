// SPDX-License-Identifier: MPL-2.0
/*
 * x86-64 stage 1 as a platform of the scenarios: the processor's own paging, in a virtual machine
 * or not. The program itself goes on under the tables that are tested. Sections are those of the
 * Intel SDM, volume 3A (September 2023).
 */
#include "guest/mmu/kvm/kvm.h"

#include "arch/x86/ia32e.h"
#include "guest/mmu/x86/cpu.h"
#include "guest/mmu/x86/machine.h"
#include "guest/mmu/x86/x86.h"

#define BREAKPOINT 3
#define PAGE_FAULT 14

_Static_assert(offsetof(struct kvm_access, rip) == KVM_RIP &&
		       offsetof(struct kvm_access, user) == KVM_USER &&
		       offsetof(struct kvm_access, rip_end) == KVM_RIP_END &&
		       offsetof(struct kvm_access, cr2) == KVM_CR2,
	       "enter.S knows where the members are");

static uint64_t code_at[2]; /* for the kernel, for the user */
static uint64_t own_table;  /* CR3 of the image's own tables */
static unsigned levels = 4;

/* ---- Segments ------------------------------------------------------------------------------ */

/* Sections 3.4.5 and 7.2.3: start.S has no segments for the user, and a task without a stack. */
static uint64_t segments[] = {
	0,
	0x00af9b000000ffff, /* X86_CODE */
	0x00cf93000000ffff, /* X86_DATA */
	0x00cf9b000000ffff, /* X86_CODE32 */
	0,                  /* X86_TASK: filled in */
	0,
	0x00cff3000000ffff, /* KVM_USER_DATA */
	0x00affb000000ffff, /* KVM_USER_CODE */
};

_Static_assert(sizeof(segments) == (KVM_USER_CODE & ~7) + 8, "selectors are offsets");

/* Section 8.7, figure 8-11: the stack of privilege level 0 is at offset 4. */
static uint32_t task[X86_TASK_BYTES / 4];
static uint8_t trap_stack[4096] __attribute__((aligned(16)));

static void load_segments(void)
{
	uint64_t base = (uintptr_t)task, top = (uintptr_t)trap_stack + sizeof(trap_stack);
	struct __attribute__((packed)) {
		uint16_t last;
		uint64_t base;
	} table = {sizeof(segments) - 1, (uintptr_t)segments};

	task[1] = (uint32_t)top;
	task[2] = (uint32_t)(top >> 32);
	segments[X86_TASK / 8] = (X86_TASK_BYTES - 1) | (base & 0xffffff) << 16 |
		(uint64_t)0x89 << 40 | (base >> 24 & 0xff) << 56;
	segments[X86_TASK / 8 + 1] = base >> 32;
	__asm__ volatile("lgdt %0\n\tltr %w1" : : "m"(table), "r"(X86_TASK) : "memory");
}

/* ---- The platform's functions -------------------------------------------------------------- */

static void leave(void)
{
	cr3_write(own_table);
}

static void use(const struct stage *stage, const struct mz_table *table,
		const struct mz_table *none, uint64_t code_va, uint64_t user_code_va)
{
	(void)stage;
	(void)none;
	code_at[0] = code_va;
	code_at[1] = user_code_va;
	leave();
	if (table->config.format->levels != levels) {
		levels = table->config.format->levels;
		x86_paging(levels);
		own_table = cr3_read();
	}
	cr3_write(mz_table_root_register(table));
}

/* arch/x86/ia32e.h: INVLPG for each page; CR3 where there are many. */
static void flush(void *context, mz_ia first, mz_ia last, bool nodes)
{
	const uint64_t page = 4096;

	(void)context;
	(void)nodes;
	if (last.addr - first.addr >= 32 * page) {
		cr3_write(cr3_read());
		return;
	}
	for (uint64_t at = first.addr & ~(page - 1); at <= last.addr; at += page)
		__asm__ volatile("invlpg (%0)" : : "r"(at) : "memory");
}

static void flush_nothing(void)
{
}

/* mov $tag, %esi; int3. */
#define RETURN_BYTES 6

static void write_return(void *at, uint32_t tag)
{
	uint8_t *byte = at;

	byte[0] = 0xbe;
	for (unsigned i = 0; i < 4; i++)
		byte[1 + i] = (uint8_t)(tag >> 8 * i);
	byte[5] = 0xcc;
}

static uint64_t way_of(const struct access *access)
{
	uint64_t code = code_at[access->user ? 1 : 0];
	bool pokes = access->poke_va != 0;

	if (access->kind == MZ_EXEC)
		return access->va;
	if (access->kind == MZ_WRITE)
		return code + (pokes ? KVM_POKE_WRITE : KVM_WRITE);
	return code + (pokes ? KVM_POKE : KVM_READ);
}

static uint64_t end_of(const struct access *access)
{
	uint64_t code = code_at[access->user ? 1 : 0];
	bool pokes = access->poke_va != 0;

	if (access->kind == MZ_EXEC)
		return access->va + RETURN_BYTES;
	if (access->kind == MZ_WRITE)
		return code + (pokes ? KVM_POKE_WRITE_END : KVM_WRITE_END);
	return code + (pokes ? KVM_POKE_END : KVM_READ_END);
}

static struct outcome access_once(const struct access *access)
{
	struct kvm_access run = {
		.rip = way_of(access),
		.rdi = access->va,
		.rsi = access->value,
		.rdx = access->poke_va,
		.user = access->user,
	};
	struct outcome outcome = {.ending = ENDING_UNEXPECTED};

	kvm_enter(&run);
	outcome.value = run.rsi;
	outcome.raw[0] = run.vector;
	outcome.raw[1] = run.error;
	outcome.raw[2] = run.cr2;
	outcome.raw[3] = run.rip_end;
	if (run.vector == BREAKPOINT && run.rip_end == end_of(access))
		outcome.ending = ENDING_DONE;
	if (run.vector == PAGE_FAULT) {
		outcome.ending = ENDING_FAULT;
		outcome.fault = mz_ia32e_fault((uint32_t)run.error, run.cr2);
	}
	return outcome;
}

/* ---- What there is ------------------------------------------------------------------------- */

static struct stage stages[2];

static unsigned find_stages(void)
{
	static const struct {
		const char *name;
		const struct mz_format *format;
	} wanted[] = {{"ia32e", &mz_ia32e}, {"ia32e5", &mz_ia32e5}};
	struct mz_ia32e_hardware hardware = {
		.features_edx = cpuid(1, 0).edx,
		.structured_ecx = cpuid(7, 0).ecx,
		.extended_edx = cpuid(0x80000001, 0).edx,
		.address_sizes_eax = cpuid(0x80000008, 0).eax,
	};
	unsigned count = 0;

	for (unsigned i = 0; i < 2; i++) {
		struct stage *stage = &stages[count];

		*stage = (struct stage) {
			.name = wanted[i].name,
			.config.format = wanted[i].format,
			.random_ia_lg2 = 45, /* below the code pages */
			.flags_set = MZ_ACCESSED | MZ_DIRTY,
			.flags_always = true,
			.links_accessed = true,
			.spoil = kvm_spoil,
		};
		if (mz_ia32e_configure(&stage->config, &hardware) != MZ_OK)
			continue;
		/* CR4.PKE is off. */
		stage->config.features &= ~(uint32_t)MZ_PROTECTION_KEYS;
		count++;
	}
	return count;
}

void platform_main(void)
{
	static struct platform platform = {
		.name = "kvm",
		.stages = stages,
		.stub = kvm_stub,
		.write_return = write_return,
		.use = use,
		.leave = leave,
		.flush = flush,
		.flush_stage1 = flush_nothing,
		.access = access_once,
		.syndrome_right = kvm_syndrome_right,
		.deviation = kvm_deviation,
		.never_stale = "the hypervisor sees at once what is written to tables",
		/* Where KVM has no hardware to walk tables, it emulates the kernel, slowly. */
		.random_accesses = 12000,
		.ram_bytes = (uint64_t)64 << 20,
	};
	struct x86_range ram = x86_free_memory();

	load_segments();
	x86_catch(BREAKPOINT, kvm_breakpoint, 3);
	x86_catch(PAGE_FAULT, kvm_page_fault, 0);
	msr_write(MSR_PAT, MZ_PAT_VALUE);
	own_table = cr3_read();
	platform.ram_first = mz_oa_from(ram.first);
	if (ram.end - ram.first < platform.ram_bytes)
		x86_give_up("there is too little memory");
	platform.stub_bytes = (size_t)(kvm_stub_end - kvm_stub);
	platform.stage_count = find_stages();
	mmu_main(&platform);
}
