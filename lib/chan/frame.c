/* Headers and sub-message lists. */
#include "chan/frame.h"

/* A list is a u16 and so many u32. */
enum { COUNT = 2, OFFSET = 4 };

bool frame_read(bool mini, struct slice s, struct frame *f)
{
	if (s.n < frame_header(mini))
		return false;
	if (mini)
		*f = (struct frame){.type = get_le16(s.p), .size = get_le32(s.p + 2)};
	else
		*f = (struct frame){.serial = get_le64(s.p), .type = get_le16(s.p + 8), .size = get_le32(s.p + 10),
			.sub_list = get_le32(s.p + 14)};
	return true;
}

int frame_subs(struct slice body, uint32_t off)
{
	unsigned n;

	if (off > body.n || body.n - off < COUNT)
		return -1;
	n = get_le16(body.p + off);
	return (body.n - off - COUNT) / OFFSET < n ? -1 : (int)n;
}

bool frame_sub(struct slice body, uint32_t off, int i, struct frame_sub *sub)
{
	size_t at = get_le32(body.p + off + COUNT + OFFSET * (size_t)i), room, size;

	if (at > body.n || body.n - at < FRAME_SUB)
		return false;
	room = body.n - at - FRAME_SUB;
	size = get_le32(body.p + at + 2);
	*sub = (struct frame_sub){.type = get_le16(body.p + at), .at = at,
		.body = slice_of(body.p + at + FRAME_SUB, size < room ? size : room)};
	return true;
}
