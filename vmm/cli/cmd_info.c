// SPDX-License-Identifier: MPL-2.0
/* mezz info: what this host offers for guests, what is missing, and how to get it. */
#include <argp.h>
#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <jansson.h>
#include <linux/kvm.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "vmm/cli/cli.h"
#include "vmm/machine/host.h"
#include "vmm/machine/kvm.h"

struct advice {
	char kvm[320]; /* "": nothing is missing */
	char uffd[320];
};

static void lacking(const struct mz_host_ability *abilities, unsigned count, char *text,
		    size_t size)
{
	size_t used = strlen(text);

	for (unsigned i = 0; i < count && used < size; i++)
		if (abilities[i].needed && !abilities[i].value)
			used += (size_t)snprintf(text + used, size - used, " %s",
						 abilities[i].name);
}

static void advise(const struct mz_host *host, struct advice *advice)
{
	advice->kvm[0] = advice->uffd[0] = '\0';
	if (host->kvm_error) {
		mz_kvm_explain(host->kvm_error, advice->kvm, sizeof(advice->kvm));
	} else if (!mz_host_runs_guests(host)) {
		snprintf(advice->kvm, sizeof(advice->kvm),
			 "KVM is too old (interface %d, needed %d); it lacks:", host->kvm_version,
			 KVM_API_VERSION);
		lacking(host->capabilities, MZ_HOST_CAPABILITIES, advice->kvm, sizeof(advice->kvm));
	}
	if (!host->uffd.features)
		mz_uffd_explain(&host->uffd, advice->uffd, sizeof(advice->uffd));
	else if (!mz_host_has_uffd(host)) {
		snprintf(advice->uffd, sizeof(advice->uffd),
			 "userfaultfd is too old (Linux 5.14 or later is needed); it lacks:");
		lacking(host->features, MZ_HOST_FEATURES, advice->uffd, sizeof(advice->uffd));
	}
}

static void print_node(const struct mz_host_node *node)
{
	const struct passwd *user;
	const struct group *group;

	if (node->error) {
		printf("  %-24s%s\n", node->path, strerror(node->error));
		return;
	}
	user = getpwuid(node->user);
	group = getgrgid(node->group);
	printf("  %-24smode %04o, user %s, group %s\n", node->path, node->mode & 07777u,
	       user ? user->pw_name : "?", group ? group->gr_name : "?");
}

static void print_abilities(const struct mz_host_ability *abilities, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		const struct mz_host_ability *ability = &abilities[i];
		char value[16] = "no";

		if (ability->value)
			snprintf(value, sizeof(value), ability->value == 1 ? "yes" : "%d",
				 ability->value);
		printf("  %-24s%-8s%-8s%s\n", ability->name, value, ability->needed ? "needed" : "",
		       ability->use);
	}
}

static void print_text(const struct mz_host *host, const struct advice *advice)
{
	printf("KVM: %s\n", advice->kvm[0] ? "guests cannot run" : "guests can run");
	print_node(&host->kvm_node);
	if (!host->kvm_error) {
		printf("  %-24s%d\n", "interface version", host->kvm_version);
		print_abilities(host->capabilities, MZ_HOST_CAPABILITIES);
	}
	printf("userfaultfd: %s\n",
	       advice->uffd[0] ? "guest memory is populated up front"
			       : "guest memory comes as it is touched");
	print_node(&host->uffd_node);
	if (host->unprivileged_uffd >= 0)
		printf("  %-24s%d\n", "unprivileged", host->unprivileged_uffd);
	if (host->uffd.features)
		print_abilities(host->features, MZ_HOST_FEATURES);
	printf("memory\n  %-24s%" PRIu64 " MiB\n  %-24s%" PRIu64 " MiB\n", "memory",
	       host->memory_bytes >> 20, "swap", host->swap_bytes >> 20);
	printf("  %-24s%s\n  %-24s%s\n", "huge pages",
	       host->huge_pages[0] ? host->huge_pages : "unknown", "huge memory files",
	       host->huge_memory_files[0] ? host->huge_memory_files : "unknown");
	if (advice->kvm[0] || advice->uffd[0])
		printf("missing\n");
	if (advice->kvm[0])
		printf("  %s\n", advice->kvm);
	if (advice->uffd[0])
		printf("  %s\n", advice->uffd);
}

static json_t *node_json(const struct mz_host_node *node)
{
	char mode[8];

	if (node->error)
		return json_pack("{s:s, s:s}", "path", node->path, "error", strerror(node->error));
	snprintf(mode, sizeof(mode), "%04o", node->mode & 07777u);
	return json_pack("{s:s, s:s, s:i, s:i}", "path", node->path, "mode", mode, "uid",
			 (int)node->user, "gid", (int)node->group);
}

static json_t *abilities_json(const struct mz_host_ability *abilities, unsigned count)
{
	json_t *object = json_object();

	for (unsigned i = 0; i < count; i++)
		json_object_set_new(object, abilities[i].name, json_integer(abilities[i].value));
	return object;
}

static json_t *missing_json(const struct advice *advice)
{
	json_t *array = json_array();

	if (advice->kvm[0])
		json_array_append_new(array, json_string(advice->kvm));
	if (advice->uffd[0])
		json_array_append_new(array, json_string(advice->uffd));
	return array;
}

static void print_json(const struct mz_host *host, const struct advice *advice)
{
	json_t *kvm = json_pack("{s:b, s:o}", "usable", !advice->kvm[0], "node",
				node_json(&host->kvm_node));
	json_t *uffd = json_pack("{s:b, s:o, s:i}", "usable", !advice->uffd[0], "node",
				 node_json(&host->uffd_node), "unprivileged",
				 host->unprivileged_uffd);
	json_t *root = json_object();

	if (!host->kvm_error) {
		json_object_set_new(kvm, "version", json_integer(host->kvm_version));
		json_object_set_new(kvm, "capabilities",
				    abilities_json(host->capabilities, MZ_HOST_CAPABILITIES));
	}
	if (host->uffd.features)
		json_object_set_new(uffd, "features",
				    abilities_json(host->features, MZ_HOST_FEATURES));
	json_object_set_new(root, "kvm", kvm);
	json_object_set_new(root, "userfaultfd", uffd);
	json_object_set_new(root, "memory",
			    json_pack("{s:I, s:I, s:s, s:s}", "bytes",
				      (json_int_t)host->memory_bytes, "swap_bytes",
				      (json_int_t)host->swap_bytes, "huge_pages", host->huge_pages,
				      "huge_memory_files", host->huge_memory_files));
	json_object_set_new(root, "missing", missing_json(advice));
	json_dumpf(root, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(root);
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	bool *json = state->input;

	switch (key) {
	case 'j':
		*json = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s': no argument is expected", text);
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int mz_cmd_info(int argc, char **argv)
{
	static const struct argp_option option_list[] = {
		{"json", 'j', NULL, 0, "Write JSON", 0},
		{0},
	};
	static const struct argp argp = {
		.options = option_list,
		.parser = parse,
		.doc = "Tell what this host's KVM and userfaultfd offer, what is missing, and how "
		       "to "
		       "get it.",
	};
	struct advice advice;
	struct mz_host host;
	bool json = false;

	argp_parse(&argp, argc, argv, 0, NULL, &json);
	mz_host_probe(&host);
	advise(&host, &advice);
	if (json)
		print_json(&host, &advice);
	else
		print_text(&host, &advice);
	return mz_cli_finish("info", 0, NULL);
}
