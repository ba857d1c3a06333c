// SPDX-License-Identifier: MPL-2.0
/* Images that are compressed: whole, cut off, damaged, and larger than they may be. */
#include <stdlib.h>
#include <string.h>
#ifdef HAVE_ZLIB
#include <zlib.h>
#endif
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

#include "tests/vmm/boot/images.h"
#include "tests/suite.h"
#include "vmm/boot/image.h"

static struct mz_image image;
static struct mz_failure failure;

static int open_bytes(const void *bytes, size_t count, const struct mz_image_as *as)
{
	struct image_file file = image_file_make(bytes, count);
	int result;

	memset(&failure, 0, sizeof(failure));
	result = mz_image_open(&image, file.path, as, &failure);
	mz_image_close(&image);
	image_file_close(&file);
	return result;
}

static void assert_refused(const void *bytes, size_t count, enum mz_status status,
			   const char *words)
{
	ck_assert_int_eq(open_bytes(bytes, count, NULL), -1);
	ck_assert_int_eq(failure.status, status);
	ck_assert_msg(strstr(failure.text, words) != NULL, "\"%s\" is not in: %s", words,
		      failure.text);
}

#if defined(HAVE_ZLIB) || defined(HAVE_ZSTD)
static unsigned char packed[1 << 16];

/* Packs bytes into `packed` behind what is there already; answers where they end. */
typedef size_t pack_fn(const void *bytes, size_t count, size_t already);

static void packed_images_are_opened(pack_fn *pack)
{
	const struct elf64_image elf = image_elf64();
	const struct linux_image bz = image_linux();
	size_t count = pack(&elf, sizeof(elf), 0);

	ck_assert_msg(open_bytes(packed, count, NULL) == 0, "%s", failure.text);
	ck_assert_int_eq(image.kind, MZ_IMAGE_ELF);
	ck_assert_uint_eq(image.file_bytes, sizeof(elf));
	ck_assert_uint_eq(image.entry, IMAGE_BASE + 1);

	count = pack(&bz, sizeof(bz), 0);
	ck_assert_int_eq(open_bytes(packed, count, NULL), 0);
	ck_assert_int_eq(image.kind, MZ_IMAGE_LINUX);
}

/* One after the other, as when such files are joined. */
static void pieces_are_joined(pack_fn *pack)
{
	const struct elf64_image elf = image_elf64();
	const unsigned char *bytes = (const unsigned char *)&elf;
	size_t count = pack(bytes, 50, 0);

	count = pack(bytes + 50, sizeof(elf) - 50, count);
	ck_assert_int_eq(open_bytes(packed, count, NULL), 0);
	ck_assert_uint_eq(image.file_bytes, sizeof(elf));
}

static void spoilt_files_are_refused(pack_fn *pack)
{
	const struct elf64_image elf = image_elf64();
	size_t count = pack(&elf, sizeof(elf), 0);

	for (size_t bytes = 4; bytes < count; bytes++)
		assert_refused(packed, bytes, MZ_STATUS_BAD_IMAGE, "cannot unpack it by ");
	for (size_t byte = 0; byte < count; byte++) {
		packed[byte] ^= 0x24;
		if (open_bytes(packed, count, NULL))
			ck_assert_int_eq(failure.status, MZ_STATUS_BAD_IMAGE);
		packed[byte] ^= 0x24;
	}
}

/* A flat image is what it is. */
static void a_flat_image_stays_packed(pack_fn *pack)
{
	const struct mz_image_as as = {MZ_IMAGE_FLAT, MZ_MODE_LONG, IMAGE_BASE};
	size_t count = pack("flat", 4, 0);

	ck_assert_int_eq(open_bytes(packed, count, &as), 0);
	ck_assert_uint_eq(image.file_bytes, count);
}

static void what_is_packed_twice_is_refused(pack_fn *pack)
{
	const struct elf64_image elf = image_elf64();
	unsigned char once[1024];
	size_t count = pack(&elf, sizeof(elf), 0);

	ck_assert_uint_le(count, sizeof(once));
	memcpy(once, packed, count);
	count = pack(once, count, 0);
	assert_refused(packed, count, MZ_STATUS_BAD_IMAGE, "is not a Linux");
}

static void nothing_is_refused(pack_fn *pack)
{
	assert_refused(packed, pack("", 0, 0), MZ_STATUS_BAD_IMAGE, "is not a Linux");
}

static void (*const checks[])(pack_fn *pack) = {
	packed_images_are_opened,        pieces_are_joined,
	spoilt_files_are_refused,        a_flat_image_stays_packed,
	what_is_packed_twice_is_refused, nothing_is_refused,
};

#define CHECKS (int)(sizeof(checks) / sizeof(checks[0]))

/* Zeros, as many as it takes, packed as often as it takes; answers how many bytes they came to. */
static size_t pack_bomb(size_t (*pack_to)(unsigned char *to, size_t room, const void *bytes,
					  size_t count),
			unsigned char *to, size_t room)
{
	const size_t piece = (size_t)1 << 26;
	unsigned char *zeros = calloc(1, piece);
	size_t used = 0;

	for (uint64_t bytes = 0; bytes <= MZ_IMAGE_BYTES_MAX; bytes += piece)
		used += pack_to(to + used, room - used, zeros, piece);
	free(zeros);
	return used;
}
#endif

#ifdef HAVE_ZLIB
static size_t gzip_to(unsigned char *to, size_t room, const void *bytes, size_t count)
{
	z_stream stream = {
		.next_in = (void *)bytes,
		.avail_in = (uInt)count,
		.next_out = to,
		.avail_out = (uInt)room,
	};

	ck_assert_int_eq(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY),
			 Z_OK);
	ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
	deflateEnd(&stream);
	return room - stream.avail_out;
}

static size_t by_gzip(const void *bytes, size_t count, size_t already)
{
	return already + gzip_to(packed + already, sizeof(packed) - already, bytes, count);
}

START_TEST(gzip)
{
	checks[_i](by_gzip);
}
END_TEST

START_TEST(gzip_files_that_unpack_to_too_much_are_refused)
{
	unsigned char *file = malloc(4 << 20);
	size_t bytes = pack_bomb(gzip_to, file, 4 << 20);

	assert_refused(file, bytes, MZ_STATUS_BAD_IMAGE,
		       "it unpacks to more than 1073741824 bytes");
	free(file);
}
END_TEST

START_TEST(bytes_behind_a_gzip_file_are_passed_over)
{
	const struct elf64_image elf = image_elf64();
	size_t count = by_gzip(&elf, sizeof(elf), 0);

	memset(packed + count, 0, 100);
	ck_assert_int_eq(open_bytes(packed, count + 100, NULL), 0);
	ck_assert_uint_eq(image.file_bytes, sizeof(elf));
}
END_TEST
#else
START_TEST(gzip_is_lacking)
{
	assert_refused("\x1f\x8b", 2, MZ_STATUS_HOST_LACKS, "was built without zlib");
}
END_TEST
#endif

#ifdef HAVE_ZSTD
static size_t zstd_to(unsigned char *to, size_t room, const void *bytes, size_t count)
{
	size_t result = ZSTD_compress(to, room, bytes, count, 3);

	ck_assert(!ZSTD_isError(result));
	return result;
}

static size_t by_zstd(const void *bytes, size_t count, size_t already)
{
	return already + zstd_to(packed + already, sizeof(packed) - already, bytes, count);
}

START_TEST(zstd)
{
	checks[_i](by_zstd);
}
END_TEST

START_TEST(zstd_files_that_unpack_to_too_much_are_refused)
{
	unsigned char *file = malloc(4 << 20);
	size_t bytes = pack_bomb(zstd_to, file, 4 << 20);

	assert_refused(file, bytes, MZ_STATUS_BAD_IMAGE,
		       "it unpacks to more than 1073741824 bytes");
	free(file);
}
END_TEST
#else
START_TEST(zstd_is_lacking)
{
	assert_refused("\x28\xb5\x2f\xfd", 4, MZ_STATUS_HOST_LACKS, "was built without libzstd");
}
END_TEST
#endif

int main(void)
{
	Suite *suite = suite_create("image packed");
	TCase *all = tcase_create("all");

	tcase_set_timeout(all, 120);
#ifdef HAVE_ZLIB
	tcase_add_loop_test(all, gzip, 0, CHECKS);
	tcase_add_test(all, gzip_files_that_unpack_to_too_much_are_refused);
	tcase_add_test(all, bytes_behind_a_gzip_file_are_passed_over);
#else
	tcase_add_test(all, gzip_is_lacking);
#endif
#ifdef HAVE_ZSTD
	tcase_add_loop_test(all, zstd, 0, CHECKS);
	tcase_add_test(all, zstd_files_that_unpack_to_too_much_are_refused);
#else
	tcase_add_test(all, zstd_is_lacking);
#endif
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
