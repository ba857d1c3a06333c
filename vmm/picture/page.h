/* SPDX-License-Identifier: MPL-2.0 */
/* The page that shows a recording: one HTML file, which needs nothing else. */
#ifndef MZ_VMM_PICTURE_PAGE_H
#define MZ_VMM_PICTURE_PAGE_H

#include <jansson.h>
#include <stdio.h>

/* Writes the page, or the recording alone. What fails is known from ferror(). */
void mz_page_write(FILE *file, const json_t *recording);
void mz_page_write_json(FILE *file, const json_t *recording);

#endif
