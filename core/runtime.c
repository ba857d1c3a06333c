// SPDX-License-Identifier: MPL-2.0
/*
 * The run-time instance: the same algorithms for a format that was not known when they were
 * compiled.
 */
#include "core/instance.h"

const struct mz_ops mz_runtime_ops = MZ_INSTANCE_OPS;
