// SPDX-License-Identifier: MPL-2.0
#include "vmm/suite/pool.h"

#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct run {
	const struct mz_pool *pool;
	const struct mz_suite *suite;
	struct mz_result *results;
	guint next;     /* the case that is started next */
	GList *at_work; /* of struct job */
	int signal;
	GMainLoop *loop;
};

/* What a case prints, one way or the other. */
struct stream {
	struct job *job;
	int fd;
	guint source; /* 0: it has ended */
};

/* A case that is running. */
struct job {
	struct run *run;
	struct mz_result *result;
	GPid pid;
	struct stream out, err;
	bool killed;
	guint killer; /* the timer */
	gint64 start_us;
};

static void start_more(struct run *run);

/* Reads what is there, or waits for some. 0: there is no more. */
static ssize_t take_output(const struct stream *stream)
{
	struct job *job = stream->job;
	char buffer[4096];
	ssize_t got = TEMP_FAILURE_RETRY(read(stream->fd, buffer, sizeof(buffer)));

	if (got <= 0)
		return 0;
	if (stream == &job->out) {
		mz_lines_feed(&job->result->lines, buffer, (size_t)got);
		mz_result_keep(job->result->output, buffer, (size_t)got);
	} else {
		mz_result_keep(job->result->messages, buffer, (size_t)got);
	}
	return got;
}

static gboolean output_ready(int fd, GIOCondition condition, void *context)
{
	struct stream *stream = context;

	(void)fd;
	(void)condition;
	if (take_output(stream) > 0)
		return G_SOURCE_CONTINUE;
	stream->source = 0;
	return G_SOURCE_REMOVE;
}

static void open_stream(struct stream *stream, struct job *job)
{
	stream->job = job;
	stream->source = g_unix_fd_add(stream->fd, G_IO_IN | G_IO_HUP | G_IO_ERR, output_ready,
				       stream);
}

/* What the case has printed is there by now, whoever else may still print. */
static void close_stream(struct stream *stream)
{
	ssize_t got = 1;
	int left = 0;

	if (stream->source != 0) {
		g_source_remove(stream->source);
		ioctl(stream->fd, FIONREAD, &left);
		for (; left > 0 && got > 0; left -= (int)got)
			got = take_output(stream);
	}
	close(stream->fd);
}

/* Its number may be another process's from here on: it is not kept. */
static void has_ended(GPid pid, int status, void *context)
{
	struct job *job = context;
	struct run *run = job->run;

	job->result->ns = (uint64_t)(g_get_monotonic_time() - job->start_us) * 1000;
	job->result->status = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
	close_stream(&job->out);
	close_stream(&job->err);
	if (job->killer != 0)
		g_source_remove(job->killer);
	g_spawn_close_pid(pid);
	if (run->signal != 0)
		mz_result_not_run(job->result, "the run was interrupted");
	else
		mz_result_judge(job->result, job->killed);
	run->at_work = g_list_remove(run->at_work, job);
	run->pool->finished(run->pool->context, job->result);
	g_free(job);
	start_more(run);
}

static gboolean kill_job(void *context)
{
	struct job *job = context;

	job->killer = 0;
	job->killed = true;
	kill(job->pid, SIGKILL);
	return G_SOURCE_REMOVE;
}

static char **command_of(const struct mz_pool *pool, const struct mz_case *one)
{
	GPtrArray *words = g_ptr_array_new();

	g_ptr_array_add(words, g_strdup(pool->program));
	g_ptr_array_add(words, g_strdup("run"));
	g_ptr_array_add(words, g_strdup_printf("--timeout=%.9f", (double)one->timeout_ns / 1e9));
	for (char **option = one->options; *option != NULL; option++)
		g_ptr_array_add(words, g_strdup(*option));
	g_ptr_array_add(words, g_strdup("--"));
	g_ptr_array_add(words, g_strdup(one->image));
	g_ptr_array_add(words, NULL);
	return (char **)g_ptr_array_free(words, FALSE);
}

/* False: it could not be started, and its result says why. */
static bool start_job(struct run *run, struct mz_result *result)
{
	struct job *job = g_new0(struct job, 1);
	char **command = command_of(run->pool, result->one);
	uint64_t limit_ns = result->one->timeout_ns + run->pool->grace_ns;
	GError *error = NULL;

	job->run = run;
	job->result = result;
	job->start_us = g_get_monotonic_time();
	g_spawn_async_with_pipes(NULL, command, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL,
				 &job->pid, NULL, &job->out.fd, &job->err.fd, &error);
	g_strfreev(command);
	if (error != NULL) {
		mz_result_not_run(result, error->message);
		g_error_free(error);
		g_free(job);
		return false;
	}
	run->at_work = g_list_prepend(run->at_work, job);
	open_stream(&job->out, job);
	open_stream(&job->err, job);
	g_child_watch_add(job->pid, has_ended, job);
	if (limit_ns / 1000000 < G_MAXUINT)
		job->killer = g_timeout_add((guint)(limit_ns / 1000000), kill_job, job);
	run->pool->started(run->pool->context, result->one);
	return true;
}

/* What is not started any more, or was never to be, has a result at once. */
static bool start_next(struct run *run)
{
	struct mz_result *result = &run->results[run->next++];

	if (result->one->skipped != NULL)
		mz_result_not_run(result, NULL);
	else if (run->signal != 0)
		mz_result_not_run(result, "the run was interrupted");
	else if (start_job(run, result))
		return true;
	run->pool->finished(run->pool->context, result);
	return false;
}

static void start_more(struct run *run)
{
	while (run->next < run->suite->cases->len && g_list_length(run->at_work) < run->pool->jobs)
		start_next(run);
	if (run->at_work == NULL)
		g_main_loop_quit(run->loop);
}

static void interrupt(struct run *run, int signal)
{
	run->signal = signal;
	for (GList *at = run->at_work; at != NULL; at = at->next)
		kill(((struct job *)at->data)->pid, SIGTERM);
}

static gboolean interrupted(void *context)
{
	interrupt(context, SIGINT);
	return G_SOURCE_CONTINUE;
}

static gboolean terminated(void *context)
{
	interrupt(context, SIGTERM);
	return G_SOURCE_CONTINUE;
}

int mz_pool_run(const struct mz_pool *pool, const struct mz_suite *suite, struct mz_result *results)
{
	struct run run = {.pool = pool, .suite = suite, .results = results};
	guint on_interrupt, on_terminate;

	for (guint i = 0; i < suite->cases->len; i++)
		mz_result_init(&results[i], g_ptr_array_index(suite->cases, i));
	run.loop = g_main_loop_new(NULL, FALSE);
	on_interrupt = g_unix_signal_add(SIGINT, interrupted, &run);
	on_terminate = g_unix_signal_add(SIGTERM, terminated, &run);
	start_more(&run);
	/* Whoever had nothing to wait for has come to the end already. */
	if (run.at_work != NULL)
		g_main_loop_run(run.loop);
	g_source_remove(on_interrupt);
	g_source_remove(on_terminate);
	g_main_loop_unref(run.loop);
	return run.signal;
}
