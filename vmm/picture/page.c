// SPDX-License-Identifier: MPL-2.0
/* Writing pages. */
#include "vmm/picture/page.h"

#include <string.h>

#include "vmm/picture/template.h"

/*
 * A "<" in a text could end the script element that the recording lies in, or begin a comment
 * there. As \u003c it means the same to JSON and nothing to HTML.
 */
static int put_tame(const char *text, size_t bytes, void *context)
{
	FILE *file = context;

	for (size_t i = 0; i < bytes; i++)
		if (text[i] == '<')
			fputs("\\u003c", file);
		else
			fputc(text[i], file);
	return ferror(file) ? -1 : 0;
}

static void put_json(FILE *file, const json_t *recording)
{
	json_dump_callback(recording, put_tame, file, JSON_COMPACT | JSON_ENSURE_ASCII);
}

/* Writes up to the place, and answers what is behind it. */
static const char *put_up_to(FILE *file, const char *from, const char *place)
{
	const char *at = strstr(from, place);

	fwrite(from, 1, (size_t)(at - from), file);
	return at + strlen(place);
}

void mz_page_write(FILE *file, const json_t *recording)
{
	const char *rest = put_up_to(file, mz_page_html, "@style@\n");

	fputs(mz_page_style, file);
	rest = put_up_to(file, rest, "@data@");
	put_json(file, recording);
	rest = put_up_to(file, rest, "@script@\n");
	fputs(mz_page_script, file);
	fputs(rest, file);
}

void mz_page_write_json(FILE *file, const json_t *recording)
{
	json_dumpf(recording, file, JSON_COMPACT | JSON_ENSURE_ASCII);
	fputc('\n', file);
}
