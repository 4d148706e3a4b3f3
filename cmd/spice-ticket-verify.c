/* verify: what a viewer with these options would make of a server. First the certificate, by a handshake that a viewer
 * would make too, so that what is told is what decides; then each channel is asked for in clear. Nobody logs in: the
 * link stage says what is wanted before it wants a ticket, and the connection is left there. */
#include <stdlib.h>
#include <time.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "chan/chan.h"
#include "chan/link.h"
#include "cmd/spice-ticket.h"
#include "net/pump.h"
#include "wire/wire.h"

enum { TIMEOUT_MS = 10000, SOON_DAYS = 14, DAY = 86400, CHANNELS = WIRE_WEBDAV + 1 };

/* What the server said of a channel. */
enum answer { UNASKED, CLEAR, TLS_ONLY, ABSENT };

struct probe {
	uv_loop_t *loop;
	struct endpoint where;
	struct tls_client *trust;
	struct tls_report report;
	struct connecting *connecting;
	struct pump *pump;
	struct link_client link;
	uv_timer_t timer;
	unsigned timeout_ms;
	bool tls;                /* of this connection */
	bool answered;           /* the link reply came, and the channel may be had */
	int err;                 /* how this connection ended otherwise */
	enum answer channel[CHANNELS]; /* in clear */
	const char *auth;        /* NULL: not learned */
	char *refusal;           /* why a viewer would not come in; NULL: it would */
};

/* ---- one connection: a link message, and its answer ---- */

static void leave(struct probe *p)
{
	net_connect_cancel(p->connecting);
	p->connecting = NULL;
	pump_close(p->pump, false);
	p->pump = NULL;
	uv_timer_stop(&p->timer);
	uv_stop(p->loop);
}

static void learn_auth(struct probe *p)
{
	const struct link_caps *c = &p->link.peer;

	p->answered = true;
	p->auth = cap_has(c->common, c->n_common, COMMON_CAP_AUTH_SASL) ? "sasl" : "spice";
}

static int input(void *owner, const uint8_t *data, size_t n)
{
	struct probe *p = owner;
	size_t used;
	int rc = link_client_input(&p->link, data, n, &used);

	/* what the client would say next is its ticket; that stays unsaid */
	if (rc == LINK_MORE && !buf_len(&p->link.out))
		return 0;
	if (rc >= 0 || (rc == E_AUTH && !p->link.error))
		learn_auth(p);
	else
		p->err = rc;
	leave(p);
	return 0;
}

static int output(void *owner, struct slice *out)
{
	struct probe *p = owner;

	*out = buf_slice(&p->link.out);
	return 0;
}

static void sent(void *owner, size_t n)
{
	struct probe *p = owner;

	buf_skip(&p->link.out, n);
}

static void closed(void *owner, int err)
{
	struct probe *p = owner;

	p->pump = NULL;
	p->err = err;
	leave(p);
}

static const struct pump_ops ops = {input, output, sent, closed};

static void connected(void *owner, struct xport *x, int err)
{
	struct probe *p = owner;

	p->connecting = NULL;
	p->err = err;
	if (err) {
		leave(p);
		return;
	}
	p->pump = pump_new(p->loop, x, &ops, p);
	pump_kick(p->pump);
}

static void too_late(uv_timer_t *t)
{
	struct probe *p = t->data;

	log_error("the server does not answer");
	p->err = E_TIMEOUT;
	leave(p);
}

/* Asks for a channel; what came of it is in answered and err. */
static void ask(struct probe *p, unsigned type, bool tls)
{
	static const struct link_caps caps = {.n_common = 1, .common = {1u << COMMON_CAP_PROTOCOL_AUTH_SELECTION |
		1u << COMMON_CAP_AUTH_SPICE | 1u << COMMON_CAP_MINI_HEADER}};

	p->tls = tls;
	p->answered = false;
	p->err = 0;
	link_client_init(&p->link, 0, type, 0, &caps, NULL);
	uv_timer_start(&p->timer, too_late, p->timeout_ms, 0);
	p->connecting = net_connect(p->loop, &p->where, tls, p->trust, p->timeout_ms, connected, p);
	uv_run(p->loop, UV_RUN_DEFAULT);
	link_client_fini(&p->link);
}

/* ---- the whole of it ---- */

/* What can't be known ends the command; a refusal is a result. */
static bool is_refusal(const struct probe *p)
{
	return p->err == E_AUTH || p->err == E_SECURE;
}

static void refuse(struct probe *p, char *why)
{
	if (p->refusal)
		free(why);
	else
		p->refusal = why;
}

static int check_tls(struct probe *p)
{
	ask(p, WIRE_MAIN, true);
	if (p->report.why)
		refuse(p, xstrdup(p->report.why));
	else if (p->err == E_AUTH)
		refuse(p, xstrdup("the server is not verified"));
	else if (p->err == E_UNSUP || p->err == E_SECURE)
		refuse(p, xstrdup("it has no main channel there"));
	else if (p->err)
		return p->err;
	return 0;
}

/* 0, or E_* for the main channel: of others that can't be had it is enough to say so. */
static int check_channel(struct probe *p, unsigned type)
{
	bool quiet = log_set_quiet(type != WIRE_MAIN);
	bool must = wire_channel_listed(cli_connect.tls_channels, type) ||
		    wire_channel_listed(p->where.secure_channels, type);

	ask(p, type, false);
	log_set_quiet(quiet);
	p->channel[type] = p->answered ? CLEAR : p->err == E_SECURE ? TLS_ONLY : ABSENT;
	if (type == WIRE_MAIN && p->err && !is_refusal(p))
		return p->err;
	if (p->channel[type] == ABSENT || p->where.tls_port || p->where.unix_path)
		return 0;
	if (p->channel[type] == TLS_ONLY)
		refuse(p, xasprintf("%s wants TLS, and no TLS port is known", wire_channel_name(type)));
	else if (must)
		refuse(p, xasprintf("%s must use TLS, and no TLS port is known", wire_channel_name(type)));
	return 0;
}

static int check_clear(struct probe *p)
{
	int rc = 0;

	for (unsigned type = WIRE_MAIN; !rc && type < CHANNELS; type++)
		if (wire_channel_name(type))
			rc = check_channel(p, type);
	return rc;
}

static int look(struct probe *p)
{
	int rc = 0;

	if (p->where.tls_port)
		rc = check_tls(p);
	if (!rc && (p->where.port || p->where.unix_path))
		rc = check_clear(p);
	return rc;
}

/* ---- telling ---- */

static void tell_point(struct ticket_out *o, const struct tls_report *r, enum tls_point point)
{
	bool good = !buf_len(&r->point[point].why), counts = r->point[point].asked;
	struct buf line = {0};

	if (good)
		buf_str(&line, "ok");
	else
		buf_printf(&line, "%s: %.*s", counts ? "refused" : "ignored", (int)buf_len(&r->point[point].why),
			(const char *)buf_data(&r->point[point].why));
	if (counts || !good)
		out_text(o, tls_point_word(point), buf_slice(&line));
	buf_fini(&line);
}

/* The channels that gave this answer. */
static void tell_channels(struct ticket_out *o, const struct probe *p, const char *key, enum answer answer)
{
	struct buf list = {0};

	for (unsigned t = 0; t < CHANNELS; t++)
		if (p->channel[t] == answer)
			buf_printf(&list, "%s%s", buf_len(&list) ? " " : "", wire_channel_name(t));
	if (p->channel[WIRE_MAIN] != UNASKED)
		out_words(o, key, buf_slice(&list));
	buf_fini(&list);
}

static int tell(const struct probe *p)
{
	char *uri = endpoint_uri(&p->where);
	struct ticket_out o;

	out_begin(&o);
	out_str(&o, "server", uri);
	if (p->report.shown) {
		out_facts(&o, &p->report.facts);
		out_int(&o, "chain_length", p->report.length);
		for (int i = 0; i < TLS_POINTS; i++)
			tell_point(&o, &p->report, (enum tls_point)i);
	}
	tell_channels(&o, p, "in_clear", CLEAR);
	tell_channels(&o, p, "tls_only", TLS_ONLY);
	if (p->auth)
		out_str(&o, "auth", p->auth);
	out_bool(&o, "accepted", !p->refusal);
	if (p->refusal)
		out_str(&o, "reason", p->refusal);
	free(uri);
	return out_end(&o);
}

static void warn_of_end(const struct tls_report *r)
{
	int64_t left = r->shown ? r->facts.to - time(NULL) : INT64_MAX;

	if (left > 0 && left < SOON_DAYS * DAY)
		log_warn("the certificate ends in %lld days", (long long)(left / DAY));
}

static int start(struct probe *p, const char *word)
{
	long long timeout, retry;
	struct tls_trust trust;
	int rc;

	if (cli_timeouts(&timeout, &retry))
		return E_USAGE;
	p->timeout_ms = timeout ? (unsigned)timeout : TIMEOUT_MS;
	if ((rc = cli_endpoint(word, &p->where)))
		return rc;
	trust = cli_trust_options(&p->where);
	trust.look = tls_report_look;
	trust.looker = &p->report;
	p->trust = tls_client_new(&trust, &rc);
	return p->trust ? 0 : rc;
}

int ticket_verify(int n, const char **words)
{
	struct probe p = {.loop = uv_default_loop()};
	int rc, printed;

	(void)n;
	uv_timer_init(p.loop, &p.timer);
	p.timer.data = &p;
	rc = start(&p, words[0]);
	if (!rc)
		rc = look(&p);
	if (!rc) {
		warn_of_end(&p.report);
		printed = tell(&p);
		rc = p.refusal ? E_AUTH : 0;
		if (printed)
			rc = E_IO;
	}
	uv_close((uv_handle_t *)&p.timer, NULL);
	uv_run(p.loop, UV_RUN_DEFAULT);
	uv_loop_close(p.loop);
	tls_client_free(p.trust);
	tls_report_fini(&p.report);
	endpoint_fini(&p.where);
	free(p.refusal);
	return err_exit(rc);
}
