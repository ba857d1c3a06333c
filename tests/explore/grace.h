/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Read-copy-update under the explorer. A retirement waits for the readers whose sections have begun
 * and not ended; when the last of them has left, its reclaimer, a task of its own, may run. So in
 * some run memory is freed at the first moment at which it may be, and in others later.
 */
#ifndef MZ_TESTS_EXPLORE_GRACE_H
#define MZ_TESTS_EXPLORE_GRACE_H

#include "core/config.h"
#include "tests/explore/clock.h"

struct mz_rcu grace_hooks(void);

/* No reader, nothing retired. */
void grace_clear(void);

/* May the reclaimer begin; and after which steps does it come? */
bool grace_over(unsigned task);
const struct clock *grace_order(unsigned task);

#endif
