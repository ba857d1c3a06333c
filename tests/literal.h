/* SPDX-License-Identifier: MPL-2.0 */
/* What tests that compare entries bit by bit with the manuals have in common. */
#ifndef MZ_TESTS_LITERAL_H
#define MZ_TESTS_LITERAL_H

#include "core/format.h"
#include "tests/must.h"

#define RW     (MZ_READ | MZ_WRITE)
#define RX     (MZ_READ | MZ_EXEC)
#define RWX    (MZ_READ | MZ_WRITE | MZ_EXEC)
#define BIT(n) ((uint64_t)1 << (n))

static inline uint64_t leaf(const struct mz_format *f, uint64_t oa, unsigned level, unsigned perm,
			    unsigned memory, unsigned flags)
{
	struct mz_prop prop = {(uint8_t)perm, (uint8_t)memory, (uint16_t)flags};

	must(f->encodable(prop, level, f->features));
	return f->make_leaf(mz_oa_from(oa), level, prop);
}

#endif
