// SPDX-License-Identifier: MPL-2.0
/*
 * Moves between a register and memory that is not there: the processor tells no more of them than
 * the address. Source: AMD APM volume 3, section 1.2 "Instruction encoding", and MOV, MOVZX.
 */
#include "arch/x86/ia32e.h"
#include "core/walk.h"
#include "guest/bare/bare.h"
#include "guest/lib/machine.h"

struct code {
	const uint8_t *next;
	unsigned left;
	bool short_operand; /* prefix 66 */
	uint8_t rex;
};

struct move {
	bool store;
	uint8_t bytes;   /* in memory */
	uint8_t widened; /* in the register */
	uint8_t reg;     /* its number */
};

#define REX_W 8
#define REX_R 4

/* The guest's memory, as its own tables and ours find it. */
static const uint64_t *guest_node_at(void *context, mz_oa node, size_t bytes)
{
	const struct bare *bare = context;

	return node.addr <= RAM_BYTES - bytes ? (const uint64_t *)(bare->ram + node.addr) : NULL;
}

static bool find_code(struct bare *bare, struct code *code)
{
	struct mz_walk walk;
	uint64_t gpa;

	if (mz_walk_root(&mz_ia32e, mz_oa_from(bare->vmcb->cr3), guest_node_at, bare,
			 mz_ia_from(bare->vmcb->rip), &walk) != MZ_OK)
		return false;
	gpa = walk.item.oa.addr;
	if (gpa >= RAM_BYTES)
		return false;
	*code = (struct code) {.next = bare->ram + gpa, .left = 15};
	if (code->left > RAM_BYTES - gpa)
		code->left = (unsigned)(RAM_BYTES - gpa);
	return true;
}

/* What is beyond the end reads as 0, which is no move. */
static uint8_t take(struct code *code)
{
	if (code->left == 0)
		return 0;
	code->left--;
	return *code->next++;
}

static void skip(struct code *code, unsigned bytes)
{
	while (bytes-- > 0)
		(void)take(code);
}

/* Takes ModRM and what belongs to it; answers the register in it. */
static uint8_t take_operands(struct code *code)
{
	uint8_t modrm = take(code);
	unsigned mode = modrm >> 6, base = modrm & 7;

	if (mode != 3 && base == 4)
		base = take(code) & 7;
	if (mode == 1)
		skip(code, 1);
	else if (mode == 2 || (mode == 0 && base == 5))
		skip(code, 4);
	return (uint8_t)((modrm >> 3 & 7) | (code->rex & REX_R ? 8 : 0));
}

static uint8_t take_prefixes(struct code *code)
{
	uint8_t byte = take(code);

	while (byte == 0x66) {
		code->short_operand = true;
		byte = take(code);
	}
	if ((byte & 0xf0) == 0x40) {
		code->rex = byte;
		byte = take(code);
	}
	return byte;
}

static bool take_move(struct code *code, struct move *move)
{
	uint8_t opcode = take_prefixes(code);
	uint8_t word = code->rex & REX_W ? 8 : code->short_operand ? 2 : 4;

	switch (opcode) {
	case 0x0f: /* MOVZX */
		opcode = take(code);
		*move = (struct move) {false, opcode == 0xb6 ? 1 : 2, word, 0};
		move->reg = take_operands(code);
		return opcode == 0xb6 || opcode == 0xb7;
	case 0x88:
	case 0x89:
	case 0x8a:
	case 0x8b:
		*move = (struct move) {opcode < 0x8a, opcode & 1 ? word : 1, 0, 0};
		move->reg = take_operands(code);
		break;
	case 0xa0:
	case 0xa1:
	case 0xa2:
	case 0xa3: /* rax, and an address of 8 bytes */
		*move = (struct move) {opcode > 0xa1, opcode & 1 ? word : 1, 0, 0};
		skip(code, 8);
		break;
	case 0xc6:
	case 0xc7: /* a constant, which nobody asks for */
		*move = (struct move) {true, opcode & 1 ? word : 1, 0, 0};
		(void)take_operands(code);
		skip(code, move->bytes < 4 ? move->bytes : 4);
		break;
	default:
		return false;
	}
	move->widened = move->bytes;
	/* Without REX, the bytes 4 to 7 are parts of other registers. */
	return move->store || move->bytes > 1 || code->rex != 0 || move->reg < 4;
}

static uint64_t *register_at(struct bare *bare, unsigned number)
{
	struct svm_registers *r = &bare->registers;
	uint64_t *const by_number[] = {&bare->vmcb->rax, &r->rcx, &r->rdx, &r->rbx,
				       &bare->vmcb->rsp, &r->rbp, &r->rsi, &r->rdi,
				       &r->r8,           &r->r9,  &r->r10, &r->r11,
				       &r->r12,          &r->r13, &r->r14, &r->r15};

	return by_number[number];
}

/* The device has its name; all else reads as 0, and takes no writes. */
static uint64_t device_read(uint64_t offset, unsigned bytes)
{
	static const char name[] = "MEZZTEST";
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes && offset + i < sizeof(name) - 1; i++)
		value |= (uint64_t)(uint8_t)name[offset + i] << 8 * i;
	return value;
}

/* Registers of 8 and 4 bytes are written whole, others in part. */
static void put(uint64_t *reg, uint64_t value, unsigned bytes)
{
	uint64_t mask = bytes >= 4 ? UINT64_MAX : ((uint64_t)1 << 8 * bytes) - 1;

	*reg = (*reg & ~mask) | (value & mask);
}

bool move_instead(struct bare *bare, mz_ia gpa, bool read_only)
{
	struct code code;
	struct move move;
	const uint8_t *first;

	if (!find_code(bare, &code))
		return false;
	first = code.next;
	if (!take_move(&code, &move) || code.left == 0 || (read_only && !move.store))
		return false;
	if (!move.store)
		put(register_at(bare, move.reg), device_read(gpa.addr - DEVICE_BASE, move.bytes),
		    move.widened);
	bare->rom_writes += read_only;
	bare->vmcb->rip += (uint64_t)(code.next - first);
	return true;
}
