/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What every page consists of: vmm/picture/page.html, in which the lines @style@, @script@ and
 * @data@ stand for the style sheet, the script and the recording. Made from these files by the
 * build.
 */
#ifndef MZ_VMM_PICTURE_TEMPLATE_H
#define MZ_VMM_PICTURE_TEMPLATE_H

extern const char mz_page_html[], mz_page_style[], mz_page_script[];

#endif
