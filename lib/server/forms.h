/* In what forms a client gets its pictures and its video: what it can take, what our options and its wishes say, and
 * what its link carries. One display's. */
#ifndef SERVER_FORMS_H
#define SERVER_FORMS_H

#include "base/json.h"
#include "server/encode.h"
#include "server/session.h"
#include "server/video.h"

enum { FORMS_WISHES = 16 };

/* What was decided, and by what. */
struct choice {
	bool on;
	enum why { BY_OPTION, BY_SOCKET, BY_LINK, UNKNOWN_LINK } why;
};

struct forms {
	const struct session *session;
	const struct conn *conn;        /* the display's */
	uint8_t compress;               /* enum image_compression: our option, or what the client prefers */
	uint64_t glz_pixels;            /* the window that it announced; 0: no GLZ */
	uint8_t wished[FORMS_WISHES];   /* enum video_codec: what it likes, best first */
	unsigned n_wished;
	struct choice jpeg, zlib;       /* as they were said last */
};

void forms_init(struct forms *f, const struct session *s, const struct conn *c);

/* The client's messages. A compression that we don't know leaves the choice as it is: false. */
bool forms_prefer(struct forms *f, uint8_t compression);
void forms_prefer_codecs(struct forms *f, const struct display_preferred_video_codec_type *m);

/* As things are now; glz is the outbox's business. */
struct encode_rules forms_rules(const struct forms *f);
/* Of the codecs that we may use those that the client takes, best first, and their number; 0: it gets no video. */
unsigned forms_codecs(const struct forms *f, uint8_t out[VIDEO_CODECS]);

/* Logs what was decided by the link, where that has changed. */
void forms_say(struct forms *f);
void forms_stats(const struct forms *f, struct json *j);

#endif
