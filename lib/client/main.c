/* The client's end of the main channel: what the session is, which channels there are, the mouse mode, the multimedia
 * clock, and the way to the guest's agent. channels.md 1. Migration is refused: we stay where we were let in. */
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "client/ends.h"

enum { NOTICE_MAX = 300 /* bytes of a server's notice that are shown */ };

struct client_main {
	struct client *client;
	struct conn *conn;
	struct client_guest *guest;
	bool asked_mode; /* for the absolute mouse mode, since it was last possible */
};

static void told_modes(struct client_main *e, unsigned supported, unsigned current)
{
	struct client_session *s = client_known(e->client);
	bool was = client_mouse_absolute(e->client);

	s->supported_modes = supported;
	s->mode = current;
	/* asked for once: a server that has said no, or goes back, has its reasons */
	if (supported & MOUSE_MODE_CLIENT && current != MOUSE_MODE_CLIENT && !e->asked_mode)
		chan_send(&e->conn->chan, C_MAIN_MOUSE_MODE_REQUEST,
			&(struct main_mouse_mode_request){MOUSE_MODE_CLIENT});
	e->asked_mode = supported & MOUSE_MODE_CLIENT;
	if (was != client_mouse_absolute(e->client))
		CLIENT_TELL(e->client, mouse_mode, !was);
}

static int init(struct client_main *e, const struct main_init *m)
{
	struct client_session *s = client_known(e->client);

	if (s->id) {
		log_error("%s: main channel: a second INIT", e->conn->name);
		return E_PROTO;
	}
	s->id = m->session_id;
	s->ram_hint = m->ram_hint;
	s->main_caps = conn_peer_caps(e->conn);
	client_set_mm_time(e->client, m->multi_media_time);
	chan_send(&e->conn->chan, C_MAIN_ATTACH_CHANNELS, NULL);
	told_modes(e, m->supported_mouse_modes, m->current_mouse_mode);
	CLIENT_TELL(e->client, joined);
	return 0;
}

static void name(struct client_main *e, const struct main_name *m)
{
	struct client_session *s = client_known(e->client);

	free(s->name);
	s->name = m->name.n ? xstrndup((const char *)m->name.p, m->name.n) : NULL;
}

static void uuid(struct client_main *e, const struct main_uuid *m)
{
	struct client_session *s = client_known(e->client);

	memcpy(s->uuid, m->uuid, sizeof(s->uuid));
	s->has_uuid = true;
}

static void say_notice(const struct conn *conn, const struct notify *m)
{
	enum log_level level = m->severity == NOTIFY_SEVERITY_INFO ? LOG_DEBUG : LOG_INFO;

	log_msg(level, "%s: the server says: %.*s", conn->name,
		(int)(m->message.n < NOTICE_MAX ? m->message.n : NOTICE_MAX), (const char *)m->message.p);
}

static void say_disconnecting(const struct conn *conn, const struct disconnecting *m)
{
	const char *word = wire_enum_word("link_err", m->reason);

	if (m->reason == LINK_ERR_OK)
		log_info("%s: the server says goodbye", conn->name);
	else
		log_warn("%s: the server ends the session: %s", conn->name, word ? word : "unknown reason");
}

static int handle(struct client_main *e, unsigned number, const void *body)
{
	const struct main_mouse_mode *modes = body;

	switch (number) {
	case S_MAIN_INIT:
		return init(e, body);
	case S_MAIN_CHANNELS_LIST:
		client_channels(e->client, body);
		return 0;
	case S_MAIN_NAME:
		name(e, body);
		return 0;
	case S_MAIN_UUID:
		uuid(e, body);
		return 0;
	case S_MAIN_MULTI_MEDIA_TIME:
		client_set_mm_time(e->client, ((const struct main_multi_media_time *)body)->time);
		return 0;
	case S_MAIN_MOUSE_MODE:
		told_modes(e, modes->supported_modes, modes->current_mode);
		return 0;
	case S_MAIN_MIGRATE_BEGIN:
	case S_MAIN_MIGRATE_BEGIN_SEAMLESS:
		chan_send(&e->conn->chan, C_MAIN_MIGRATE_CONNECT_ERROR, NULL);
		return 0;
	case S_MAIN_MIGRATE_SWITCH_HOST:
		log_error("%s: the server sends us to another host, which is not followed", e->conn->name);
		return E_AUTH;
	case S_BASE_NOTIFY:
		say_notice(e->conn, body);
		return 0;
	case S_BASE_DISCONNECTING:
		say_disconnecting(e->conn, body);
		return 0;
	}
	return 0;
}

static int message(void *end, const struct wire_msg *m, const void *body)
{
	struct client_main *e = end;
	int rc = client_guest_message(e->guest, m->number, body) ? 0 : handle(e, m->number, body);

	if (!rc)
		client_progress(e->client);
	return rc;
}

static int pull(void *end)
{
	return client_guest_pull(((struct client_main *)end)->guest);
}

static const struct chan_ops ops = {.message = message, .pull = pull};

struct client_guest *client_main_guest(struct client_main *e)
{
	return e->guest;
}

static void *attach(struct client *c, struct conn *conn)
{
	struct client_main *e = new(struct client_main);

	e->client = c;
	e->conn = conn;
	e->guest = client_guest_new(c, conn);
	conn_attach(conn, &ops, e);
	return e;
}

static void detach(void *end)
{
	struct client_main *e = end;

	client_guest_free(e->guest);
	free(e);
}

const struct client_kind client_main_kind = {
	.type = WIRE_MAIN,
	.ids = 1,
	.caps = 1u << MAIN_CAP_NAME_AND_UUID | 1u << MAIN_CAP_AGENT_CONNECTED_TOKENS,
	.attach = attach,
	.detach = detach,
};
