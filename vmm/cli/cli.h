/* SPDX-License-Identifier: MPL-2.0 */
/* The commands of mezz. Each parses its own arguments and answers the exit status. */
#ifndef MZ_VMM_CLI_H
#define MZ_VMM_CLI_H

#include "vmm/base/failure.h"

/*
 * `argv[0]` is the command as a user would call it, "mezz run". Bad arguments end the process with
 * their status.
 */
int mz_cmd_run(int argc, char **argv);
int mz_cmd_fuzz(int argc, char **argv);
int mz_cmd_restore(int argc, char **argv);
int mz_cmd_clone(int argc, char **argv);
int mz_cmd_snapshot(int argc, char **argv);
int mz_cmd_control(int argc, char **argv);
int mz_cmd_test(int argc, char **argv);
int mz_cmd_info(int argc, char **argv);
int mz_cmd_table(int argc, char **argv);
int mz_cmd_walk(int argc, char **argv);
int mz_cmd_report(int argc, char **argv);

/*
 * Ends a command: says on standard error what failed, if `result` is not 0, or that standard output
 * could not be written. Answers the exit status.
 */
int mz_cli_finish(const char *command, int result, const struct mz_failure *failure);

#endif
