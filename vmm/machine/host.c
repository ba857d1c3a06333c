// SPDX-License-Identifier: MPL-2.0
/* Probing the host. */
#include "vmm/machine/host.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <linux/userfaultfd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "vmm/machine/kvm.h"

#define HUGE_PAGES "/sys/kernel/mm/transparent_hugepage/"

static const struct {
	int number;
	struct mz_host_ability ability;
} kvm_table[MZ_HOST_CAPABILITIES] = {
	{KVM_CAP_USER_MEMORY, {"user-memory", "guest memory is ours", true, 0}},
	{KVM_CAP_READONLY_MEM, {"readonly-mem", "ROM", true, 0}},
	{KVM_CAP_EXT_CPUID, {"ext-cpuid", "the guest's processor features", true, 0}},
	{KVM_CAP_NR_MEMSLOTS, {"memory-slots", "guest memory in pieces", false, 0}},
	{KVM_CAP_MAX_VCPUS, {"max-vcpus", "more than one vCPU", false, 0}},
	{KVM_CAP_IMMEDIATE_EXIT, {"immediate-exit", "stopping a vCPU without signals", false, 0}},
	{KVM_CAP_SYNC_REGS, {"sync-regs", "registers without system calls", false, 0}},
	{KVM_CAP_IRQCHIP, {"irqchip", "interrupt controllers", true, 0}},
	{KVM_CAP_PIT2, {"pit2", "the interval timer", true, 0}},
	{KVM_CAP_IRQFD, {"irqfd", "interrupts of devices", true, 0}},
	{KVM_CAP_MP_STATE, {"mp-state", "telling a halted vCPU", true, 0}},
	{KVM_CAP_DIRTY_LOG_RING, {"dirty-ring", "what a guest has written, by page", false, 0}},
	{KVM_CAP_MEMORY_FAULT_INFO, {"memory-fault", "where memory is out of reach", false, 0}},
	{KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2,
	 {"manual-dirty-log", "what a guest has written, by slot", false, 0}},
};

static const struct {
	uint64_t bit;
	struct mz_host_ability ability;
} uffd_table[MZ_HOST_FEATURES] = {
	{UFFD_FEATURE_MISSING_SHMEM, {"missing-shmem", "first touches of guest memory", true, 0}},
	{UFFD_FEATURE_MINOR_SHMEM, {"minor-shmem", "touches of pages that are filled", true, 0}},
	{UFFD_FEATURE_PAGEFAULT_FLAG_WP, {"write-protect", "write protection", false, 0}},
	{UFFD_FEATURE_WP_HUGETLBFS_SHMEM,
	 {"write-protect-shmem", "write protection of memory files", false, 0}},
	{UFFD_FEATURE_THREAD_ID, {"thread-id", "which vCPU touched", false, 0}},
};

static void probe_node(struct mz_host_node *node, const char *path)
{
	struct stat status;

	*node = (struct mz_host_node) {.path = path};
	if (stat(path, &status)) {
		node->error = errno;
		return;
	}
	node->mode = status.st_mode;
	node->user = status.st_uid;
	node->group = status.st_gid;
}

static void probe_kvm(struct mz_host *host)
{
	int fd = open(MZ_KVM_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		host->kvm_error = errno;
		return;
	}
	host->kvm_version = ioctl(fd, KVM_GET_API_VERSION, 0);
	for (unsigned i = 0; i < MZ_HOST_CAPABILITIES; i++) {
		int value = ioctl(fd, KVM_CHECK_EXTENSION, kvm_table[i].number);

		host->capabilities[i] = kvm_table[i].ability;
		host->capabilities[i].value = value < 0 ? 0 : value;
	}
	close(fd);
}

/* The first line of a file of the kernel's; "" where it cannot be read. */
static void read_line(const char *path, char *text, int size)
{
	FILE *file = fopen(path, "re");

	text[0] = '\0';
	if (!file)
		return;
	if (fgets(text, size, file))
		text[strcspn(text, "\n")] = '\0';
	fclose(file);
}

static void probe_uffd(struct mz_host *host)
{
	char text[16];

	mz_uffd_probe(&host->uffd);
	for (unsigned i = 0; i < MZ_HOST_FEATURES; i++) {
		host->features[i] = uffd_table[i].ability;
		host->features[i].value = (host->uffd.features & uffd_table[i].bit) != 0;
	}
	read_line("/proc/sys/vm/unprivileged_userfaultfd", text, sizeof(text));
	host->unprivileged_uffd = text[0] ? atoi(text) : -1;
}

/* The kernel lists its choices and puts the current one in brackets. */
static void read_choice(const char *path, char *text, int size)
{
	char *open_bracket, *close_bracket;

	read_line(path, text, size);
	open_bracket = strchr(text, '[');
	close_bracket = strchr(text, ']');
	if (!open_bracket || !close_bracket || close_bracket < open_bracket)
		return;
	*close_bracket = '\0';
	memmove(text, open_bracket + 1, (size_t)(close_bracket - open_bracket));
}

static void probe_memory(struct mz_host *host)
{
	struct sysinfo info;

	if (!sysinfo(&info)) {
		host->memory_bytes = (uint64_t)info.totalram * info.mem_unit;
		host->swap_bytes = (uint64_t)info.totalswap * info.mem_unit;
	}
	read_choice(HUGE_PAGES "enabled", host->huge_pages, sizeof(host->huge_pages));
	read_choice(HUGE_PAGES "shmem_enabled", host->huge_memory_files,
		    sizeof(host->huge_memory_files));
}

void mz_host_probe(struct mz_host *host)
{
	memset(host, 0, sizeof(*host));
	probe_node(&host->kvm_node, MZ_KVM_DEVICE);
	probe_node(&host->uffd_node, MZ_UFFD_DEVICE);
	probe_kvm(host);
	probe_uffd(host);
	probe_memory(host);
}

static bool all_needed(const struct mz_host_ability *abilities, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (abilities[i].needed && !abilities[i].value)
			return false;
	return true;
}

bool mz_host_runs_guests(const struct mz_host *host)
{
	return !host->kvm_error && host->kvm_version == KVM_API_VERSION &&
		all_needed(host->capabilities, MZ_HOST_CAPABILITIES);
}

bool mz_host_has_uffd(const struct mz_host *host)
{
	return all_needed(host->features, MZ_HOST_FEATURES);
}
