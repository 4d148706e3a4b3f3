/* What stands around the messages of a linked channel, as bytes: headers of both forms, and the lists of sub-messages
 * that bodies may carry. Channels read them, and so does who only looks on (capture/). wire.md 4. */
#ifndef CHAN_FRAME_H
#define CHAN_FRAME_H

#include "base/bytes.h"

enum {
	FRAME_FULL = 18,
	FRAME_MINI = 6,
	FRAME_SUB = 6, /* a sub-message's own */
	/* how many times its own size a message may make us read by sub-messages that share bytes */
	FRAME_SUB_WORK = 4,
};

struct frame {
	uint64_t serial;   /* 0: implicit */
	uint16_t type;
	uint32_t size;     /* of the body, which the peer says: not looked at yet */
	uint32_t sub_list; /* offset in the body, 0 none */
};

static inline size_t frame_header(bool mini)
{
	return mini ? FRAME_MINI : FRAME_FULL;
}

/* The header at the front of s; false while it is not whole. */
bool frame_read(bool mini, struct slice s, struct frame *f);

struct frame_sub {
	uint16_t type;
	size_t at; /* of its header in the body that carries it */
	struct slice body;
};

/* How many sub-messages the list at `off` names; -1 when the list does not lie in the body. */
int frame_subs(struct slice body, uint32_t off);
/* Number i of them; false when its header does not lie in the body. The size that stands with it is that of a padded C
 * structure in real streams (wire.md 4.2): its body is cut to what there is. */
bool frame_sub(struct slice body, uint32_t off, int i, struct frame_sub *sub);

#endif
