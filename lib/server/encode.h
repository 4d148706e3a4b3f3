/* Pixels to wire images: the server's bridge between codecs and wire. What a client can take and wants decides the form
 * (encode_choose, cheap, on the loop); the work itself touches nothing but its own coding and may run anywhere. */
#ifndef SERVER_ENCODE_H
#define SERVER_ENCODE_H

#include "base/buf.h"
#include "base/list.h"
#include "codec/glz.h"
#include "draw/canvas.h"

/* What one client takes. */
struct encode_rules {
	uint8_t compress;      /* enum image_compression, 0 automatic */
	bool lz4;              /* DISPLAY_CAP_LZ4_COMPRESSION */
	bool raw;              /* automatic means nothing: AF_UNIX */
	bool plain;            /* spice-html5: BITMAP, QUIC and LZ of 32 bits, alpha by LZ alone (images.md 11) */
	bool jpeg;             /* smooth pictures may be lossy */
	bool zlib;             /* GLZ streams are deflated */
	bool many;             /* other clients look, too: forms that can be shared are better than GLZ */
	struct glz_dict *glz;  /* NULL: none. Codings that use it run one by one, in the order in which they are sent */
	uint64_t glz_pixels;   /* pictures of as many don't fit in it */
};

/* A rectangle of a picture on its way to bytes. Clients that take the same form share one. References are taken and
 * given back on the loop. */
struct coding {
	unsigned refs;
	struct list link;      /* among those of a drawing command, which holds a reference then */
	struct list waiting;   /* of its owners: who is to be told that it is done */
	bool done;
	struct pixmap *p;      /* a reference */
	unsigned x, y, w, h;
	uint8_t wish;          /* IMAGE_TYPE_*, as chosen */
	uint8_t type;          /* what it became */
	bool zlib;
	struct glz_dict *glz;  /* set where the wish is GLZ_RGB: such a coding is one client's alone */
	struct buf out;        /* the coded bytes; empty: a BITMAP of the pixmap's own bytes */
	uint32_t extra;        /* JPEG_ALPHA: bytes of the JPEG; ZLIB_GLZ_RGB: of the GLZ stream */
};

/* A coding of a rectangle that lies in p, with a reference for the caller. `lossy`: this use of it may be. `shared`
 * (may be NULL): one of the same in there is taken, begun or done already; else the new one is put there where it can
 * be shared. *fresh: it has yet to be begun, by the caller. */
struct coding *encode_choose(const struct encode_rules *r, struct pixmap *p, unsigned x, unsigned y, unsigned w,
	unsigned h, bool lossy, struct list *shared, bool *fresh);
/* Does the work; in any thread. What does not get smaller becomes a BITMAP (but GLZ, which has to be sent). `done` is
 * for the loop to set. */
void encode_run(struct coding *c);
/* The payload of a wire image (everything but img->d.id and flags), which lives as long as the coding. */
void encode_image(const struct coding *c, struct image *img);
void encode_ref(struct coding *c);
void encode_unref(struct coding *c);
void encode_drop(struct list *shared); /* gives the list's references back */

static inline bool encode_is_lossy(const struct coding *c)
{
	return c->wish == IMAGE_TYPE_JPEG || c->wish == IMAGE_TYPE_JPEG_ALPHA;
}

#endif
