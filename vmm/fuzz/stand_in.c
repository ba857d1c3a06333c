// SPDX-License-Identifier: MPL-2.0
/* Stand-ins and their keeper. */
#include "vmm/fuzz/stand_in.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* How the last one died, and the next one. */
struct news {
	int status;
	pid_t pid;
};

/* In the child: ends with the parent, which may be gone already. */
static void end_with(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
}

static void stand_in_main(pid_t keeper)
{
	end_with(keeper);
	close_range(0, ~0u, 0);
	for (;;)
		pause();
}

static pid_t make_stand_in(void)
{
	pid_t keeper = getpid();
	pid_t pid = fork();

	if (pid == 0)
		stand_in_main(keeper);
	return pid;
}

/* Waits for the stand-in's death. False: nobody is there any more who could want another. */
static bool await_death(pid_t pid, int channel, int control, int *status)
{
	struct pollfd fds[] = {
		{.fd = pidfd_open(pid, 0), .events = POLLIN},
		{.fd = control},
		{.fd = channel},
	};
	bool dead;

	while (fds[0].fd >= 0 && poll(fds, 3, -1) < 0 && errno == EINTR)
		continue;
	dead = fds[0].revents != 0;
	if (!dead)
		kill(pid, SIGKILL);
	waitpid(pid, status, 0);
	close(fds[0].fd);
	return dead;
}

static void keeper_main(pid_t parent, int channel, int control)
{
	struct news news = {0};

	end_with(parent);
	/* Whatever signal AFL++ is told to kill stand-ins by: it kills. */
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	do {
		news.pid = make_stand_in();
		if (news.pid < 0 || write(channel, &news, sizeof(news)) != sizeof(news))
			break;
	} while (await_death(news.pid, channel, control, &news.status));
	_exit(0);
}

/* Closes all but the standard descriptors and these. */
static void close_others(int a, int b)
{
	unsigned low = (unsigned)(a < b ? a : b), high = (unsigned)(a < b ? b : a);

	if (low > 3)
		close_range(3, low - 1, 0);
	if (high > low + 1)
		close_range(low + 1, high - 1, 0);
	close_range(high + 1, ~0u, 0);
}

static int fail(struct mz_failure *failure)
{
	return mz_fail(failure, MZ_STATUS_HOST_FAILED, "cannot make a process: %s",
		       strerror(errno));
}

int mz_stand_in_start(struct mz_stand_in *stand_in, int control, struct mz_failure *failure)
{
	pid_t parent = getpid();
	int ends[2], status;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return fail(failure);
	*stand_in = (struct mz_stand_in) {.keeper = fork(), .channel = ends[0]};
	if (stand_in->keeper == 0) {
		close_others(ends[1], control);
		keeper_main(parent, ends[1], control);
	}
	close(ends[1]);
	if (stand_in->keeper > 0 && mz_stand_in_renew(stand_in, &status))
		return 0;
	fail(failure);
	mz_stand_in_end(stand_in);
	return -1;
}

bool mz_stand_in_renew(struct mz_stand_in *stand_in, int *status)
{
	struct news news;
	ssize_t got;

	do
		got = read(stand_in->channel, &news, sizeof(news));
	while (got < 0 && errno == EINTR);
	if (got != sizeof(news))
		return false;
	*status = news.status;
	stand_in->pid = news.pid;
	return true;
}

void mz_stand_in_end(struct mz_stand_in *stand_in)
{
	close(stand_in->channel);
	if (stand_in->keeper > 0) {
		/* The stand-in goes with its keeper. */
		kill(stand_in->keeper, SIGKILL);
		waitpid(stand_in->keeper, NULL, 0);
	}
}
