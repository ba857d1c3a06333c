// SPDX-License-Identifier: MPL-2.0
/* Keys that are not for the guest. */
#include "vmm/device/console_keys.h"

#define CTRL(letter)   ((letter)&0x1f)
#define PREFIX         CTRL('a')
#define END_OF_INPUT   CTRL('d')
#define ERASE_LINE     CTRL('u')
#define ERASE          0x7f
#define ERASE_AS_CTRL  CTRL('h')
#define FIRST_TO_PRINT 0x20
#define LAST_TO_PRINT  0x7e

static enum mz_key set_open(struct mz_keys *keys, bool open)
{
	keys->open = open;
	keys->used = 0;
	keys->line[0] = '\0';
	return open ? MZ_KEY_EDIT : MZ_KEY_CLOSE;
}

static enum mz_key after_prefix(struct mz_keys *keys, unsigned char byte)
{
	keys->prefix = false;
	switch (byte) {
	case PREFIX:
		return keys->open ? MZ_KEY_NOTHING : MZ_KEY_GUEST;
	case 'x':
		return MZ_KEY_QUIT;
	case 'h':
	case '?':
		return MZ_KEY_HELP;
	case 'c':
		return set_open(keys, !keys->open);
	default:
		return MZ_KEY_NOTHING;
	}
}

static enum mz_key cut_at(struct mz_keys *keys, size_t used)
{
	keys->used = used;
	keys->line[used] = '\0';
	return MZ_KEY_EDIT;
}

/* The text stays until the next key of the line. */
static enum mz_key complete(struct mz_keys *keys)
{
	if (keys->used == 0)
		return set_open(keys, false);
	keys->used = 0;
	return MZ_KEY_COMMAND;
}

static enum mz_key add(struct mz_keys *keys, unsigned char byte)
{
	if (byte < FIRST_TO_PRINT || byte > LAST_TO_PRINT || keys->used + 1 == MZ_KEYS_LINE)
		return MZ_KEY_NOTHING;
	keys->line[keys->used] = (char)byte;
	return cut_at(keys, keys->used + 1);
}

static enum mz_key edit(struct mz_keys *keys, unsigned char byte)
{
	switch (byte) {
	case '\r':
	case '\n':
		return complete(keys);
	case END_OF_INPUT:
		return keys->used == 0 ? set_open(keys, false) : MZ_KEY_NOTHING;
	case ERASE_LINE:
		return cut_at(keys, 0);
	case ERASE:
	case ERASE_AS_CTRL:
		return cut_at(keys, keys->used > 0 ? keys->used - 1 : 0);
	default:
		return add(keys, byte);
	}
}

enum mz_key mz_keys_press(struct mz_keys *keys, unsigned char byte)
{
	if (keys->prefix)
		return after_prefix(keys, byte);
	if (byte == PREFIX) {
		keys->prefix = true;
		return MZ_KEY_NOTHING;
	}
	return keys->open ? edit(keys, byte) : MZ_KEY_GUEST;
}
