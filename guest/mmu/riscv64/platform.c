// SPDX-License-Identifier: MPL-2.0
/*
 * HS mode with a VS or VU guest. Sections are those of the RISC-V privileged specification, version
 * 20211203.
 */
#include "guest/mmu/riscv64/riscv64.h"

#include "arch/riscv/riscv.h"
#include "guest/lib/guest.h"

/* By number: the assembler need not know the hypervisor extension. */
#define CSR_HSTATUS 0x600
#define CSR_HGATP   0x680
#define CSR_VSATP   0x280

#define csr_read(csr)                                                      \
	({                                                                 \
		uint64_t value_;                                           \
		__asm__ volatile("csrr %0, %1" : "=r"(value_) : "i"(csr)); \
		value_;                                                    \
	})
#define csr_write(csr, value) \
	__asm__ volatile("csrw %0, %1" ::"i"(csr), "r"((uint64_t)(value)) : "memory")

#define CSR_SSTATUS 0x100
#define SSTATUS_SPP ((uint64_t)1 << 8) /* 4.1.1 */

/* 8.2.1, hstatus. */
#define HSTATUS_GVA  ((uint64_t)1 << 6)
#define HSTATUS_SPV  ((uint64_t)1 << 7)
#define HSTATUS_SPVP ((uint64_t)1 << 8)

/* 8.2.10, hgatp: the VMID. */
#define VMID       1
#define VMID_SHIFT 44

/* 4.2.1 and 8.6.1: scause. */
enum {
	ECALL_U = 8,
	ECALL_VS = 10,
	FETCH_PAGE_FAULT = 12,
	LOAD_PAGE_FAULT = 13,
	STORE_PAGE_FAULT = 15,
	FETCH_GUEST_FAULT = 20,
	LOAD_GUEST_FAULT = 21,
	STORE_GUEST_FAULT = 23,
};

/* The interrupt controller of QEMU's virt machine: when the timer of hart 0 goes off. */
#define CLINT_MTIMECMP 0x02004000

static uint64_t code_vas[2]; /* for the kernel, for the user */

/* 8.3.2, HFENCE.GVMA: funct7 49; rs1 an address >> 2, rs2 a VMID. HFENCE.VVMA: funct7 17. */
static void hfence_gvma(void)
{
	__asm__ volatile(".insn r 0x73, 0, 49, x0, x0, x0" ::: "memory");
}

static void hfence_gvma_address(uint64_t address, uint64_t vmid)
{
	__asm__ volatile(".insn r 0x73, 0, 49, x0, %0, %1" ::"r"(address >> 2), "r"(vmid)
			 : "memory");
}

static void hfence_gvma_vmid(uint64_t vmid)
{
	__asm__ volatile(".insn r 0x73, 0, 49, x0, x0, %0" ::"r"(vmid) : "memory");
}

static void hfence_vvma(void)
{
	__asm__ volatile(".insn r 0x73, 0, 17, x0, x0, x0" ::: "memory");
}

static void use(const struct stage *stage, const struct mz_table *stage2,
		const struct mz_table *stage1, uint64_t code_va, uint64_t user_code_va)
{
	(void)stage;
	code_vas[0] = code_va;
	code_vas[1] = user_code_va;
	csr_write(CSR_HGATP, mz_table_root_register(stage2) | (uint64_t)VMID << VMID_SHIFT);
	csr_write(CSR_VSATP, mz_table_root_register(stage1));
	hfence_gvma();
	hfence_vvma();
}

/* arch/riscv/riscv.h: by address once a leaf; all of the VMID where nodes were cut or there are
 * many. */
static void flush(void *context, mz_ia first, mz_ia last, bool nodes)
{
	const uint64_t page = 4096;

	(void)context;
	if (nodes || last.addr - first.addr >= 64 * page) {
		hfence_gvma_vmid(VMID);
		return;
	}
	for (uint64_t at = first.addr & ~(page - 1); at <= last.addr; at += page)
		hfence_gvma_address(at, VMID);
}

static void flush_stage1(void)
{
	hfence_vvma();
}

static struct mz_prop stage1_prop(unsigned perm, bool user)
{
	struct mz_prop prop = mz_prop_from(perm);

	prop.flags = (uint16_t)(MZ_ACCESSED | MZ_DIRTY | (user ? MZ_USER : 0));
	return prop;
}

/* lui a0, tag 31:12; addiw a0, a0, tag 11:0; ecall. The low part is signed. */
static void write_return(void *at, uint32_t tag)
{
	uint32_t *code = at;

	code[0] = ((tag + 0x800) & 0xfffff000) | 10 << 7 | 0x37;
	code[1] = tag << 20 | 10 << 15 | 10 << 7 | 0x1b;
	code[2] = 0x00000073;
}

static enum ending ending_of(uint64_t scause, uint64_t hstatus)
{
	switch (scause) {
	case ECALL_U:
	case ECALL_VS:
		return ENDING_DONE;
	case FETCH_PAGE_FAULT:
	case LOAD_PAGE_FAULT:
	case STORE_PAGE_FAULT:
		return ENDING_GUEST_FAULT;
	case FETCH_GUEST_FAULT:
	case LOAD_GUEST_FAULT:
	case STORE_GUEST_FAULT:
		/* 8.2.1: stval holds an address of the guest's. */
		return (hstatus & HSTATUS_GVA) != 0 ? ENDING_FAULT : ENDING_UNEXPECTED;
	default:
		return ENDING_UNEXPECTED;
	}
}

static uint64_t entry_of(const struct access *access)
{
	uint64_t code = code_vas[access->user ? 1 : 0];

	if (access->kind == MZ_EXEC)
		return access->va;
	if (access->kind == MZ_WRITE)
		return code + (access->poke_va != 0 ? STUB_POKE_WRITE : STUB_WRITE);
	return code + (access->poke_va != 0 ? STUB_POKE : STUB_READ);
}

static struct outcome access_by_guest(const struct access *access)
{
	struct guest_state state = {
		.pc = entry_of(access),
		.a0 = access->va,
		.a1 = access->value,
		.a2 = access->poke_va,
	};
	uint64_t hstatus = csr_read(CSR_HSTATUS) | HSTATUS_SPV;
	uint64_t sstatus = csr_read(CSR_SSTATUS);
	struct outcome outcome;

	/* 8.6.3, table 8.9: SRET with SPV goes to VS mode by SPP 1, to VU mode by SPP 0. */
	csr_write(CSR_HSTATUS, access->user ? hstatus & ~HSTATUS_SPVP : hstatus | HSTATUS_SPVP);
	csr_write(CSR_SSTATUS, access->user ? sstatus & ~SSTATUS_SPP : sstatus | SSTATUS_SPP);
	guest_enter(&state);
	outcome.ending = ending_of(state.scause, state.hstatus);
	outcome.value = state.a0_after;
	outcome.fault = mz_riscv_g_fault(state.scause, state.stval, state.htval, state.htinst);
	outcome.raw[0] = state.scause;
	outcome.raw[1] = state.stval;
	outcome.raw[2] = state.htval;
	outcome.raw[3] = state.htinst;
	return outcome;
}

/* 8.2.10: an unsupported MODE leaves hgatp as it was. */
static uint32_t modes_found(void)
{
	uint32_t modes = 0;

	for (uint64_t mode = 8; mode <= 10; mode++) {
		csr_write(CSR_HGATP, 0);
		csr_write(CSR_HGATP, mode << 60);
		if (csr_read(CSR_HGATP) >> 60 == mode)
			modes |= 1u << mode;
	}
	csr_write(CSR_HGATP, 0);
	return modes;
}

static const struct wanted {
	const char *name, *name_svpbmt;
	const struct mz_format *format, *stage1;
} wanted[] = {
	{"sv39x4", "sv39x4_svpbmt", &mz_riscv_sv39x4, &mz_riscv_sv39},
	{"sv48x4", "sv48x4_svpbmt", &mz_riscv_sv48x4, &mz_riscv_sv48},
	{"sv57x4", "sv57x4_svpbmt", &mz_riscv_sv57x4, &mz_riscv_sv57},
};

#define WANTED (sizeof(wanted) / sizeof(wanted[0]))

static struct stage stages[WANTED];

static unsigned make_stages(const uint8_t *device_tree)
{
	/* QEMU 7.2 has no Svadu to switch, and sets A and D always. */
	struct mz_riscv_hardware hardware = {
		.modes = modes_found(),
		.svadu = true,
		.svpbmt = machine_has(device_tree, "svpbmt"),
	};
	unsigned count = 0;

	for (unsigned i = 0; i < WANTED; i++) {
		struct stage *stage = &stages[count];

		*stage = (struct stage) {
			.name = hardware.svpbmt ? wanted[i].name_svpbmt : wanted[i].name,
			.config.format = wanted[i].format,
			.stage1 = wanted[i].stage1,
			/* See address_signed() in deviation.c. */
			.random_ia_lg2 = wanted[i].format->ia_lg2 - 1,
			.flags_set = MZ_ACCESSED | MZ_DIRTY,
			.flags_always = true,
			/* 4.3.1, table 4.5: write without read is reserved. */
			.bad_perms = 1u << MZ_WRITE | 1u << (MZ_WRITE | MZ_EXEC),
			.spoil = riscv_spoil,
		};
		if (mz_riscv_configure(&stage->config, &hardware) == MZ_OK)
			count++;
	}
	return count;
}

_Noreturn void riscv_main(const uint8_t *device_tree)
{
	static struct platform platform = {
		.name = "riscv64",
		.ram_bytes = (uint64_t)96 << 20,
		.stages = stages,
		.stage1 = &mz_riscv_sv39,
		.stage1_features = MZ_HW_ACCESSED_DIRTY | MZ_EXEC_ONLY,
		.stage1_oa_lg2 = 56,
		.stage1_flags_set = MZ_ACCESSED | MZ_DIRTY,
		.stage1_prop = stage1_prop,
		.stub = guest_stub,
		.write_return = write_return,
		.use = use,
		.flush = flush,
		.flush_stage1 = flush_stage1,
		.access = access_by_guest,
		.device = {CLINT_MTIMECMP},
		.syndrome_right = riscv_syndrome_right,
		.deviation = riscv_deviation,
	};

	platform.ram_first = mz_oa_from((uint64_t)image_end);
	platform.stub_bytes = (size_t)(guest_stub_end - guest_stub);
	platform.stage_count = make_stages(device_tree);
	mmu_main(&platform);
}
