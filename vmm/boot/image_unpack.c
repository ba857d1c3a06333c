// SPDX-License-Identifier: MPL-2.0
/*
 * Compressed files. Sources: RFC 1952 (gzip), RFC 8878 (zstd). What a Linux image's own code
 * unpacks is not touched. libzstd is loaded for an image that needs it.
 */
#include <dlfcn.h>
#include <inttypes.h>
#include <stdlib.h>
#ifdef HAVE_ZLIB
#include <zlib.h>
#endif
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

#include "vmm/base/library.h"
#include "vmm/boot/image_format.h"

static const unsigned char gzip_magic[] = {0x1f, 0x8b};
static const unsigned char zstd_magic[] = {0x28, 0xb5, 0x2f, 0xfd};

/* What has been unpacked so far. */
struct sink {
	unsigned char *bytes;
	size_t used, room;
};

#if defined(HAVE_ZLIB) || defined(HAVE_ZSTD)
#define ROOM_FIRST ((size_t)1 << 20)

/* Makes room for more. What is packed well can become very large. */
static int grow(const struct mz_image *image, struct sink *sink, struct mz_failure *failure)
{
	size_t room = sink->room ? 2 * sink->room : ROOM_FIRST;
	unsigned char *bytes;

	if (sink->room == MZ_IMAGE_BYTES_MAX)
		return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
			       "%s: is too large for an image: it unpacks to more than %" PRIu64
			       " bytes",
			       image->path, MZ_IMAGE_BYTES_MAX);
	bytes = realloc(sink->bytes, room);
	if (!bytes)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "%s: no memory to unpack it",
			       image->path);
	sink->bytes = bytes;
	sink->room = room;
	return 0;
}

_Static_assert((MZ_IMAGE_BYTES_MAX & (MZ_IMAGE_BYTES_MAX - 1)) == 0, "doubling ends there");

static int damaged(const struct mz_image *image, const char *packer, const char *why,
		   struct mz_failure *failure)
{
	return mz_fail(failure, MZ_STATUS_BAD_IMAGE, "%s: cannot unpack it by %s: %s", image->path,
		       packer, why);
}
#endif

#if !defined(HAVE_ZLIB) || !defined(HAVE_ZSTD)
static int lacks(const struct mz_image *image, const char *packer, const char *library,
		 struct mz_failure *failure)
{
	return mz_fail(failure, MZ_STATUS_HOST_LACKS,
		       "%s: is packed by %s, and this program was built without %s", image->path,
		       packer, library);
}
#endif

#ifdef HAVE_ZLIB
static bool begins_another(const z_stream *stream)
{
	return stream->avail_in >= sizeof(gzip_magic) &&
		memcmp(stream->next_in, gzip_magic, sizeof(gzip_magic)) == 0;
}

/* A file may be several packed ones, one behind the other; other bytes at its end are passed over.
 */
static int inflate_all(const struct mz_image *image, z_stream *stream, struct sink *sink,
		       struct mz_failure *failure)
{
	for (;;) {
		int result;

		if (sink->used == sink->room && grow(image, sink, failure))
			return -1;
		stream->next_out = sink->bytes + sink->used;
		stream->avail_out = (uInt)(sink->room - sink->used);
		result = inflate(stream, Z_NO_FLUSH);
		sink->used = sink->room - stream->avail_out;
		if (result == Z_STREAM_END && begins_another(stream))
			inflateReset(stream);
		else if (result == Z_STREAM_END)
			return 0;
		else if (result == Z_BUF_ERROR)
			return damaged(image, "gzip", "it is cut off", failure);
		else if (result != Z_OK)
			return damaged(image, "gzip", stream->msg ? stream->msg : zError(result),
				       failure);
	}
}

static int unpack_gzip(const struct mz_image *image, struct sink *sink, struct mz_failure *failure)
{
	enum { ANY_WINDOW = 15, GZIP = 16 };
	z_stream stream = {
		.next_in = image->file,
		.avail_in = (uInt)image->file_bytes,
	};
	int result = inflateInit2(&stream, ANY_WINDOW + GZIP);

	if (result != Z_OK)
		return damaged(image, "gzip", zError(result), failure);
	result = inflate_all(image, &stream, sink, failure);
	inflateEnd(&stream);
	return result;
}
#else
static int unpack_gzip(const struct mz_image *image, struct sink *sink, struct mz_failure *failure)
{
	(void)sink;
	return lacks(image, "gzip", "zlib", failure);
}
#endif

#ifdef HAVE_ZSTD
#define ZSTD_LIBRARY "libzstd.so.1"

struct zstd {
	void *library;
	/* its functions */
	__typeof__(ZSTD_createDStream) *create;
	__typeof__(ZSTD_decompressStream) *decompress;
	__typeof__(ZSTD_freeDStream) *free;
	__typeof__(ZSTD_isError) *is_error;
	__typeof__(ZSTD_getErrorName) *error_name;
};

static bool load_zstd(struct zstd *zstd)
{
	void *library = zstd->library = dlopen(ZSTD_LIBRARY, RTLD_NOW | RTLD_LOCAL);

	return library && mz_library_find(library, "ZSTD_createDStream", &zstd->create) &&
		mz_library_find(library, "ZSTD_decompressStream", &zstd->decompress) &&
		mz_library_find(library, "ZSTD_freeDStream", &zstd->free) &&
		mz_library_find(library, "ZSTD_isError", &zstd->is_error) &&
		mz_library_find(library, "ZSTD_getErrorName", &zstd->error_name);
}

static int decompress_all(const struct mz_image *image, const struct zstd *zstd,
			  ZSTD_DStream *stream, struct sink *sink, struct mz_failure *failure)
{
	ZSTD_inBuffer in = {.src = image->file, .size = image->file_bytes};

	for (;;) {
		ZSTD_outBuffer out;
		size_t result;

		if (sink->used == sink->room && grow(image, sink, failure))
			return -1;
		out = (ZSTD_outBuffer) {sink->bytes, sink->room, sink->used};
		result = zstd->decompress(stream, &out, &in);
		sink->used = out.pos;
		if (zstd->is_error(result))
			return damaged(image, "zstd", zstd->error_name(result), failure);
		if (in.pos == in.size && result == 0)
			return 0;
		if (in.pos == in.size && out.pos < out.size)
			return damaged(image, "zstd", "it is cut off", failure);
	}
}

static int unpack_by(const struct mz_image *image, const struct zstd *zstd, struct sink *sink,
		     struct mz_failure *failure)
{
	ZSTD_DStream *stream = zstd->create();
	int result;

	if (!stream)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "%s: no memory to unpack it",
			       image->path);
	result = decompress_all(image, zstd, stream, sink, failure);
	zstd->free(stream);
	return result;
}

static int unpack_zstd(const struct mz_image *image, struct sink *sink, struct mz_failure *failure)
{
	struct zstd zstd;
	int result = load_zstd(&zstd)
		? unpack_by(image, &zstd, sink, failure)
		: mz_fail(failure, MZ_STATUS_HOST_LACKS,
			  "%s: is packed by zstd: %s (Debian: libzstd1)", image->path, dlerror());

	if (zstd.library)
		dlclose(zstd.library);
	return result;
}
#else
static int unpack_zstd(const struct mz_image *image, struct sink *sink, struct mz_failure *failure)
{
	(void)sink;
	return lacks(image, "zstd", "libzstd", failure);
}
#endif

static bool begins_with(const struct mz_image *image, const unsigned char *magic, size_t bytes)
{
	return image->file_bytes >= bytes && memcmp(image->file, magic, bytes) == 0;
}

static int unpack(const struct mz_image *image, struct sink *sink, struct mz_failure *failure)
{
	if (begins_with(image, gzip_magic, sizeof(gzip_magic)))
		return unpack_gzip(image, sink, failure);
	return unpack_zstd(image, sink, failure);
}

int mz_image_unpack_(struct mz_image *image, struct mz_failure *failure)
{
	struct sink sink = {0};

	if (!begins_with(image, gzip_magic, sizeof(gzip_magic)) &&
	    !begins_with(image, zstd_magic, sizeof(zstd_magic)))
		return 0;
	if (mz_image_look_at_all_(image, failure) || unpack(image, &sink, failure)) {
		free(sink.bytes);
		return -1;
	}
	free(image->file);
	image->file = sink.bytes;
	image->file_bytes = sink.used;
	return 0;
}
