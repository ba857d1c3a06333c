// SPDX-License-Identifier: MPL-2.0
/* Code as instructions. */
#include "vmm/machine/disassembly.h"

#ifdef MZ_HAVE_CAPSTONE

#include <capstone.h>
#include <dlfcn.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "vmm/base/library.h"

#define TEXT_OF(x)   #x
#define VALUE_OF(x)  TEXT_OF(x)
#define LIBRARY      "libcapstone.so." VALUE_OF(CS_API_MAJOR)
#define SHOWN_BEFORE 5u
#define BYTES_MAX    15 /* of an instruction: Intel SDM volume 2A, section 2.3.11 */

struct engine {
	void *library;
	csh handle;
	cs_err (*open)(cs_arch arch, cs_mode mode, csh *handle);
	cs_err (*close)(csh *handle);
	size_t (*disassemble)(csh handle, const uint8_t *code, size_t bytes, uint64_t address,
			      size_t count, cs_insn **instructions);
	void (*free)(cs_insn *instructions, size_t count);
};

struct sink {
	void (*line)(void *context, const char *text);
	void *context;
};

static bool load(struct engine *engine, unsigned bits)
{
	cs_mode mode = bits == 64 ? CS_MODE_64 : bits == 32 ? CS_MODE_32 : CS_MODE_16;

	return mz_library_find(engine->library, "cs_open", &engine->open) &&
		mz_library_find(engine->library, "cs_close", &engine->close) &&
		mz_library_find(engine->library, "cs_disasm", &engine->disassemble) &&
		mz_library_find(engine->library, "cs_free", &engine->free) &&
		engine->open(CS_ARCH_X86, mode, &engine->handle) == CS_ERR_OK;
}

static void show(const struct sink *sink, const cs_insn *instruction, bool here)
{
	char bytes[BYTES_MAX * 3 + 1] = "";
	char text[sizeof(bytes) + sizeof(instruction->mnemonic) + sizeof(instruction->op_str) + 32];

	for (int i = 0; i < instruction->size && i < BYTES_MAX; i++)
		snprintf(bytes + 3 * i, 4, "%02x ", instruction->bytes[i]);
	snprintf(text, sizeof(text), "%s %016" PRIx64 "  %-30s %s %s", here ? "=>" : "  ",
		 instruction->address, bytes, instruction->mnemonic, instruction->op_str);
	sink->line(sink->context, text);
}

/* Shows the last few of the instructions that are exactly these bytes; false: they are none. */
static bool show_run(const struct engine *engine, const struct sink *sink,
		     const unsigned char *bytes, size_t count, uint64_t address)
{
	cs_insn *instructions = NULL;
	size_t got = engine->disassemble(engine->handle, bytes, count, address, 0, &instructions);
	bool whole = got > 0 &&
		instructions[got - 1].address + instructions[got - 1].size == address + count;

	for (size_t i = got > SHOWN_BEFORE ? got - SHOWN_BEFORE : 0; whole && i < got; i++)
		show(sink, &instructions[i], false);
	if (got > 0)
		engine->free(instructions, got);
	return whole;
}

static void show_before(const struct engine *engine, const struct sink *sink,
			const struct mz_code *code)
{
	for (size_t from = 0; from < code->here; from++)
		if (show_run(engine, sink, code->bytes + from, code->here - from,
			     code->address - (code->here - from)))
			return;
}

static void show_from_here(const struct engine *engine, const struct sink *sink,
			   const struct mz_code *code)
{
	cs_insn *instructions = NULL;
	size_t got = engine->disassemble(engine->handle, code->bytes + code->here,
					 code->count - code->here, code->address, 0, &instructions);

	for (size_t i = 0; i < got; i++)
		show(sink, &instructions[i], i == 0);
	if (got > 0)
		engine->free(instructions, got);
}

void mz_disassemble(const struct mz_code *code, void (*line)(void *context, const char *text),
		    void *context)
{
	const struct sink sink = {line, context};
	struct engine engine = {.library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL)};

	if (!engine.library)
		return;
	if (load(&engine, code->bits)) {
		show_before(&engine, &sink, code);
		show_from_here(&engine, &sink, code);
		engine.close(&engine.handle);
	}
	dlclose(engine.library);
}

#else

void mz_disassemble(const struct mz_code *code, void (*line)(void *context, const char *text),
		    void *context)
{
	(void)code;
	(void)line;
	(void)context;
}

#endif
