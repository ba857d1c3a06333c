/* SPDX-License-Identifier: MPL-2.0 */
/* Spots a text in bytes that pass by. */
#ifndef MZ_VMM_SPOTTER_H
#define MZ_VMM_SPOTTER_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mz_spotter {
	const char *text; /* not empty; NULL: nothing is spotted */
	size_t passed;    /* so much of the text is what has passed last */
};

/* A byte passes. True: with it, the text has passed as a whole. */
bool mz_spotter_pass(struct mz_spotter *spotter, unsigned char byte);

#ifdef __cplusplus
}
#endif

#endif
