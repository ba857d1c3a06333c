/* SPDX-License-Identifier: MPL-2.0 */
/* Errors are values. Whatever returns one has changed nothing. */
#ifndef MZ_CORE_ERROR_H
#define MZ_CORE_ERROR_H

enum mz_error {
	MZ_OK = 0,
	MZ_NO_MEMORY,     /* a node could not be had */
	MZ_OCCUPIED,      /* something is mapped in the range already */
	MZ_NOT_MAPPED,    /* nothing is mapped there */
	MZ_MISALIGNED,    /* an address or a size is not a multiple of the base page */
	MZ_OUT_OF_RANGE,  /* an address is beyond the format or the table's part of it, or a range
			     wraps or is empty */
	MZ_NOT_ENCODABLE, /* the format, or the hardware's part of it, can't express the properties
			   */
	MZ_BAD_CONFIG,    /* the configuration contradicts itself or the format */
	MZ_BAD_LEVEL,     /* no such level, or not the level that the place demands */
	MZ_OVERLAP,       /* a region overlaps another */
	MZ_FULL,          /* no slot is left for another region */
	MZ_ERRORS,
};

/* The error in words: static text, never NULL. */
const char *mz_error_text(enum mz_error error);

#endif
