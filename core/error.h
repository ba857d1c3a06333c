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
	MZ_BAD_CONFIG,    /* what is asked for can not be had of this hardware, or at all */
	MZ_BAD_FORMAT,    /* no format, one that is not complete, or not one that is meant */
	MZ_BAD_HOOKS,     /* a hook is missing, or hooks are given by halves */
	MZ_BAD_LEAVES,    /* leaf levels that the format lacks, or no pages */
	MZ_BAD_FEATURES,  /* features that the format, or the hardware, does not have */
	MZ_BAD_WIDTH,     /* addresses wider than the format's or the hardware's, or of a width that
			     there is not */
	MZ_BAD_GRANULE,   /* no such size of pages, or the hardware lacks it */
	MZ_BAD_ROOT,  /* root entries that there are not, or a root that is not aligned to its size
			 or lies beyond the output addresses */
	MZ_BAD_LEVEL, /* no such level, not the one that the place demands, or more levels
			 than the hardware walks */
	MZ_OVERLAP,   /* a region overlaps another */
	MZ_FULL,      /* no slot is left for another region */
	MZ_ERRORS,
};

/* The error in words: static text, never NULL. */
const char *mz_error_text(enum mz_error error);

#endif
