/* The choice of forms. images.md 11 for what real clients can take, channels.md 2 for what they say of it. */
#include "server/forms.h"

#include "base/log.h"

static const char *const why_words[] = {
	[BY_OPTION] = "option", [BY_SOCKET] = "socket", [BY_LINK] = "link",
	[UNKNOWN_LINK] = "unknown",
};

void forms_init(struct forms *f, const struct session *s, const struct conn *c)
{
	*f = (struct forms){.session = s, .conn = c, .compress = session_options(s)->compress};
}

/* ---- pictures ---- */

bool forms_prefer(struct forms *f, uint8_t compression)
{
	if (compression == IMAGE_COMPRESSION_INVALID || !wire_enum_word("image_compression", compression))
		return false;
	f->compress = compression;
	return true;
}

/* What an option leaves to the link. */
static struct choice for_link(const struct forms *f, uint8_t option)
{
	if (option != SERVER_AUTO)
		return (struct choice){option == SERVER_ALWAYS, BY_OPTION};
	if (f->conn->info.local)
		return (struct choice){false, BY_SOCKET};
	return (struct choice){session_is_slow(f->session), f->session->rate.bits ? BY_LINK : UNKNOWN_LINK};
}

static struct choice lossy(const struct forms *f)
{
	return for_link(f, session_options(f->session)->jpeg);
}

static struct choice deflated(const struct forms *f)
{
	return for_link(f, session_options(f->session)->zlib);
}

struct encode_rules forms_rules(const struct forms *f)
{
	bool lz4 = conn_peer_can(f->conn, DISPLAY_CAP_LZ4_COMPRESSION);

	return (struct encode_rules){
		.compress = f->compress,
		.lz4 = lz4,
		.raw = f->conn->info.local,
		.plain = !f->glz_pixels && !lz4, /* spice-html5 has no capability that says so (images.md 11) */
		.jpeg = lossy(f).on,
		.many = session_has_many(f->session),
		.zlib = deflated(f).on,
	};
}

static bool differ(struct choice a, struct choice b)
{
	return a.on != b.on || a.why != b.why;
}

void forms_say(struct forms *f)
{
	struct choice jpeg = lossy(f), zlib = deflated(f);

	if (differ(jpeg, f->jpeg) || differ(zlib, f->zlib))
		log_info("%s: display channel: pictures %s (%s), GLZ %s (%s)", f->conn->name,
			jpeg.on ? "lossy first" : "lossless", why_words[jpeg.why], zlib.on ? "deflated" : "plain",
			why_words[zlib.why]);
	f->jpeg = jpeg;
	f->zlib = zlib;
}

static void stats_choice(struct json *j, const char *name, struct choice c)
{
	json_open(j, name, '{');
	json_bool(j, "on", c.on);
	json_str(j, "why", why_words[c.why]);
	json_close(j, '}');
}

void forms_stats(const struct forms *f, struct json *j)
{
	stats_choice(j, "lossy", lossy(f));
	stats_choice(j, "zlib", deflated(f));
}

/* ---- video ---- */

void forms_prefer_codecs(struct forms *f, const struct display_preferred_video_codec_type *m)
{
	f->n_wished = m->num_of_codecs < FORMS_WISHES ? m->num_of_codecs : FORMS_WISHES;
	if (f->n_wished)
		memcpy(f->wished, m->codecs.p, f->n_wished);
}

/* Over a unix socket pixels cost less than video does. */
static bool takes_video(const struct forms *f)
{
	uint8_t video = session_options(f->session)->video;

	return video == SERVER_VIDEO_ALL || (video == SERVER_VIDEO_AUTO && !f->conn->info.local);
}

/* Before there were several codecs MJPEG was the only one. */
static bool takes_codec(const struct forms *f, uint8_t codec)
{
	if (!conn_peer_can(f->conn, DISPLAY_CAP_MULTI_CODEC))
		return codec == VIDEO_CODEC_MJPEG;
	return conn_peer_can(f->conn, codec == VIDEO_CODEC_MJPEG ? DISPLAY_CAP_CODEC_MJPEG : DISPLAY_CAP_CODEC_VP8);
}

unsigned forms_codecs(const struct forms *f, uint8_t out[VIDEO_CODECS])
{
	static const uint8_t ours[] = {VIDEO_CODEC_MJPEG, VIDEO_CODEC_VP8};
	const struct server_options *o = session_options(f->session);
	const uint8_t *all = o->n_codecs ? o->codecs : ours;
	unsigned n = 0, n_all = o->n_codecs ? o->n_codecs : ARRAY_SIZE(ours);

	if (!takes_video(f))
		return 0;
	for (unsigned i = 0; i < f->n_wished; i++) /* first what it wishes, then in our order */
		if (memchr(all, f->wished[i], n_all) && takes_codec(f, f->wished[i]) && !memchr(out, f->wished[i], n))
			out[n++] = f->wished[i];
	for (unsigned i = 0; i < n_all; i++)
		if (takes_codec(f, all[i]) && !memchr(out, all[i], n))
			out[n++] = all[i];
	return n;
}
