/* SPDX-License-Identifier: MPL-2.0 */
/*
 * One instance of the algorithms. A .c file defines MZ_INSTANCE_FORMAT, the format as an lvalue,
 * includes this file once, and makes its struct mz_ops from MZ_INSTANCE_OPS. With a constant format
 * everything folds: no call through a pointer is left but those to the embedder's hooks. Without
 * MZ_INSTANCE_FORMAT it is the run-time instance.
 */
#include "core/body/cursor.h"
#include "core/body/drop.h"
#include "core/body/fill.h"
#include "core/body/find.h"
#include "core/body/harvest.h"
#include "core/body/map.h"
#include "core/body/protect.h"
#include "core/body/unmap.h"
#include "core/body/write.h"

#define MZ_INSTANCE_OPS                                                                            \
	{                                                                                          \
		.map = instance_map, .unmap = instance_unmap, .protect = instance_protect,         \
		.fill = instance_fill, .write_protect = instance_write_protect,                    \
		.write_enable = instance_write_enable, .harvest = instance_harvest,                \
		.find = instance_find, .drop = instance_drop, .cursor_open = instance_cursor_open, \
		.cursor_close = instance_cursor_close, .cursor_query = instance_cursor_query,      \
		.cursor_map = instance_cursor_map, .cursor_take_next = instance_cursor_take_next,  \
		.cursor_protect_next = instance_cursor_protect_next,                               \
	}
