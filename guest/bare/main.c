// SPDX-License-Identifier: MPL-2.0
/*
 * The beginning and the end. The guest's image is the loader's first module; its memory is that of
 * the machine from 64 MiB up.
 */
#include "guest/bare/bare.h"
#include "guest/lib/guest.h"
#include "guest/mmu/x86/machine.h"

#define RAM_AT (64 * MEBIBYTE)

static struct vmcb vmcb __attribute__((aligned(4096)));
static struct bare bare = {.vmcb = &vmcb, .ram = (uint8_t *)(uintptr_t)RAM_AT};

void give_up(const char *why)
{
	x86_give_up(why);
}

void platform_main(void)
{
	struct x86_range module = x86_module(), memory = x86_free_memory();
	const char *lacking = svm_begin();
	unsigned status;

	if (lacking != NULL)
		give_up(lacking);
	if (module.first == module.end)
		give_up("the loader has brought no guest: it is to be the first module");
	if (module.end > RAM_AT || memory.end < RAM_AT + RAM_BYTES)
		give_up("the machine has too little memory");
	space_make(&bare);
	guest_load(&bare, (const uint8_t *)(uintptr_t)module.first, module.end - module.first);
	status = guest_run(&bare);
	report(&bare);
	finish(status);
}
