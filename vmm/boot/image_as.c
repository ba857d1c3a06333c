// SPDX-License-Identifier: MPL-2.0
/* The names of what an image can be, for people. */
#include "vmm/base/text.h"
#include "vmm/boot/image_format.h"

struct name {
	const char *text;
	enum mz_image_kind kind;
	enum mz_image_mode mode;
};

/* A flat image's address stands behind its name. */
static const struct name names[] = {
	{"linux", MZ_IMAGE_LINUX, MZ_MODE_LONG},
	{"pvh", MZ_IMAGE_PVH, MZ_MODE_PROTECTED},
	{"multiboot2", MZ_IMAGE_MULTIBOOT2, MZ_MODE_PROTECTED},
	{"multiboot", MZ_IMAGE_MULTIBOOT, MZ_MODE_PROTECTED},
	{"elf", MZ_IMAGE_ELF, MZ_MODE_LONG},
	{"flat16@", MZ_IMAGE_FLAT, MZ_MODE_REAL},
	{"flat32@", MZ_IMAGE_FLAT, MZ_MODE_PROTECTED},
	{"flat64@", MZ_IMAGE_FLAT, MZ_MODE_LONG},
};

#define ALL_NAMES \
	"linux, pvh, multiboot2, multiboot, elf, flat16@ADDRESS, flat32@ADDRESS, flat64@ADDRESS"

static bool is_named(const struct name *name, const char *text)
{
	if (name->kind == MZ_IMAGE_FLAT)
		return strncmp(text, name->text, strlen(name->text)) == 0;
	return strcmp(text, name->text) == 0;
}

int mz_image_as_parse(struct mz_image_as *as, const char *text, struct mz_failure *failure)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *address = text + strlen(names[i].text);

		if (!is_named(&names[i], text))
			continue;
		*as = (struct mz_image_as) {.kind = names[i].kind, .mode = names[i].mode};
		if (as->kind == MZ_IMAGE_FLAT && !mz_number_parse(address, &as->address))
			return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT, "'%s' is not an address",
				       address);
		return 0;
	}
	return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT, "'%s' is not one of " ALL_NAMES, text);
}

const char *mz_image_text(const struct mz_image *image)
{
	static const char *const elf[] = {
		[MZ_MODE_REAL] = "ELF",
		[MZ_MODE_PROTECTED] = "32-bit ELF",
		[MZ_MODE_LONG] = "64-bit ELF",
	};
	static const char *const flat[] = {
		[MZ_MODE_REAL] = "flat 16-bit",
		[MZ_MODE_PROTECTED] = "flat 32-bit",
		[MZ_MODE_LONG] = "flat 64-bit",
	};

	switch (image->kind) {
	case MZ_IMAGE_ANY:
		break;
	case MZ_IMAGE_LINUX:
		return "Linux";
	case MZ_IMAGE_PVH:
		return "PVH";
	case MZ_IMAGE_MULTIBOOT2:
		return "multiboot 2";
	case MZ_IMAGE_MULTIBOOT:
		return "multiboot";
	case MZ_IMAGE_ELF:
		return elf[image->mode];
	case MZ_IMAGE_FLAT:
		return flat[image->mode];
	}
	return "unknown";
}
