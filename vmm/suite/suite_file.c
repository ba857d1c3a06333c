// SPDX-License-Identifier: MPL-2.0
/*
 * Suites from files: key files of GLib, a section a guest. Beside this program's own keys, those of
 * kvm-unit-tests' unittests.cfg are understood as far as they can be kept to.
 */
#include <string.h>

#include "vmm/base/text.h"
#include "vmm/suite/suite.h"

/* One section while it is read. */
struct section {
	struct mz_suite *suite;
	const char *path; /* of the file */
	const char *name;
	struct mz_case *one;
	GPtrArray *options;
	bool wanted;
	char *const *groups;
	struct mz_failure *failure;
};

static int fail(const struct section *section, const char *key, const char *value, const char *why)
{
	return mz_fail(section->failure, MZ_STATUS_BAD_ARGUMENT, "%s: [%s]: %s = %s: %s",
		       section->path, section->name, key, value, why);
}

static void add_option(struct section *section, const char *option, const char *value)
{
	g_ptr_array_add(section->options, g_strdup_printf("--%s=%s", option, value));
}

static void skip(struct section *section, char *why)
{
	if (section->one->skipped == NULL)
		section->one->skipped = why;
	else
		g_free(why);
}

/* Paths are relative to the file that names them. */
static int read_file(struct section *section, const char *key, const char *value)
{
	char *folder = g_path_get_dirname(section->path);

	(void)key;
	g_free(section->one->image);
	section->one->image = g_path_is_absolute(value) ? g_strdup(value)
							: g_build_filename(folder, value, NULL);
	g_free(folder);
	return 0;
}

static int read_cpus(struct section *section, const char *key, const char *value)
{
	(void)key;
	add_option(section, "cpus", value);
	return 0;
}

static int read_memory(struct section *section, const char *key, const char *value)
{
	(void)key;
	add_option(section, "memory", value);
	return 0;
}

static int read_append(struct section *section, const char *key, const char *value)
{
	(void)key;
	add_option(section, "append", value);
	return 0;
}

/* Splits words as a shell does. */
static int split(const struct section *section, const char *key, const char *value, char ***words)
{
	GError *error = NULL;
	int result = 0;

	*words = NULL;
	if (!g_shell_parse_argv(value, NULL, words, &error) &&
	    error->code != G_SHELL_ERROR_EMPTY_STRING)
		result = fail(section, key, value, error->message);
	g_clear_error(&error);
	if (*words == NULL)
		*words = g_new0(char *, 1);
	return result;
}

static int read_options(struct section *section, const char *key, const char *value)
{
	char **words;
	int result = split(section, key, value, &words);

	for (char **word = words; *word != NULL; word++)
		g_ptr_array_add(section->options, g_strdup(*word));
	g_strfreev(words);
	return result;
}

/* What the guest is told; a shell would take the quotes off it, and look for what it is to run. */
static int read_arguments(struct section *section, const char *key, const char *value)
{
	char **words, *line;
	int result = split(section, key, value, &words);

	line = g_strjoinv(" ", words);
	add_option(section, "append", line);
	if (strpbrk(value, "`$") != NULL)
		skip(section, g_strdup_printf("%s = %s is for a shell", key, value));
	g_free(line);
	g_strfreev(words);
	return result;
}

static int read_timeout(struct section *section, const char *key, const char *value)
{
	if (!mz_seconds_parse(value, &section->one->timeout_ns))
		return fail(section, key, value, "this is not a positive number of seconds");
	return 0;
}

static int read_status(struct section *section, const char *key, const char *value)
{
	uint64_t status;

	if (!mz_number_parse(value, &status) || status > 255)
		return fail(section, key, value, "this is not an exit status, from 0 to 255");
	section->one->status = (int)status;
	return 0;
}

static int read_groups(struct section *section, const char *key, const char *value)
{
	char **words;
	int result = split(section, key, value, &words);

	section->wanted = section->groups == NULL;
	for (char **word = words; *word != NULL && section->groups != NULL; word++)
		section->wanted |= g_strv_contains((const char *const *)section->groups, *word);
	g_strfreev(words);
	return result;
}

static int read_arch(struct section *section, const char *key, const char *value)
{
	(void)key;
	if (strcmp(value, "x86_64") != 0 && strcmp(value, "i386") != 0)
		skip(section, g_strdup_printf("it is for %s", value));
	return 0;
}

static int read_accelerator(struct section *section, const char *key, const char *value)
{
	if (strcmp(value, "kvm") != 0)
		skip(section, g_strdup_printf("it asks for %s = %s", key, value));
	return 0;
}

/* An option of QEMU's, and its value. False: there is nothing like it. */
static bool take_qemu_option(struct section *section, const char *option, const char *value)
{
	static const char *const same[][2] = {
		{"-append", "append"}, {"-m", "memory"}, {"-smp", "cpus"}, {"-initrd", "initrd"}};

	for (size_t i = 0; i < G_N_ELEMENTS(same); i++) {
		if (strcmp(option, same[i][0]) != 0)
			continue;
		/* QEMU counts memory in MiB. */
		if (i == 1 && value[strspn(value, "0123456789")] == '\0') {
			char *size = g_strconcat(value, "M", NULL);

			add_option(section, same[i][1], size);
			g_free(size);
		} else {
			add_option(section, same[i][1], value);
		}
		return true;
	}
	/* A guest's processor is what the host's can be. */
	return strcmp(option, "-cpu") == 0 &&
		(strcmp(value, "max") == 0 || strcmp(value, "host") == 0);
}

static int read_qemu_options(struct section *section, const char *key, const char *value)
{
	char **words;
	int result = split(section, key, value, &words);

	for (char **word = words; *word != NULL; word += 2) {
		if (word[1] != NULL && take_qemu_option(section, word[0], word[1]))
			continue;
		skip(section, g_strdup_printf("%s has %s, which is QEMU's alone", key, *word));
		break;
	}
	g_strfreev(words);
	return result;
}

static const struct {
	const char *key;
	int (*read)(struct section *section, const char *key, const char *value);
} keys[] = {
	{"file", read_file},
	{"cpus", read_cpus},
	{"smp", read_cpus},
	{"memory", read_memory},
	{"append", read_append},
	{"options", read_options},
	{"timeout", read_timeout},
	{"status", read_status},
	{"groups", read_groups},
	{"arch", read_arch},
	{"accel", read_accelerator},
	{"test_args", read_arguments},
	{"qemu_params", read_qemu_options},
	{"extra_params", read_qemu_options},
};

static int read_key(struct section *section, const char *key, const char *value)
{
	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
		if (strcmp(key, keys[i].key) == 0)
			return keys[i].read(section, key, value);
	if (strcmp(key, "check") == 0) {
		skip(section, g_strdup_printf("it asks for %s = %s", key, value));
		return 0;
	}
	return fail(section, key, value, "there is no such key");
}

static int read_keys(struct section *section, GKeyFile *file, char **names)
{
	for (char **key = names; *key != NULL; key++) {
		char *value = g_key_file_get_value(file, section->name, *key, NULL);
		int result = read_key(section, *key, value);

		g_free(value);
		if (result)
			return result;
	}
	if (section->one->image[0] == '\0')
		return mz_fail(section->failure, MZ_STATUS_BAD_ARGUMENT,
			       "%s: [%s]: no file is named", section->path, section->name);
	return 0;
}

/* The options of all cases, then those of this one. */
static void finish_options(struct section *section)
{
	for (char **option = section->one->options; *option != NULL; option++)
		g_free(*option);
	g_free(section->one->options);
	g_ptr_array_add(section->options, NULL);
	section->one->options = (char **)g_ptr_array_free(section->options, FALSE);
}

static int read_section(struct section *section, GKeyFile *file)
{
	char **names = g_key_file_get_keys(file, section->name, NULL, NULL);
	int result;

	section->one = mz_case_new_(section->suite, section->name, "");
	section->options = g_ptr_array_new();
	section->wanted = section->groups == NULL;
	for (char **option = section->one->options; *option != NULL; option++)
		g_ptr_array_add(section->options, g_strdup(*option));
	result = read_keys(section, file, names);
	finish_options(section);
	g_strfreev(names);
	if (result == 0 && section->wanted)
		return mz_suite_add_(section->suite, section->one, section->failure);
	mz_case_free_(section->one);
	return result;
}

int mz_suite_add_file(struct mz_suite *suite, const char *path, char *const *groups,
		      struct mz_failure *failure)
{
	GKeyFile *file = g_key_file_new();
	GError *error = NULL;
	char **names;
	int result = 0;

	if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, &error)) {
		mz_fail(failure, MZ_STATUS_BAD_ARGUMENT, "%s: %s", path, error->message);
		g_error_free(error);
		g_key_file_free(file);
		return -1;
	}
	names = g_key_file_get_groups(file, NULL);
	for (char **name = names; *name != NULL && result == 0; name++) {
		struct section section = {
			.suite = suite,
			.path = path,
			.name = *name,
			.groups = groups,
			.failure = failure,
		};

		result = read_section(&section, file);
	}
	g_strfreev(names);
	g_key_file_free(file);
	return result;
}
