/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Processors that run guests beside one another, one for each thread that uses one. Each walks a
 * table as the MMU of its format does: it sets flags, and keeps translations, and the last node
 * that it came to, until a flush names them. It is no reader, and takes no lock of the table's; a
 * flush waits for the access under way.
 *
 * With them come a read-copy-update by epochs, for threads that have said who they are.
 */
#ifndef MZ_TESTS_PROCESSORS_H
#define MZ_TESTS_PROCESSORS_H

#include "core/table.h"

#define PROCESSORS 4
#define READERS    8

/* Before any thread uses them. Nothing is cached or retired. */
void processors_begin(const struct mz_format *format);

/* The thread that calls is reader `number`. */
void processors_join(unsigned number);

struct mz_rcu processors_rcu(void);

/* Drops what was cached of the table that accesses name by this number. */
struct mz_flush processors_flush(unsigned table);

/* Ends a grace period. Answers whether anything was reclaimed, and may be retired anew. */
bool processors_reclaim(void);

/*
 * An access to `table`, which is called `number`, by a processor. False: the MMU does not let it.
 * Otherwise `act` is called with the output address, before a flush that begins now can end.
 */
bool processor_access(unsigned processor, const struct mz_table *table, unsigned number,
		      uint64_t ia, enum mz_perm access, void (*act)(void *context, uint64_t oa),
		      void *context);

/* The processor forgets what it has cached of the table. */
void processor_leave(unsigned processor, unsigned number);

#endif
