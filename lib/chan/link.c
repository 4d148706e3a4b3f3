/* The link stage. What the server checks, and what it answers, is the order that libspice-server 0.15.1 shows
 * (wire.md 1.4), with tighter limits: LIM_CAPS words, one ticket a link. */
#include "chan/link.h"

#include <openssl/crypto.h>

#include "base/err.h"
#include "base/log.h"
#include "chan/chan.h"
#include "chan/ticket.h"
#include "wire/wire.h"

enum { MAGIC_SIZE = 4, MECHANISM_SIZE = 4, RESULT_SIZE = 4, MAJOR = 2, MINOR = 2 };

/* Moves bytes from *p until `in` holds `want`; true when it does. */
static bool gather(struct buf *in, const uint8_t **p, size_t *n, size_t want)
{
	size_t take = want - buf_len(in) < *n ? want - buf_len(in) : *n;

	buf_put(in, *p, take);
	*p += take;
	*n -= take;
	return buf_len(in) == want;
}

static bool has_magic(const struct buf *in)
{
	return get_le32(buf_data(in)) == LINK_MAGIC;
}

/* The message that was gathered behind its header. */
static struct slice message_of(const struct buf *in)
{
	return slice_of(buf_data(in) + LINK_HEADER_SIZE, buf_len(in) - LINK_HEADER_SIZE);
}

static bool decode(const struct wire_desc *d, struct slice s, void *host)
{
	struct arena a = {0};
	struct wire_in in = {.msg = s, .arena = &a};
	int rc = wire_decode(d, &in, host);

	arena_fini(&a);
	return rc == 0;
}

static void put_header(struct buf *out, size_t size)
{
	buf_le32(out, LINK_MAGIC);
	buf_le32(out, MAJOR);
	buf_le32(out, MINOR);
	buf_le32(out, (uint32_t)size);
}

static void put_caps(struct buf *out, const struct link_caps *caps)
{
	for (uint32_t i = 0; i < caps->n_common; i++)
		buf_le32(out, caps->common[i]);
	for (uint32_t i = 0; i < caps->n_channel; i++)
		buf_le32(out, caps->channel[i]);
}

/* The capability words of a LinkMess or LinkReply of `body`; false when they lie outside or are too many. */
static bool get_caps(struct slice body, size_t fixed, uint32_t n_common, uint32_t n_channel,
	uint32_t offset, struct link_caps *caps)
{
	const uint8_t *p;

	if (n_common > LIM_CAPS || n_channel > LIM_CAPS)
		return false;
	*caps = (struct link_caps){.n_common = n_common, .n_channel = n_channel};
	if (n_common + n_channel == 0)
		return true;
	if (offset < fixed || offset > body.n || body.n - offset < 4 * (size_t)(n_common + n_channel))
		return false;
	p = body.p + offset;
	for (uint32_t i = 0; i < n_common; i++, p += 4)
		caps->common[i] = get_le32(p);
	for (uint32_t i = 0; i < n_channel; i++, p += 4)
		caps->channel[i] = get_le32(p);
	return true;
}

static bool both_have(const struct link_caps *a, const struct link_caps *b, unsigned bit)
{
	return cap_has(a->common, a->n_common, bit) && cap_has(b->common, b->n_common, bit);
}

/* ---- server ---- */

void link_server_init(struct link_server *l)
{
	*l = (struct link_server){.state = LINK_AT_MAGIC};
}

void link_server_fini(struct link_server *l)
{
	OPENSSL_cleanse(l->password, sizeof(l->password));
	ticket_key_free(l->key);
	l->key = NULL;
	buf_fini(&l->in);
	buf_fini(&l->out);
}

static int refuse(struct link_server *l, uint32_t err, const char *why)
{
	static const uint8_t zero[LINK_REPLY_SIZE - 4];

	log_info("link refused: %s", why);
	put_header(&l->out, LINK_REPLY_SIZE);
	buf_le32(&l->out, err);
	buf_put(&l->out, zero, sizeof(zero));
	l->state = LINK_FAILED;
	return E_PROTO;
}

void link_refuse(struct link_server *l, uint32_t err)
{
	refuse(l, err, wire_enum_word("link_err", err));
}

bool link_server_waiting(const struct link_server *l)
{
	return l->state == LINK_AT_MAGIC || l->state == LINK_AT_HEADER;
}

static int check_header(struct link_server *l)
{
	struct link_header h;

	decode(wire_desc_link_header(), buf_slice(&l->in), &h);
	if (h.major == 0) { /* the real server has no answer to this one */
		log_info("link refused: version 0");
		l->state = LINK_FAILED;
		return E_PROTO;
	}
	if (h.major != MAJOR)
		return refuse(l, LINK_ERR_VERSION_MISMATCH, "version");
	if (h.size < LIM_LINK_MIN || h.size > LIM_LINK_MAX)
		return refuse(l, LINK_ERR_INVALID_DATA, "message size");
	l->whole = LINK_HEADER_SIZE + h.size;
	l->state = LINK_AT_MESSAGE;
	return E_AGAIN;
}

static int check_mess(struct link_server *l)
{
	struct slice body = message_of(&l->in);
	struct link_mess m;

	if (!decode(wire_desc_link_mess(), body, &m) ||
		!get_caps(body, LIM_LINK_MIN, m.num_common_caps, m.num_channel_caps, m.caps_offset,
			&l->peer))
		return refuse(l, LINK_ERR_INVALID_DATA, "capability words");
	l->connection_id = m.connection_id;
	l->channel_type = m.channel_type;
	l->channel_id = m.channel_id;
	buf_clear(&l->in);
	l->state = LINK_AT_ANSWER;
	return LINK_ASKED;
}

static int check_ticket(struct link_server *l)
{
	uint8_t plain[TICKET_SIZE] = {0};
	size_t n = 0, len;

	l->ticket_ok = ticket_decrypt(l->key, buf_data(&l->in), plain, &n) == 0;
	if (!l->ticket_ok)
		n = 0;
	/* up to the first NUL, as the real server compares; what stands behind it is no password of ours */
	len = strnlen((const char *)plain, n);
	l->password_ok = l->ticket_ok && len <= LIM_PASSWORD && len + 1 >= n;
	memcpy(l->password, plain, l->password_ok ? len : 0);
	OPENSSL_cleanse(plain, sizeof(plain));
	buf_clear(&l->in);
	ticket_key_free(l->key);
	l->key = NULL;
	l->state = LINK_AT_VERDICT;
	return LINK_TICKET;
}

static int check_mechanism(struct link_server *l)
{
	if (get_le32(buf_data(&l->in)) != AUTH_MECHANISM_SPICE)
		return refuse(l, LINK_ERR_INVALID_DATA, "authentication mechanism");
	buf_clear(&l->in);
	l->state = LINK_AT_TICKET;
	return E_AGAIN;
}

/* An event, an error, or E_AGAIN: there may be more to do. */
static int server_step(struct link_server *l, const uint8_t **p, size_t *n)
{
	switch (l->state) {
	case LINK_AT_MAGIC: /* before the rest of the header: a wrong one is answered at once */
		if (!gather(&l->in, p, n, MAGIC_SIZE))
			return LINK_MORE;
		if (!has_magic(&l->in))
			return refuse(l, LINK_ERR_INVALID_MAGIC, "magic");
		l->state = LINK_AT_HEADER;
		return E_AGAIN;
	case LINK_AT_HEADER:
		return gather(&l->in, p, n, LINK_HEADER_SIZE) ? check_header(l) : LINK_MORE;
	case LINK_AT_MESSAGE:
		return gather(&l->in, p, n, l->whole) ? check_mess(l) : LINK_MORE;
	case LINK_AT_MECHANISM:
		return gather(&l->in, p, n, MECHANISM_SIZE) ? check_mechanism(l) : LINK_MORE;
	case LINK_AT_TICKET:
		return gather(&l->in, p, n, TICKET_SIZE) ? check_ticket(l) : LINK_MORE;
	case LINK_AT_END:
		return LINK_DONE;
	case LINK_FAILED:
		return E_PROTO;
	default:
		return LINK_MORE; /* the owner has not answered yet */
	}
}

int link_server_input(struct link_server *l, const uint8_t *p, size_t n, size_t *used)
{
	size_t all = n;
	int rc;

	do
		rc = server_step(l, &p, &n);
	while (rc == E_AGAIN);
	*used = all - n;
	return rc;
}

void link_accept(struct link_server *l, struct ticket_key *key, const struct link_caps *caps)
{
	uint8_t der[TICKET_KEY_DER];
	size_t words = 4 * (size_t)(caps->n_common + caps->n_channel);

	l->key = key;
	l->mini = both_have(&l->peer, caps, COMMON_CAP_MINI_HEADER);
	ticket_key_der(key, der);
	put_header(&l->out, LINK_REPLY_SIZE + words);
	buf_le32(&l->out, LINK_ERR_OK);
	buf_put(&l->out, der, sizeof(der));
	buf_le32(&l->out, caps->n_common);
	buf_le32(&l->out, caps->n_channel);
	buf_le32(&l->out, LINK_REPLY_SIZE);
	put_caps(&l->out, caps);
	/* the client's bit alone decides whether it sends the mechanism word */
	l->state = cap_has(l->peer.common, l->peer.n_common, COMMON_CAP_PROTOCOL_AUTH_SELECTION)
			   ? LINK_AT_MECHANISM : LINK_AT_TICKET;
}

void link_result(struct link_server *l, uint32_t err)
{
	buf_le32(&l->out, err);
	OPENSSL_cleanse(l->password, sizeof(l->password));
	l->state = err == LINK_ERR_OK ? LINK_AT_END : LINK_FAILED;
}

/* ---- client ---- */

void link_client_init(struct link_client *l, uint32_t connection_id, unsigned type, unsigned id,
	const struct link_caps *caps, const char *password)
{
	size_t words = 4 * (size_t)(caps->n_common + caps->n_channel);

	*l = (struct link_client){.state = LINK_AT_HEADER, .ours = *caps};
	snprintf(l->password, sizeof(l->password), "%s", password ? password : "");
	put_header(&l->out, LIM_LINK_MIN + words);
	buf_le32(&l->out, connection_id);
	buf_u8(&l->out, (uint8_t)type);
	buf_u8(&l->out, (uint8_t)id);
	buf_le32(&l->out, caps->n_common);
	buf_le32(&l->out, caps->n_channel);
	buf_le32(&l->out, LIM_LINK_MIN);
	put_caps(&l->out, caps);
}

void link_client_fini(struct link_client *l)
{
	OPENSSL_cleanse(l->password, sizeof(l->password));
	buf_fini(&l->in);
	buf_fini(&l->out);
}

/* A refusal by number, in words, as an E_*. */
static int refused(struct link_client *l, uint32_t err)
{
	const char *word = wire_enum_word("link_err", err);

	l->error = err;
	switch (err) {
	case LINK_ERR_NEED_SECURED:
		return E_SECURE; /* the owner knows whether it can */
	case LINK_ERR_PERMISSION_DENIED:
		log_error("the server refuses the password");
		return E_AUTH;
	case LINK_ERR_CHANNEL_NOT_AVAILABLE:
		log_info("the server has no such channel");
		return E_UNSUP;
	}
	log_error("the server refuses the link: %s", word ? word : "unknown error");
	return E_PROTO;
}

static int check_reply_header(struct link_client *l)
{
	struct link_header h;

	decode(wire_desc_link_header(), buf_slice(&l->in), &h);
	if (h.magic != LINK_MAGIC) {
		log_error("the server does not speak SPICE");
		return E_PROTO;
	}
	if (h.major != MAJOR || h.size < LINK_REPLY_SIZE || h.size > LIM_LINK_MAX) {
		log_error("the server's link reply is malformed");
		return E_PROTO;
	}
	l->whole = LINK_HEADER_SIZE + h.size;
	l->state = LINK_AT_MESSAGE;
	return E_AGAIN;
}

static int answer_reply(struct link_client *l)
{
	struct slice body = message_of(&l->in);
	uint8_t ticket[TICKET_SIZE];
	struct link_reply r;
	int rc;

	decode(wire_desc_link_reply(), body, &r);
	if (r.error != LINK_ERR_OK)
		return refused(l, r.error);
	if (!get_caps(body, LINK_REPLY_SIZE, r.num_common_caps, r.num_channel_caps, r.caps_offset, &l->peer)) {
		log_error("the server's capability words are malformed");
		return E_PROTO;
	}
	l->mini = both_have(&l->ours, &l->peer, COMMON_CAP_MINI_HEADER);
	if (both_have(&l->ours, &l->peer, COMMON_CAP_PROTOCOL_AUTH_SELECTION)) {
		if (!cap_has(l->peer.common, l->peer.n_common, COMMON_CAP_AUTH_SPICE)) {
			log_error("the server wants SASL authentication");
			return E_AUTH;
		}
		buf_le32(&l->out, AUTH_MECHANISM_SPICE);
	}
	if ((rc = ticket_encrypt(r.pub_key, l->password, ticket)))
		return rc;
	OPENSSL_cleanse(l->password, sizeof(l->password));
	buf_put(&l->out, ticket, sizeof(ticket));
	buf_clear(&l->in);
	l->state = LINK_AT_RESULT;
	return E_AGAIN;
}

static int check_result(struct link_client *l)
{
	uint32_t err = get_le32(buf_data(&l->in));

	if (err != LINK_ERR_OK)
		return refused(l, err);
	l->state = LINK_AT_END;
	return LINK_DONE;
}

static int client_step(struct link_client *l, const uint8_t **p, size_t *n)
{
	switch (l->state) {
	case LINK_AT_HEADER:
		return gather(&l->in, p, n, LINK_HEADER_SIZE) ? check_reply_header(l) : LINK_MORE;
	case LINK_AT_MESSAGE:
		return gather(&l->in, p, n, l->whole) ? answer_reply(l) : LINK_MORE;
	case LINK_AT_RESULT:
		return gather(&l->in, p, n, RESULT_SIZE) ? check_result(l) : LINK_MORE;
	case LINK_AT_END:
		return LINK_DONE;
	default:
		return E_PROTO;
	}
}

int link_client_input(struct link_client *l, const uint8_t *p, size_t n, size_t *used)
{
	size_t all = n;
	int rc;

	do
		rc = client_step(l, &p, &n);
	while (rc == E_AGAIN);
	if (rc < 0)
		l->state = LINK_FAILED;
	*used = all - n;
	return rc;
}
