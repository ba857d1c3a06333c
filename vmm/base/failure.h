/* SPDX-License-Identifier: MPL-2.0 */
/* Why a call into libmezzvm failed, and the statuses that a run of `mezz` can end with. */
#ifndef MZ_VMM_FAILURE_H
#define MZ_VMM_FAILURE_H

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Exit statuses of `mezz`; the contract of mezz(1). 0 to MZ_STATUS_GUEST_MAX are the guest's own.
 * 130 and 143 follow SIGINT and SIGTERM, as in a shell.
 */
enum mz_status {
	MZ_STATUS_OK = 0,
	MZ_STATUS_GUEST_MAX = 99,     /* the guest's status was this or greater */
	MZ_STATUS_CRASH = 100,        /* triple fault, or KVM could not go on */
	MZ_STATUS_HALTED = 101,       /* halted with nothing that could wake it */
	MZ_STATUS_UNHANDLED = 102,    /* touched an address where nothing is */
	MZ_STATUS_TIMEOUT = 103,      /* --timeout ran out */
	MZ_STATUS_RESET = 104,        /* the guest reset its machine */
	MZ_STATUS_PANIC = 105,        /* the guest's kernel panicked, and said so */
	MZ_STATUS_BAD_ARGUMENT = 110, /* options, values, mappings */
	MZ_STATUS_BAD_IMAGE = 111,    /* the image or a module can't be loaded */
	MZ_STATUS_HOST_LACKS = 112,   /* the host does not offer what the run needs */
	MZ_STATUS_HOST_FAILED =
		113, /* the host refused or ran out: memory, files, standard output */
	MZ_STATUS_INTERRUPTED = 130,
	MZ_STATUS_TERMINATED = 143,
};

/*
 * The status is what `mezz` would exit with; the text names what failed and where, without a
 * newline.
 */
struct mz_failure {
	enum mz_status status;
	char text[320];
};

/*
 * Fills in a failure; answers -1, so that a function can end with it. Text that does not fit is
 * cut.
 */
__attribute__((format(printf, 3, 4))) int mz_fail(struct mz_failure *failure, enum mz_status status,
						  const char *format, ...);

#ifdef __cplusplus
}
#endif

#endif
