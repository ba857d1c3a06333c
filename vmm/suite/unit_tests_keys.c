// SPDX-License-Identifier: MPL-2.0
/*
 * The keys of kvm-unit-tests' unittests.cfg, as its docs/unittests.txt describes them: kept to as
 * far as they can be, and what asks for more is skipped.
 */
#include <string.h>

#include "vmm/suite/section.h"

static bool is_for_shell(struct mz_section *section, const char *key, const char *value)
{
	if (strpbrk(value, "`$") == NULL)
		return false;
	mz_section_skip_(section, g_strdup_printf("%s = %s is for a shell", key, value));
	return true;
}

static int read_smp(struct mz_section *section, const char *key, const char *value)
{
	if (!is_for_shell(section, key, value))
		mz_section_add_option_(section, "cpus", value);
	return 0;
}

static int read_arch(struct mz_section *section, const char *key, const char *value)
{
	(void)key;
	g_free(section->built_for);
	section->built_for = g_strdup(value);
	if (strcmp(value, "x86_64") != 0 && strcmp(value, "i386") != 0)
		mz_section_skip_(section, g_strdup_printf("it is for %s", value));
	return 0;
}

static int read_machine(struct mz_section *section, const char *key, const char *value)
{
	mz_section_skip_(section, g_strdup_printf("it asks for %s = %s", key, value));
	return 0;
}

static int read_accelerator(struct mz_section *section, const char *key, const char *value)
{
	return strcmp(value, "kvm") == 0 ? 0 : read_machine(section, key, value);
}

/* Does a file of the host hold what is behind the first '='? */
static bool is_true_here(const char *check)
{
	const char *wanted = strchr(check, '=');
	char *path, *content = NULL;
	bool same = false;

	if (wanted == NULL)
		return false;
	path = g_strndup(check, (gsize)(wanted - check));
	if (g_file_get_contents(path, &content, NULL, NULL))
		same = strcmp(g_strchomp(content), wanted + 1) == 0;
	g_free(content);
	g_free(path);
	return same;
}

static int read_check(struct mz_section *section, const char *key, const char *value)
{
	char **words;
	int result = mz_section_split_(section, key, value, &words);

	for (char **word = words; *word != NULL; word++)
		if (!is_true_here(*word))
			mz_section_skip_(section, g_strdup_printf("%s is not so here", *word));
	g_strfreev(words);
	return result;
}

/* What the guest is told; a shell would take the quotes off it. */
static int read_arguments(struct mz_section *section, const char *key, const char *value)
{
	char **words, *line;
	int result = mz_section_split_(section, key, value, &words);

	line = g_strjoinv(" ", words);
	if (!is_for_shell(section, key, value))
		mz_section_add_option_(section, "append", line);
	g_free(line);
	g_strfreev(words);
	return result;
}

/*
 * A guest's processor is what the host's can be. That is what some models mean, more than what
 * others have that every host does, and all that can be said of a feature that is asked for beside;
 * none is taken away.
 */
static bool is_host_processor(const char *value)
{
	static const char *const models[] = {"max", "host", "qemu64", "kvm64", NULL};
	static const char *const given[] = {"host-phys-bits", "host-phys-bits=on", "migratable=no",
					    NULL};
	char **words = g_strsplit(value, ",", -1);
	bool same = words[0] != NULL && g_strv_contains(models, words[0]);

	for (char **word = words + 1; same && *word != NULL; word++)
		same = **word == '+' || g_strv_contains(given, *word);
	g_strfreev(words);
	return same;
}

/* QEMU counts memory in MiB. */
static void add_memory(struct mz_section *section, const char *value)
{
	bool counted = value[strspn(value, "0123456789")] == '\0';
	char *size = g_strconcat(value, counted ? "M" : "", NULL);

	mz_section_add_option_(section, "memory", size);
	g_free(size);
}

/* To QEMU, the initrd of a multiboot image is its modules, each with its arguments behind it. */
static void add_modules(struct mz_section *section, const char *value)
{
	char **modules = g_strsplit(value, ",", -1);

	for (char **module = modules; *module != NULL; module++)
		mz_section_add_option_(section, "module", *module);
	g_strfreev(modules);
}

/* An option of QEMU's, and its value. False: there is nothing like it. */
static bool take_qemu_option(struct mz_section *section, const char *option, const char *value)
{
	if (strcmp(option, "-cpu") == 0)
		return is_host_processor(value);
	if (strcmp(option, "-append") == 0)
		mz_section_add_option_(section, "append", value);
	else if (strcmp(option, "-smp") == 0)
		mz_section_add_option_(section, "cpus", value);
	else if (strcmp(option, "-m") == 0)
		add_memory(section, value);
	else if (strcmp(option, "-initrd") == 0)
		add_modules(section, value);
	else
		return false;
	return true;
}

/* How many words the option took; 0: there is nothing like it. */
static unsigned take_qemu_words(struct mz_section *section, char *const *words)
{
	/* QEMU takes two dashes for one. */
	const char *option = g_str_has_prefix(words[0], "--") ? words[0] + 1 : words[0];

	if (strcmp(option, "-enable-kvm") == 0)
		return 1;
	return words[1] != NULL && take_qemu_option(section, option, words[1]) ? 2 : 0;
}

static void take_qemu_options(struct mz_section *section, const char *key, char *const *words)
{
	while (*words != NULL) {
		unsigned taken = take_qemu_words(section, words);

		if (taken == 0) {
			mz_section_skip_(
				section,
				g_strdup_printf("%s has %s, which is QEMU's alone", key, *words));
			return;
		}
		words += taken;
	}
}

static int read_qemu_options(struct mz_section *section, const char *key, const char *value)
{
	char **words;
	int result = mz_section_split_(section, key, value, &words);

	if (!is_for_shell(section, key, value))
		take_qemu_options(section, key, words);
	g_strfreev(words);
	return result;
}

const struct mz_section_key mz_unit_tests_keys_[] = {
	{"smp", read_smp},
	{"arch", read_arch},
	{"machine", read_machine},
	{"accel", read_accelerator},
	{"check", read_check},
	{"test_args", read_arguments},
	{"qemu_params", read_qemu_options},
	{"extra_params", read_qemu_options},
	{NULL, NULL},
};
