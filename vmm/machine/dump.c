// SPDX-License-Identifier: MPL-2.0
/* The state that a guest died in. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "arch/x86/ia32e.h"
#include "vmm/machine/disassembly.h"
#include "vmm/machine/machine.h"
#include "vmm/machine/walk_text.h"

#define CODE_BEFORE   16
#define CODE_AFTER    32
#define STACK_ROWS    4
#define STACK_COLUMNS 4
#define PAGE_OF(x)    ((x) & ~(uint64_t)(MZ_RAM_PAGE - 1))
#define CR0_PG        (UINT64_C(1) << 31)

struct sink {
	void (*line)(void *context, const char *text);
	void *context;
};

__attribute__((format(printf, 2, 3))) static void say(const struct sink *sink, const char *format,
						      ...)
{
	char text[200];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	sink->line(sink->context, text);
}

static void dump_general(const struct sink *sink, const struct kvm_regs *regs)
{
	const struct {
		const char *name;
		uint64_t value;
	} row[] = {
		{"rax", regs->rax}, {"rbx", regs->rbx}, {"rcx", regs->rcx}, {"rdx", regs->rdx},
		{"rsi", regs->rsi}, {"rdi", regs->rdi}, {"rbp", regs->rbp}, {"rsp", regs->rsp},
		{"r8 ", regs->r8},  {"r9 ", regs->r9},  {"r10", regs->r10}, {"r11", regs->r11},
		{"r12", regs->r12}, {"r13", regs->r13}, {"r14", regs->r14}, {"r15", regs->r15},
	};

	say(sink, "rip %016llx rflags %08llx", regs->rip, regs->rflags);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i += 4)
		say(sink, "%s %016" PRIx64 " %s %016" PRIx64 " %s %016" PRIx64 " %s %016" PRIx64,
		    row[i].name, row[i].value, row[i + 1].name, row[i + 1].value, row[i + 2].name,
		    row[i + 2].value, row[i + 3].name, row[i + 3].value);
}

static void dump_segment(const struct sink *sink, const char *name, const struct kvm_segment *s)
{
	say(sink, "%s  %04x base %016llx limit %08x type %x%s dpl %u%s%s%s", name, s->selector,
	    s->base, s->limit, s->type, s->s ? "" : " system", s->dpl,
	    s->present ? "" : " not-present", s->l ? " 64-bit" : "", s->db ? " 32-bit" : "");
}

static void dump_system(const struct sink *sink, const struct kvm_sregs *sregs)
{
	dump_segment(sink, "cs", &sregs->cs);
	dump_segment(sink, "ss", &sregs->ss);
	dump_segment(sink, "ds", &sregs->ds);
	dump_segment(sink, "es", &sregs->es);
	dump_segment(sink, "fs", &sregs->fs);
	dump_segment(sink, "gs", &sregs->gs);
	dump_segment(sink, "tr", &sregs->tr);
	say(sink, "gdt      base %016llx limit %08x", sregs->gdt.base, sregs->gdt.limit);
	say(sink, "idt      base %016llx limit %08x", sregs->idt.base, sregs->idt.limit);
	say(sink, "cr0 %08llx cr2 %016llx cr3 %016llx cr4 %08llx efer %04llx", sregs->cr0,
	    sregs->cr2, sregs->cr3, sregs->cr4, sregs->efer);
}

/* Bytes at a linear address, as far as they are in RAM. KVM follows what our walk does not. */
static size_t read_linear(const struct mz_vm *vm, const struct mz_guest_paging *paging,
			  uint64_t address, void *data, size_t bytes)
{
	size_t done = 0;
	uint64_t gpa;

	if (paging->kind != MZ_PAGING_OTHER)
		return mz_guest_read(&vm->ram, paging, address, data, bytes);
	for (; done < bytes; done++) {
		const unsigned char *at = NULL;

		if (mz_vcpu_translate(&vm->vcpus[vm->ender].vcpu, address + done, &gpa))
			at = mz_ram_peek(&vm->ram, gpa, 1);
		if (!at)
			break;
		((unsigned char *)data)[done] = *at;
	}
	return done;
}

static unsigned code_bits(const struct kvm_sregs *sregs)
{
	return sregs->cs.l ? 64 : sregs->cs.db ? 32 : 16;
}

static void dump_instructions(const struct sink *sink, const unsigned char *bytes,
			      const bool *there, uint64_t rip, unsigned bits)
{
	size_t first = CODE_BEFORE, end = CODE_BEFORE;
	struct mz_code code = {.address = rip, .bits = bits};

	while (first > 0 && there[first - 1])
		first--;
	while (end < CODE_BEFORE + CODE_AFTER && there[end])
		end++;
	code.bytes = bytes + first;
	code.count = end - first;
	code.here = CODE_BEFORE - first;
	if (code.count > code.here)
		mz_disassemble(&code, sink->line, sink->context);
}

/* The bytes around the instruction pointer, the one it points to in brackets. */
static void dump_code(const struct sink *sink, const struct mz_vm *vm,
		      const struct mz_guest_paging *paging, uint64_t rip, unsigned bits)
{
	unsigned char bytes[CODE_BEFORE + CODE_AFTER];
	bool there[CODE_BEFORE + CODE_AFTER];
	char text[sizeof(bytes) * 3 + 8];
	size_t used = 0;

	for (unsigned i = 0; i < sizeof(bytes); i++) {
		char byte[3] = "--";

		there[i] = read_linear(vm, paging, rip - CODE_BEFORE + i, &bytes[i], 1) == 1;
		if (there[i])
			snprintf(byte, sizeof(byte), "%02x", bytes[i]);
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 i == CODE_BEFORE ? "[%s] " : "%s ", byte);
	}
	say(sink, "code %s", text);
	dump_instructions(sink, bytes, there, rip, bits);
}

/* The words on top of the stack, the topmost first. */
static void dump_stack(const struct sink *sink, const struct mz_vm *vm,
		       const struct mz_guest_paging *paging, const struct kvm_sregs *sregs,
		       uint64_t rsp)
{
	bool wide = sregs->cs.l;
	unsigned bytes = wide ? 8 : sregs->ss.db ? 4 : 2;
	uint64_t pointer = wide ? rsp : sregs->ss.db ? (uint32_t)rsp : (uint16_t)rsp;
	uint64_t top = wide ? pointer : sregs->ss.base + pointer;

	for (unsigned row = 0; row < STACK_ROWS; row++) {
		uint64_t address = top + (uint64_t)row * STACK_COLUMNS * bytes;
		char text[STACK_COLUMNS * 17 + 1] = "";
		size_t used = 0;

		for (unsigned i = 0; i < STACK_COLUMNS; i++) {
			uint64_t word = 0;

			if (read_linear(vm, paging, address + i * bytes, &word, bytes) < bytes)
				break;
			used += (size_t)snprintf(text + used, sizeof(text) - used, " %0*" PRIx64,
						 (int)bytes * 2, word);
		}
		say(sink, "stack %016" PRIx64 "%s", address, used ? text : " --");
		if (!used)
			break;
	}
}

static void dump_steps(const struct sink *sink, const struct mz_format *format,
		       const struct mz_walk *walk)
{
	for (unsigned i = 0; i < walk->step_count; i++)
		say(sink, "  %s", mz_step_text(format, &walk->steps[i]).text);
}

/* Our table: does it map the guest-physical address? */
static void dump_stage_2(const struct sink *sink, const struct mz_vm *vm, uint64_t gpa)
{
	struct mz_region region;
	enum mz_error error;
	struct mz_walk walk;

	say(sink, "stage 2 of guest-physical 0x%" PRIx64 " (%s):", gpa,
	    mz_space_find(&vm->space, mz_ia_from(gpa), &region) ? mz_region_kind_text(region.kind)
								: "nothing is there");
	error = mz_table_walk(&vm->space.table, mz_ia_from(gpa), &walk);
	if (error == MZ_OUT_OF_RANGE) {
		say(sink, "  %s", mz_error_text(error));
		return;
	}
	dump_steps(sink, vm->space.table.config.format, &walk);
	if (error)
		say(sink, "  -> %s", mz_error_text(error));
	else
		say(sink, "  -> 0x%" PRIx64 " of the memory file", walk.item.oa.addr);
}

/* The guest's own tables; answers whether they lead anywhere. */
static bool dump_stage_1(const struct sink *sink, const struct mz_vm *vm,
			 const struct mz_guest_paging *paging, const char *what, uint64_t address,
			 uint64_t *gpa)
{
	enum mz_error error;
	struct mz_walk walk;

	say(sink, "stage 1 of 0x%" PRIx64 " (%s):", address, what);
	*gpa = address;
	if (paging->kind == MZ_PAGING_OFF) {
		say(sink, "  paging is off");
		return true;
	}
	if (paging->kind == MZ_PAGING_OTHER) {
		say(sink, "  not 4-level paging");
		if (!mz_vcpu_translate(&vm->vcpus[vm->ender].vcpu, address, gpa)) {
			say(sink, "  -> KVM finds nothing there");
			return false;
		}
		say(sink, "  -> guest-physical 0x%" PRIx64 ", says KVM", *gpa);
		return true;
	}
	error = mz_guest_walk(&vm->ram, paging, address, &walk);
	if (error == MZ_OUT_OF_RANGE) {
		say(sink, "  %s", mz_error_text(error));
		return false;
	}
	dump_steps(sink, &mz_ia32e, &walk);
	if (error) {
		say(sink, "  -> %s", mz_error_text(error));
		return false;
	}
	*gpa = walk.item.oa.addr;
	say(sink, "  -> guest-physical 0x%" PRIx64, *gpa);
	return true;
}

static void dump_address(const struct sink *sink, const struct mz_vm *vm,
			 const struct mz_guest_paging *paging, const char *what, uint64_t address)
{
	uint64_t gpa;

	if (dump_stage_1(sink, vm, paging, what, address, &gpa))
		dump_stage_2(sink, vm, gpa);
}

/*
 * KVM tells only the guest-physical address of an access. The linear one is most often in a
 * register, within a page, or the same address.
 */
static bool find_linear(const struct mz_vm *vm, const struct mz_guest_paging *paging,
			const struct kvm_regs *regs, uint64_t gpa, uint64_t *address)
{
	const uint64_t candidates[] = {
		gpa,       regs->rax, regs->rbx, regs->rcx, regs->rdx, regs->rsi,
		regs->rdi, regs->rbp, regs->rsp, regs->r8,  regs->r9,  regs->r10,
		regs->r11, regs->r12, regs->r13, regs->r14, regs->r15, regs->rip,
	};

	for (size_t i = 0; i < sizeof(candidates) / sizeof(candidates[0]); i++) {
		uint64_t found;

		*address = PAGE_OF(candidates[i]) | (gpa - PAGE_OF(gpa));
		if (mz_guest_translate(&vm->ram, paging, *address, &found) && found == gpa)
			return true;
	}
	return false;
}

static void dump_unhandled(const struct sink *sink, const struct mz_vm *vm,
			   const struct mz_guest_paging *paging, const struct kvm_regs *regs,
			   uint64_t gpa)
{
	uint64_t address, found;

	if (find_linear(vm, paging, regs, gpa, &address))
		dump_stage_1(sink, vm, paging, "the address", address, &found);
	else
		say(sink, "stage 1: no register holds an address that leads there");
	dump_stage_2(sink, vm, gpa);
}

/* Where the other processors are, and then which one all else is of. */
static void dump_others(const struct sink *sink, const struct mz_vm *vm)
{
	struct kvm_sregs sregs;
	struct kvm_regs regs;

	if (vm->vcpu_count == 1)
		return;
	for (unsigned i = 0; i < vm->vcpu_count; i++) {
		const struct mz_vcpu *vcpu = &vm->vcpus[i].vcpu;

		if (i != vm->ender && !mz_vcpu_registers(vcpu, &regs, &sregs))
			say(sink, "cpu %u rip %016llx rflags %08llx cr3 %016llx%s", i, regs.rip,
			    regs.rflags, sregs.cr3,
			    mz_vcpu_is_dead(vcpu) ? " waits for another" : "");
	}
	say(sink, "cpu %u:", vm->ender);
}

/*
 * On AMD's processors, KVM resets one that has died of a triple fault before anybody can look: it
 * stands where the AMD64 Architecture Programmer's Manual, volume 2, section 14.1.3 has it start.
 */
static bool was_reset(const struct kvm_regs *regs, const struct kvm_sregs *sregs)
{
	return regs->rip == 0xfff0 && sregs->cs.base == 0xffff0000;
}

void mz_vm_dump(const struct mz_vm *vm, const struct mz_outcome *outcome,
		void (*line)(void *context, const char *text), void *context)
{
	const struct sink sink = {line, context};
	struct mz_guest_paging paging;
	struct kvm_sregs sregs;
	struct kvm_regs regs;
	uint64_t rip;

	dump_others(&sink, vm);
	if (mz_vcpu_registers(&vm->vcpus[vm->ender].vcpu, &regs, &sregs)) {
		say(&sink, "KVM does not give the registers");
		return;
	}
	if (outcome->status == MZ_STATUS_CRASH && was_reset(&regs, &sregs)) {
		say(&sink, "KVM has reset the processor: what it died in is lost");
		return;
	}
	paging = mz_vcpu_paging(&sregs);
	rip = sregs.cs.base + regs.rip;
	dump_general(&sink, &regs);
	dump_system(&sink, &sregs);
	dump_code(&sink, vm, &paging, rip, code_bits(&sregs));
	dump_stack(&sink, vm, &paging, &sregs, regs.rsp);
	if (outcome->status == MZ_STATUS_UNHANDLED) {
		dump_unhandled(&sink, vm, &paging, &regs, outcome->gpa);
		return;
	}
	dump_address(&sink, vm, &paging, "rip", rip);
	if ((sregs.cr0 & CR0_PG) && sregs.cr2)
		dump_address(&sink, vm, &paging, "cr2", sregs.cr2);
}
