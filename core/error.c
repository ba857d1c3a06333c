// SPDX-License-Identifier: MPL-2.0
#include "core/error.h"

const char *mz_error_text(enum mz_error error)
{
	static const char *const texts[MZ_ERRORS] = {
		[MZ_OK] = "no error",
		[MZ_NO_MEMORY] = "out of memory for nodes",
		[MZ_OCCUPIED] = "something is mapped there already",
		[MZ_NOT_MAPPED] = "nothing is mapped there",
		[MZ_MISALIGNED] = "not a multiple of the page",
		[MZ_OUT_OF_RANGE] = "out of range",
		[MZ_NOT_ENCODABLE] = "the format can't express these properties",
		[MZ_BAD_CONFIG] = "what is asked for can not be had",
		[MZ_BAD_FORMAT] = "there is no complete format of the kind that is meant",
		[MZ_BAD_HOOKS] = "a hook is missing",
		[MZ_BAD_LEAVES] = "the format has no such leaf levels",
		[MZ_BAD_FEATURES] = "the format or the hardware has no such features",
		[MZ_BAD_WIDTH] = "addresses can't be this wide",
		[MZ_BAD_GRANULE] = "pages can't have this size",
		[MZ_BAD_ROOT] = "the root has no such entries, or is misplaced",
		[MZ_BAD_LEVEL] = "there is no such level here",
		[MZ_OVERLAP] = "overlaps another region",
		[MZ_FULL] = "no room for another region",
	};

	return (unsigned)error < MZ_ERRORS ? texts[error] : "unknown error";
}
