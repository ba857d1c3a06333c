/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Writing ACPI Machine Language, as much of it as describing devices takes. Source: ACPI
 * Specification 6.4, chapter 20 "AML" and section 6.4 "Resource data types".
 *
 * What is begun is ended, in turn: mz_aml_end() takes what the beginning answered. Output that does
 * not fit is dropped, and `overflow` says so.
 */
#ifndef MZ_VMM_AML_H
#define MZ_VMM_AML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mz_aml {
	unsigned char *bytes;
	size_t used, room;
	bool overflow;
};

/* Names are of 4 letters, or such with a backslash in front. */
size_t mz_aml_scope(struct mz_aml *aml, const char *name);
size_t mz_aml_device(struct mz_aml *aml, const char *name);
void mz_aml_end(struct mz_aml *aml, size_t begun);

/* Name(NAME, value) */
void mz_aml_name_number(struct mz_aml *aml, const char *name, uint32_t value);
void mz_aml_name_text(struct mz_aml *aml, const char *name, const char *text);
void mz_aml_name_package(struct mz_aml *aml, const char *name, const uint32_t *values,
			 unsigned count);

/* _HID as the compressed form of a name such as PNP0501. */
void mz_aml_eisa_id(struct mz_aml *aml, const char *id);

/* Name(_CRS, ...): resources between begin and end. */
size_t mz_aml_resources(struct mz_aml *aml);
void mz_aml_resources_end(struct mz_aml *aml, size_t begun);
void mz_aml_ports(struct mz_aml *aml, uint16_t base, uint8_t count);
void mz_aml_memory(struct mz_aml *aml, uint32_t base, uint32_t bytes);
void mz_aml_interrupt(struct mz_aml *aml, uint32_t gsi); /* an edge, active high */

#endif
