// SPDX-License-Identifier: MPL-2.0
/* Suites from files: key files of GLib, a section a guest. The keys here are this program's own. */
#include <string.h>
#include <unistd.h>

#include "vmm/base/text.h"
#include "vmm/suite/section.h"

int mz_section_fail_(const struct mz_section *section, const char *key, const char *value,
		     const char *why)
{
	return mz_fail(section->failure, MZ_STATUS_BAD_ARGUMENT, "%s: [%s]: %s = %s: %s",
		       section->path, section->name, key, value, why);
}

void mz_section_add_option_(struct mz_section *section, const char *option, const char *value)
{
	g_ptr_array_add(section->options, g_strdup_printf("--%s=%s", option, value));
}

void mz_section_skip_(struct mz_section *section, char *why)
{
	if (section->one->skipped == NULL)
		section->one->skipped = why;
	else
		g_free(why);
}

/* Paths are relative to the file that names them. */
static int read_file(struct mz_section *section, const char *key, const char *value)
{
	char *folder = g_path_get_dirname(section->path);

	(void)key;
	g_free(section->one->image);
	section->one->image = g_path_is_absolute(value) ? g_strdup(value)
							: g_build_filename(folder, value, NULL);
	g_free(folder);
	return 0;
}

static int read_cpus(struct mz_section *section, const char *key, const char *value)
{
	(void)key;
	mz_section_add_option_(section, "cpus", value);
	return 0;
}

static int read_memory(struct mz_section *section, const char *key, const char *value)
{
	(void)key;
	mz_section_add_option_(section, "memory", value);
	return 0;
}

static int read_append(struct mz_section *section, const char *key, const char *value)
{
	(void)key;
	mz_section_add_option_(section, "append", value);
	return 0;
}

int mz_section_split_(const struct mz_section *section, const char *key, const char *value,
		      char ***words)
{
	GError *error = NULL;
	int result = 0;

	*words = NULL;
	if (!g_shell_parse_argv(value, NULL, words, &error) &&
	    error->code != G_SHELL_ERROR_EMPTY_STRING)
		result = mz_section_fail_(section, key, value, error->message);
	g_clear_error(&error);
	if (*words == NULL)
		*words = g_new0(char *, 1);
	return result;
}

static int read_options(struct mz_section *section, const char *key, const char *value)
{
	char **words;
	int result = mz_section_split_(section, key, value, &words);

	for (char **word = words; *word != NULL; word++)
		g_ptr_array_add(section->options, g_strdup(*word));
	g_strfreev(words);
	return result;
}

static int read_timeout(struct mz_section *section, const char *key, const char *value)
{
	if (!mz_seconds_parse(value, &section->one->timeout_ns))
		return mz_section_fail_(section, key, value,
					"this is not a positive number of seconds");
	return 0;
}

static int read_status(struct mz_section *section, const char *key, const char *value)
{
	uint64_t status;

	if (!mz_number_parse(value, &status) || status > 255)
		return mz_section_fail_(section, key, value,
					"this is not an exit status, from 0 to 255");
	section->one->status = (int)status;
	return 0;
}

static int read_groups(struct mz_section *section, const char *key, const char *value)
{
	char **words;
	int result = mz_section_split_(section, key, value, &words);

	for (char **word = words; *word != NULL; word++) {
		if (section->groups != NULL)
			section->wanted |= g_strv_contains((const char *const *)section->groups,
							   *word);
		else if (strcmp(*word, "nodefault") == 0)
			section->wanted = false;
	}
	g_strfreev(words);
	return result;
}

static const struct mz_section_key own_keys[] = {
	{"file", read_file},     {"cpus", read_cpus},       {"memory", read_memory},
	{"append", read_append}, {"options", read_options}, {"timeout", read_timeout},
	{"status", read_status}, {"groups", read_groups},   {NULL, NULL},
};

static const struct mz_section_key *find_key(const struct mz_section_key *keys, const char *key)
{
	while (keys->key != NULL && strcmp(keys->key, key) != 0)
		keys++;
	return keys->key != NULL ? keys : NULL;
}

static int read_key(struct mz_section *section, const char *key, const char *value)
{
	const struct mz_section_key *found = find_key(own_keys, key);

	if (found == NULL)
		found = find_key(mz_unit_tests_keys_, key);
	if (found == NULL)
		return mz_section_fail_(section, key, value, "there is no such key");
	return found->read(section, key, value);
}

static int read_keys(struct mz_section *section, GKeyFile *file, char **names)
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

/* A tree of tests is built for one of the architectures that its file has sections for. */
static void skip_unbuilt(struct mz_section *section)
{
	if (section->built_for != NULL && access(section->one->image, F_OK) != 0)
		mz_section_skip_(section,
				 g_strdup_printf("it is for %s, and %s is not there",
						 section->built_for, section->one->image));
	g_free(section->built_for);
}

/* The options of all cases, then those of this one. */
static void finish_options(struct mz_section *section)
{
	for (char **option = section->one->options; *option != NULL; option++)
		g_free(*option);
	g_free(section->one->options);
	g_ptr_array_add(section->options, NULL);
	section->one->options = (char **)g_ptr_array_free(section->options, FALSE);
}

static int read_section(struct mz_section *section, GKeyFile *file)
{
	char **names = g_key_file_get_keys(file, section->name, NULL, NULL);
	int result;

	section->one = mz_case_new_(section->suite, section->name, "");
	section->options = g_ptr_array_new();
	section->wanted = section->groups == NULL;
	for (char **option = section->one->options; *option != NULL; option++)
		g_ptr_array_add(section->options, g_strdup(*option));
	result = read_keys(section, file, names);
	skip_unbuilt(section);
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
		struct mz_section section = {
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
