/* SPDX-License-Identifier: MPL-2.0 */
/* In place of core/instance.h, for proofs of what says nothing of the algorithms. */
#define MZ_INSTANCE_OPS     \
	{                   \
		.map = NULL \
	}
