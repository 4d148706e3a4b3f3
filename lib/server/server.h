/* A SPICE server: listeners, sessions and their channels in front of a device. Everything runs on one loop. */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include <uv.h>

#include "net/listen.h"
#include "net/xport.h"
#include "server/device.h"
#include "server/tickets.h"

struct server;

/* A client, as events tell of it. */
struct server_client {
	uint32_t id;            /* session id */
	const char *address;    /* "127.0.0.1:43210" or "unix" */
	bool tls;
	bool view_only;
	const char *ticket_id;  /* of the ticket file, or NULL */
};

/* A connection of a client, one a channel, from the moment that it is accepted. */
struct server_link {
	const struct xport_info *info;
	/* once it is linked */
	uint32_t session;
	uint8_t type, id;
};

enum server_link_state { SERVER_LINK_CONNECTED, SERVER_LINK_INITIALIZED, SERVER_LINK_DISCONNECTED };

/* What clients do. Every function may be NULL. */
struct server_events {
	void (*joined)(void *owner, const struct server_client *c); /* its main channel is authenticated */
	void (*left)(void *owner, const struct server_client *c);
	void (*ready)(void *owner, const struct server_client *c);  /* its first picture is complete on the wire */
	/* A key: PC set-1 scan code, 0xe0xx for extended ones, 0xe145 for Pause; no release bit. */
	void (*key)(void *owner, const struct server_client *c, unsigned code, bool down);
	/* A button or the wheel (enum mouse_button), at the pointer's last place. */
	void (*button)(void *owner, const struct server_client *c, unsigned button, bool down);
	void (*motion)(void *owner, const struct server_client *c, int dx, int dy);      /* server mouse mode */
	void (*position)(void *owner, const struct server_client *c, int x, int y, unsigned display); /* client mode */
	void (*locks)(void *owner, const struct server_client *c, unsigned modifiers);   /* KBD_MODIFIERS_* wanted */
	/* Displays of these sizes at these places are wished for: 1 to LIM_HEADS, within L-10. Who can gives the device
	 * such heads at once. Comes only with server_options.resize. */
	void (*resize)(void *owner, const struct server_client *c, const struct head *heads, unsigned n);
	/* What QEMU's SPICE_CONNECTED, _INITIALIZED (a channel, authenticated) and _DISCONNECTED tell of. */
	void (*link)(void *owner, enum server_link_state state, const struct server_link *l);
};

/* When something that costs quality or time is done: where the client's link is slow, or whatever it is. */
enum server_when { SERVER_AUTO, SERVER_NEVER, SERVER_ALWAYS };

/* Regions that are sent as video streams. */
enum { SERVER_CODECS = 4 };
enum server_video { SERVER_VIDEO_OFF, SERVER_VIDEO_AUTO, SERVER_VIDEO_ALL };

struct server_options {
	const char *name;          /* of the machine, shown by viewers */
	unsigned max_clients;      /* L-5; 0: LIM_CLIENTS */
	bool takeover;             /* one client more sends the first one away, instead of being refused */
	unsigned auth_ms;          /* L-1; 0: LIM_AUTH_MS */
	bool resize;               /* clients may ask for displays: we play the guest's agent */
	bool client_mouse;         /* absolute positions are offered (default by --mouse) */
	bool need_tls;             /* every channel, else link error 5 (D-1) */
	const char *tls_channels;  /* "main,inputs", "all"; NULL none beyond need_tls */
	const struct web *web;     /* for browsers, NULL none; outlives the server */
	uint8_t compress;          /* enum image_compression, 0 automatic */
	uint8_t jpeg, zlib;        /* enum server_when: JPEG for smooth pictures, zlib over GLZ */
	uint8_t video;             /* enum server_video */
	uint8_t codecs[SERVER_CODECS]; /* n_codecs of enum video_codec, best first, each once; 0: MJPEG, VP8 */
	unsigned n_codecs;
	void (*now)(struct moment *now); /* NULL: what the system says */
};

struct server *server_new(uv_loop_t *loop, struct device *device, const struct server_options *o);
void server_free(struct server *s); /* clients get what is ready, for at most a second */

/* More than one may listen to events (a source, a log). */
void server_events(struct server *s, const struct server_events *ev, void *owner);

/* Where clients come in; the server owns the listener. 0 or E_* as listener_new. *name (may be NULL) gets a line
 * "spice 127.0.0.1:5900", "spice+tls ...", "spice+unix:/path", valid as long as the server. */
int server_listen(struct server *s, const char *where, struct tls_server *tls, bool tls_only, const char **name);
int server_listen_fd(struct server *s, int fd, struct tls_server *tls, bool tls_only, const char **name);

/* Tickets: the file of CLI.md. Without any of these calls nobody is asked. A bad line, or an unreadable file, is
 * E_CONFIG or E_NOFILE, logged: then nobody is admitted (row 53). Read again at SIGHUP. */
int server_tickets(struct server *s, const char *file);
/* One more ticket, from --password-fd; wiped by the caller. */
int server_ticket(struct server *s, const char *secret);
bool server_asks(const struct server *s);
/* The ticket that the control socket sets beside the others (tickets_set). E_CONFIG where nobody is asked, E_LIMIT for
 * one over LIM_PASSWORD; SERVER_FAIL: E_AUTH when a client is in. Then nothing has changed. */
enum server_connected { SERVER_KEEP, SERVER_FAIL, SERVER_DISCONNECT };
int server_set_password(struct server *s, struct slice secret, enum server_connected connected);
/* When it ends: Unix time, or TICKET_NEVER. Where nobody is asked clients are sent away, as QEMU 7.2 does. */
void server_expire_password(struct server *s, int64_t unix_ms);
int64_t server_unix_ms(const struct server *s); /* now */
/* All clients are sent away. */
void server_disconnect(struct server *s, const char *why);

unsigned server_clients(const struct server *s);
struct device *server_device(struct server *s);
const char *server_name(const struct server *s);
bool server_client_mouse(const struct server *s);
/* All linked connections, those of a session together. */
void server_each_link(struct server *s, void (*fn)(void *owner, const struct server_link *l), void *owner);
/* The first place where plain SPICE, or TLS, is spoken; NULL: there is none. */
const struct listener *server_listener(const struct server *s, bool tls);
/* The lock keys as the machine has them; clients are told. */
void server_set_locks(struct server *s, unsigned modifiers);
/* Client (absolute) or server (relative) mouse mode. */
void server_mouse_mode(struct server *s, bool client);
/* Bytes of commands that the client which lags most has yet to be sent. */
size_t server_behind(const struct server *s);
/* One JSON object: clients, bytes by channel, queue (field names: spice-serve(1)). */
void server_stats(struct server *s, struct buf *out);

#endif
