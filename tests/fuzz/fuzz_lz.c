/* F-9: LZ streams of all types. The decoder stays inside what it was given, and says what the plain one says: the same
 * refusals, the same pixels. The first byte is 0 and a stream follows, or it chooses the type and two more bytes the
 * size, so that no header has to be guessed. */
#include <stdlib.h>

#include "tests/unit/plain-lz.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { HEADER = 28, MAX_PIXELS = 1 << 18 }; /* larger claims are only looked at: speed */

static void decode(struct slice in, const struct lz_info *info, bool wide)
{
	size_t n = wide ? 4 * (size_t)info->width * info->height : (size_t)info->stride * info->height;
	uint8_t *fast = malloc(n), *plain = malloc(n); /* exact, so that a sanitizer sees one byte too far */
	int rc;

	if (!fast || !plain)
		abort();
	memset(fast, 0x5a, n);
	memset(plain, 0x5a, n);
	rc = lz_decode(in, info, wide, fast);
	if (rc != plain_lz_decode(in, info, wide, plain) || (rc == 0 && memcmp(fast, plain, n) != 0))
		abort();
	free(fast);
	free(plain);
}

static void stream(struct slice in)
{
	struct lz_info info;

	if (lz_header(in, &info) || (uint64_t)info.width * info.height > MAX_PIXELS)
		return;
	decode(in, &info, false);
	if (info.type == LZ_RGB24)
		decode(in, &info, true);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const uint8_t magic[] = {0x20, 0x20, 0x5a, 0x4c, 0, 1, 0, 1};
	enum lz_type type;
	uint32_t width;
	uint8_t *made;

	if (!n)
		return 0;
	if (p[0] == 0 || n < 3) {
		made = malloc(n);
		memcpy(made, p + 1, n - 1);
		stream(slice_of(made, n - 1));
		free(made);
		return 0;
	}
	type = (enum lz_type)((p[0] - 1) % LZ_A8 + 1);
	width = 1 + p[1];
	made = malloc(HEADER + n - 3);
	memcpy(made, magic, sizeof(magic));
	put_be32(made + 8, type);
	put_be32(made + 12, width);
	put_be32(made + 16, 1 + (uint32_t)p[2]);
	put_be32(made + 20, lz_stride(type, width));
	put_be32(made + 24, p[0] & 1);
	memcpy(made + HEADER, p + 3, n - 3);
	stream(slice_of(made, HEADER + n - 3));
	free(made);
	return 0;
}
