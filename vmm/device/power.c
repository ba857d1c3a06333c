// SPDX-License-Identifier: MPL-2.0
/* How a guest ends its machine: what of it is state. */
#include "vmm/device/power.h"

void mz_power_state(struct mz_power *power, struct mz_state *state)
{
	uint8_t request = (uint8_t)mz_power_asked(power);

	mz_state_part(state, "power", 1);
	mz_state_u8(state, &request);
	if (mz_state_check(state, request <= MZ_POWER_PANIC, "an end that there is not"))
		__atomic_store_n(&power->request, (int)request, __ATOMIC_RELEASE);
}
