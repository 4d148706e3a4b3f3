/* spice-view: the viewer. Options, the connection with its time-outs and retries, and the choice of the mode. */
#include "cmd/spice-view.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "codec/picture.h"

enum { RETRY_MS = 200, DEFAULT_TIMEOUT_MS = 30000 };

static struct view view = {.o.scale = "off"};

static struct poptOption options[] = {
	{"screenshot", 0, POPT_ARG_STRING, &view.o.screenshot, 0,
		"the first complete picture as PNG, PPM or JPEG", "FILE"},
	{"script", 0, POPT_ARG_STRING, &view.o.script, 0, "act as a person would, a command a line", "FILE"},
	{"type", 0, POPT_ARG_STRING, &view.o.type, 0, "type the text of FILE and leave", "FILE"},
	{"info", 0, POPT_ARG_NONE, &view.o.info, 0, "what the server is and offers", NULL},
	{"json", 0, POPT_ARG_NONE, &view.o.json, 0, "--info as one JSON object", NULL},
	{"settle", 0, POPT_ARG_STRING, &view.o.settle, 0, "the picture counts once unchanged for MS", "MS"},
	{"display", 0, POPT_ARG_STRING, &view.o.display, 0,
		"the display to show (default: a window for each; else all of the first)", "N"},
	{"layout", 0, POPT_ARG_STRING, &view.o.layout, 0,
		"keyboard layout of the guest, for text (default us)", "NAME"},
	{"rate", 0, POPT_ARG_STRING, &view.o.rate, 0, "characters a second when typing (default 40)", "CPS"},
	{"view-only", 0, POPT_ARG_NONE, &view.o.view_only, 0, "look, don't touch", NULL},
	{"full-screen", 'f', POPT_ARG_NONE, &view.o.full_screen, 0, "the window: all of the screen", NULL},
	{"title", 0, POPT_ARG_STRING, &view.o.title, 0, "the window's title", "TEXT"},
	{"scale", 0, POPT_ARG_STRING | POPT_ARGFLAG_OPTIONAL, &view.o.scale, 0,
		"the picture as large as the window: smooth or nearest", "HOW"},
	{"resize", 0, POPT_ARG_STRING, &view.o.resize, 0,
		"the guest is asked for the window's size: on, off (default on, but off with --scale)", "WORD"},
	{"hotkeys", 0, POPT_ARG_STRING, &view.o.hotkeys, 0,
		"ACTION=KEY+KEY,... (toggle-fullscreen, release-cursor, secure-attention)", "LIST"},
	{"preferred-compression", 0, POPT_ARG_STRING, &view.o.compression, 0,
		"ask the server for images: auto, off, auto-glz, auto-lz, quic, glz, lz, lz4 "
		"(default auto: its choice)", "NAME"},
	{"video-codec", 0, POPT_ARG_STRING, &view.o.codecs, 0,
		"ask the server for video codecs, best first: mjpeg, vp8 (default: its choice)", "LIST"},
	CLI_CONNECT,
	CLI_END
};

/* ---- the picture: of which display ---- */

unsigned view_channels(const struct view *v)
{
	const struct client_session *s = client_session(v->client);
	unsigned n = 0;

	for (unsigned i = 0; i < s->n_list; i++)
		n += s->list[i].type == CHANNEL_TYPE_DISPLAY;
	return n;
}

unsigned view_channel(const struct view *v)
{
	return view_channels(v) > 1 ? v->display : 0;
}

static unsigned clamp(unsigned n, unsigned max)
{
	return n < max ? n : max;
}

bool view_head(const struct head *h, const struct pixmap *screen, struct rect *r)
{
	if (h->surface_id || !h->width || !h->height || h->x >= screen->width || h->y >= screen->height)
		return false;
	*r = (struct rect){
		.left = (int)h->x,
		.top = (int)h->y,
		.right = (int)(h->x + clamp(h->width, screen->width - h->x)),
		.bottom = (int)(h->y + clamp(h->height, screen->height - h->y)),
	};
	return true;
}

bool view_part(const struct view *v, struct rect *r)
{
	struct pixmap *s = client_screen(v->client, view_channel(v));
	const struct head *heads;
	unsigned n = client_monitors(v->client, view_channel(v), &heads);

	if (!s)
		return false;
	*r = (struct rect){.right = (int)s->width, .bottom = (int)s->height};
	if (!v->o.display || view_channels(v) > 1 || (n == 0 && v->display == 0))
		return true;
	for (unsigned i = 0; i < n; i++)
		if (heads[i].monitor_id == v->display && view_head(&heads[i], s, r))
			return true;
	return false;
}

struct pixmap *view_pixels(struct view *v)
{
	struct pixmap *p;
	struct rect r;

	if (!view_part(v, &r))
		return NULL;
	p = pixmap_new(SURFACE_FMT_32_xRGB, (unsigned)(r.right - r.left), (unsigned)(r.bottom - r.top));
	pixman_image_composite32(PIXMAN_OP_SRC, client_screen(v->client, view_channel(v))->image, NULL, p->image,
		r.left, r.top, 0, 0, 0, 0, (int)p->width, (int)p->height);
	return p;
}

static int write_file(const char *file, struct slice data)
{
	bool to_stdout = strcmp(file, "-") == 0;
	FILE *f = to_stdout ? stdout : fopen(file, "w");
	bool ok;

	if (!f) {
		cli_error("%s: %s", file, strerror(errno));
		return E_CREATE;
	}
	ok = fwrite(data.p, 1, data.n, f) == data.n && fflush(f) == 0;
	if (!to_stdout)
		ok = fclose(f) == 0 && ok;
	if (!ok) {
		cli_error("%s: %s", to_stdout ? "standard output" : file, strerror(errno));
		if (!to_stdout)
			unlink(file);
	}
	return ok ? 0 : E_IO;
}

int view_capture(struct view *v, const char *file)
{
	enum picture_format format = PICTURE_PPM;
	struct pixmap *p = view_pixels(v);
	struct buf out = {0};
	int rc = E_INVAL;

	if (!p) {
		cli_error("there is no picture to write to %s", file);
		return E_PROTO;
	}
	if (strcmp(file, "-") == 0 || picture_format(file, &format) == 0)
		rc = picture_write(format, p->data, p->width, p->height, (size_t)p->stride, &out);
	if (!rc)
		rc = write_file(file, buf_slice(&out));
	pixmap_unref(p);
	buf_fini(&out);
	return rc;
}

/* ---- its size ---- */

unsigned view_heads(const struct view *v, struct head heads[LIM_HEADS])
{
	unsigned n = 0, channels = view_channels(v), count;
	const struct head *list;
	struct pixmap *s;

	memset(heads, 0, LIM_HEADS * sizeof(*heads));
	if (channels <= 1) {
		count = client_monitors(v->client, 0, &list);
		for (unsigned i = 0; i < count; i++) {
			unsigned id = list[i].monitor_id;

			if (id >= LIM_HEADS || !list[i].width || !list[i].height)
				continue;
			heads[id] = list[i];
			n = id < n ? n : id + 1;
		}
		if (n)
			return n;
	}
	for (unsigned i = 0; i < CLIENT_DISPLAYS && i < (channels ? channels : 1); i++)
		if ((s = client_screen(v->client, i))) {
			heads[i] = (struct head){.width = s->width, .height = s->height};
			n = i + 1;
		}
	return n;
}

int view_ask(struct view *v, struct head *heads, unsigned n)
{
	unsigned x = 0;

	for (unsigned i = 0; i < n; i++) {
		heads[i].x = x;
		heads[i].y = 0;
		x += heads[i].width;
	}
	return client_resize(v->client, heads, n);
}

int view_resize(struct view *v, unsigned width, unsigned height)
{
	struct head heads[LIM_HEADS];
	unsigned n = view_heads(v, heads), mine;

	n = n ? n : 1;
	mine = v->display < n ? v->display : 0;
	heads[mine].width = width;
	heads[mine].height = height;
	return view_ask(v, heads, n);
}

/* ---- life ---- */

void view_finish(struct view *v, int status)
{
	if (v->done)
		return;
	v->done = true;
	v->status = status;
	client_free(v->client);
	v->client = NULL;
	cli_ticket_free(v->ticket);
	v->ticket = NULL;
	if (v->mode->stop)
		v->mode->stop(v->owner);
	uv_close((uv_handle_t *)&v->deadline, NULL);
	uv_close((uv_handle_t *)&v->again, NULL);
	cli_signals_stop(&v->signals);
}

static void closed(void *owner, int err);

static void joined(void *owner)
{
	log_set_quiet(false);
	if (view.mode->ops.joined)
		view.mode->ops.joined(owner);
}

static void forget_password(struct view *v)
{
	secret_free((char *)v->co.password);
	v->co.password = NULL;
}

static void start_client(struct view *v)
{
	static struct client_ops ops;

	ops = v->mode->ops;
	ops.closed = closed;
	ops.joined = joined;
	v->client = client_new(v->loop, &v->where, &v->co, &ops, v->owner);
}

static void ticket_came(void *owner, char *secret, int err)
{
	struct view *v = owner;

	cli_ticket_free(v->ticket);
	v->ticket = NULL;
	if (err) {
		view_finish(v, err_exit(err));
		return;
	}
	forget_password(v);
	v->co.password = secret;
	start_client(v);
}

static void connect_now(struct view *v)
{
	if (!cli_connect.ticket_command) {
		start_client(v);
		return;
	}
	v->client = NULL;
	v->ticket = cli_ticket_new(v->loop, &v->where, ticket_came, v);
	if (!v->ticket)
		view_finish(v, err_exit(E_AUTH));
}

/* That nobody listens yet was said the first time. */
static void connect_again(uv_timer_t *t)
{
	struct view *v = t->data;

	client_free(v->client);
	log_set_quiet(true);
	connect_now(v);
}

static void on_deadline(uv_timer_t *t)
{
	cli_error("timed out");
	view_finish(t->data, err_exit(E_TIMEOUT));
}

static void arm_deadline(struct view *v)
{
	if (v->mode->job && v->timeout_ms)
		uv_timer_start(&v->deadline, on_deadline, (uint64_t)v->timeout_ms, 0);
}

/* Nobody gave a password and the server wants one: a person at a terminal is asked, once. True when that is not the
 * end: there is an answer to try, or a signal that the loop will bring. */
static bool ask_password(struct view *v)
{
	bool interrupted;

	if (v->co.password || cli_connect.ticket_command || !isatty(STDIN_FILENO) ||
		!client_password_refused(v->client))
		return false;
	uv_timer_stop(&v->deadline);
	v->co.password = cli_ask_password("password: ", &interrupted);
	uv_update_time(v->loop);
	arm_deadline(v);
	if (v->co.password && !interrupted) {
		client_free(v->client);
		connect_now(v);
	}
	return v->co.password || interrupted;
}

static void closed(void *owner, int err)
{
	struct view *v = &view;
	bool unsaid = log_set_quiet(false);

	(void)owner;
	if (err == E_AUTH && ask_password(v))
		return;
	if (err == E_UNREACH && v->retry_ms && uv_now(v->loop) - v->began < (uint64_t)v->retry_ms) {
		uv_timer_start(&v->again, connect_again, RETRY_MS, 0);
		return;
	}
	if (unsaid && err != E_UNREACH)
		cli_error("%s", err_str(err));
	else if (err == E_CLOSED)
		cli_error("the server has closed the connection");
	view_finish(v, err_exit(err));
}

static void on_signal(void *owner, int signo)
{
	struct view *v = owner;

	view_finish(v, v->mode->job ? 128 + signo : 0);
}

static void run_loop(struct view *v)
{
	uv_timer_init(v->loop, &v->deadline);
	uv_timer_init(v->loop, &v->again);
	v->deadline.data = v->again.data = v;
	v->signals = (struct cli_signals){.stop = on_signal, .owner = v};
	cli_signals_start(&v->signals, v->loop);
	v->began = uv_now(v->loop);
	arm_deadline(v);
	connect_now(v);
	uv_run(v->loop, UV_RUN_DEFAULT);
	uv_loop_close(v->loop);
}

/* ---- options ---- */

/* What the view is for; exactly one. */
static const struct view_mode *choose(struct view *v)
{
	int n = (v->o.screenshot != NULL) + (v->o.script != NULL) + (v->o.type != NULL) + (v->o.info != 0);

	if (n > 1) {
		cli_error("--screenshot, --script, --type and --info exclude each other");
		return NULL;
	}
	if (v->o.screenshot)
		return &view_screenshot;
	if (v->o.info)
		return &view_info;
	if (v->o.script || v->o.type)
		return &view_script;
	return &view_window;
}

static int read_options(struct view *v)
{
	long long display = 0;

	if (cli_timeouts(&v->timeout_ms, &v->retry_ms) || cli_duration("--settle", v->o.settle, 1, &v->settle_ms) ||
		cli_number("--display", v->o.display, 0, CLIENT_DISPLAYS - 1, &display) ||
		cli_compression("--preferred-compression", v->o.compression, &v->co.compression) ||
		cli_codecs("--video-codec", v->o.codecs, v->co.codecs, &v->co.n_codecs))
		return E_USAGE;
	if (v->timeout_ms == 0)
		v->timeout_ms = DEFAULT_TIMEOUT_MS;
	v->display = (unsigned)display;
	v->mode = choose(v);
	return v->mode ? 0 : E_USAGE;
}

static int prepare(struct view *v, const char *word)
{
	int rc, err = 0;

	if ((rc = cli_endpoint(word, &v->where)))
		return rc;
	v->co.password = cli_password(&v->where, &err);
	if (err)
		return err;
	v->co.tls = cli_trust(&v->where, &err);
	if (!v->co.tls)
		return err;
	v->co.tls_channels = cli_connect.tls_channels;
	v->co.timeout_ms = (unsigned)v->timeout_ms;
	v->co.view_only = v->o.view_only;
	if (v->mode->picture_only)
		v->co.disable_channels = "inputs,cursor";
	return 0;
}

static int run(int n, const char **words)
{
	struct view *v = &view;
	int rc;

	if (n != 1)
		return cli_usage(n ? "one server at a time" : "which server?");
	if ((rc = read_options(v)))
		return err_exit(rc);
	v->loop = uv_default_loop();
	if (!(rc = err_exit(prepare(v, words[0]))) && !(rc = v->mode->start(v, &v->owner))) {
		run_loop(v);
		rc = v->status;
	}
	if (v->owner)
		v->mode->free(v->owner);
	forget_password(v);
	tls_client_free(v->co.tls);
	endpoint_fini(&v->where);
	return rc;
}

int main(int argc, char **argv)
{
	static const struct cli_command command = {"spice-view", "[OPTIONS] SERVER", options, run};

	return cli_main(argc, argv, &command);
}
