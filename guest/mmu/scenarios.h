/* SPDX-License-Identifier: MPL-2.0 */
/* The scenarios, each over one second stage, and what they share. */
#ifndef GUEST_MMU_SCENARIOS_H
#define GUEST_MMU_SCENARIOS_H

#include "guest/mmu/judge.h"
#include "guest/mmu/report.h"
#include "guest/mmu/world.h"

/* Every permission at every leaf level, by each kind of access. */
void scenario_permissions(const struct platform *platform, const struct stage *stage);

#endif
