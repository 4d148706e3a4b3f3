/* spice-serve: serves a virtual QXL display from a source. Options and the choice of the source; what is shown is the
 * sources' business, how it is served lib/server's. */
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "cmd/cli.h"
#include "cmd/source.h"
#include "cmd/spice-serve.h"
#include "server/control.h"
#include "view/keycode.h"

enum { DEFAULT_DELAY_MS = 5000 };

static struct {
	char *script, *raw, *qxl, *speed, *commands, *delay, *geometry, *compress, *jpeg, *zlib, *video,
		*codecs, *events, *name, *agent, *heads, *control;
	const char **images;
	int demo, y4m, strict, once, stats, image;
} opt;

static struct {
	uv_loop_t *loop;
	struct device *device;
	struct server *server;
	struct control *control;
	struct source_env env;
	const struct source_ops *ops;
	void *source;
	struct cli_signals signals;
	struct serve_stats *stats;
	uv_idle_t *leaving; /* the end is made from the loop, never from within a call of server or
			       source */
	struct serve_events *events;
	unsigned locks; /* KBD_MODIFIERS_*, as a machine would have them */
	bool stopping, signalled;
	int status;
} serve;

static void add_image(poptContext con, enum poptCallbackReason reason, const struct poptOption *o,
	const char *arg, void *data)
{
	(void)con, (void)reason, (void)data;
	if (o->val != 'I')
		return;
	opt.images = xrealloc(opt.images, (size_t)opt.image + 2, sizeof(*opt.images));
	opt.images[opt.image++] = xstrdup(arg);
	opt.images[opt.image] = NULL;
}

static struct poptOption source_table[] = {
	{NULL, 0, POPT_ARG_CALLBACK, (void *)add_image, 0, NULL, NULL},
	{"demo", 0, POPT_ARG_NONE, &opt.demo, 0, "a built-in scene (also when nothing is named)",
		NULL},
	{"script", 0, POPT_ARG_STRING, &opt.script, 0, "drawing commands, a line each", "FILE"},
	{"strict", 0, POPT_ARG_NONE, &opt.strict, 0,
		"a line of the script that can't be done ends with 65", NULL},
	{"image", 0, POPT_ARG_STRING, NULL, 'I',
		"a picture, again (or further words) for a page each", "FILE"},
	{"delay", 0, POPT_ARG_STRING, &opt.delay, 0, "how long a page is shown (default 5s)", "D"},
	{"raw", 0, POPT_ARG_STRING, &opt.raw, 0, "raw BGRx frames on stdin", "WxH[@FPS]"},
	{"y4m", 0, POPT_ARG_NONE, &opt.y4m, 0, "YUV4MPEG2 on stdin", NULL},
	{"qxl-replay", 0, POPT_ARG_STRING, &opt.qxl, 0, "a recording of QXL commands", "FILE"},
	{"speed", 0, POPT_ARG_STRING, &opt.speed, 0,
		"of the recording: a factor, or max (default 1)", "X"},
	{"commands", 0, POPT_ARG_STRING, &opt.commands, 0,
		"of the recording: how many, then the picture stays", "N"},
	POPT_TABLEEND};

static struct poptOption options[] = {CLI_FAMILY(source_table, "What is shown, one of:"),
	{"geometry", 'g', POPT_ARG_STRING, &opt.geometry, 0, "size of the display", "WxH"},
	{"heads", 0, POPT_ARG_STRING, &opt.heads, 0,
		"so many displays side by side, each of --geometry (default 1)", "N"},
	{"name", 0, POPT_ARG_STRING, &opt.name, 0,
		"the name that viewers show (default spice-serve)", "NAME"},
	{"compress", 0, POPT_ARG_STRING, &opt.compress, 0,
		"images: auto, off, quic, lz, glz, lz4, auto-lz, auto-glz (default auto)", "NAME"},
	{"jpeg", 0, POPT_ARG_STRING, &opt.jpeg, 0,
		"photographs by JPEG: auto (on slow links), never, always (default auto)", "WHEN"},
	{"zlib", 0, POPT_ARG_STRING, &opt.zlib, 0,
		"zlib over GLZ: auto (on slow links), never, always (default auto)", "WHEN"},
	{"agent", 0, POPT_ARG_STRING, &opt.agent, 0,
		"clients may ask for another size, where the source can: on, off (default on)", "WORD"},
	{"video", 0, POPT_ARG_STRING, &opt.video, 0,
		"regions that move like video, as streams: auto (photographs), all, off (default auto)",
		"WHAT"},
	{"video-codec", 0, POPT_ARG_STRING, &opt.codecs, 0,
		"codecs of streams, best first: mjpeg, vp8 (default mjpeg,vp8)", "LIST"},
	{"events", 0, POPT_ARG_STRING, &opt.events, 0,
		"a JSON line for each key, button, motion and client", "FILE"},
	{"stats", 0, POPT_ARG_NONE, &opt.stats, 0, "a JSON line a second on stdout", NULL},
	{"control", 0, POPT_ARG_STRING, &opt.control, 0, "a QMP control socket, for its owner only", "PATH"},
	{"once", 0, POPT_ARG_NONE, &opt.once, 0, "stop when the first client has left", NULL},
	CLI_LISTEN, CLI_SECURITY, CLI_TICKETS, CLI_END};

/* ---- the end ---- */

static void leave(uv_idle_t *h)
{
	source_handle_free(h);
	serve_stats_free(serve.stats);
	control_stop(serve.control, serve.signalled);
	server_free(serve.server); /* the source hears of those that leave, and so does the control socket */
	control_free(serve.control);
	if (serve.source)
		serve.ops->free(serve.source);
	cli_signals_stop(&serve.signals);
}

static void stop(void *owner, int err)
{
	(void)owner;
	if (serve.stopping)
		return;
	serve.stopping = true;
	serve.status = err_exit(err);
	uv_idle_start(serve.leaving, leave);
}

static void on_signal(void *owner, int signo)
{
	(void)signo;
	serve.signalled = true;
	stop(owner, 0);
}

static void on_quit(void *owner)
{
	stop(owner, 0);
}

static void on_reload(void *owner)
{
	(void)owner;
	cli_listen_reload(serve.server);
}

/* ---- what clients do ---- */

static void on_left(void *owner, const struct server_client *c)
{
	(void)owner, (void)c;
	if (opt.once)
		stop(NULL, 0);
}

/* The lights of our keyboard: clients hear of them when they change. */
static void set_locks(unsigned locks)
{
	if (locks == serve.locks)
		return;
	serve.locks = locks;
	server_set_locks(serve.server, locks);
}

static void on_key(void *owner, const struct server_client *c, unsigned code, bool down)
{
	unsigned lock = code == KEYCODE_CAPS_LOCK ? KBD_MODIFIERS_CAPS_LOCK
		: code == KEYCODE_NUM_LOCK	  ? KBD_MODIFIERS_NUM_LOCK
		: code == KEYCODE_SCROLL_LOCK	  ? KBD_MODIFIERS_SCROLL_LOCK
						  : 0;

	(void)owner, (void)c;
	if (down)
		set_locks(serve.locks ^ lock);
}

static void on_locks(void *owner, const struct server_client *c, unsigned modifiers)
{
	(void)owner, (void)c;
	set_locks(modifiers);
}

static const struct server_events events = {.left = on_left, .key = on_key, .locks = on_locks};

/* ---- statistics ---- */

/* ---- options ---- */

struct word {
	const char *name;
	uint8_t value;
};

static const struct word switches[] = {{"off", false}, {"on", true}, {NULL, 0}};

static const struct word whens[] = {
	{"auto", SERVER_AUTO}, {"never", SERVER_NEVER}, {"always", SERVER_ALWAYS}, {NULL, 0}};

static const struct word videos[] = {
	{"auto", SERVER_VIDEO_AUTO}, {"all", SERVER_VIDEO_ALL}, {"off", SERVER_VIDEO_OFF}, {NULL, 0}};

/* The value of one of the words; an option that was not given leaves *out. */
static int choose_word(const char *option, const char *text, const struct word *words, uint8_t *out)
{
	struct buf all = {0};

	if (!text)
		return 0;
	for (const struct word *w = words; w->name; w++) {
		if (strcmp(w->name, text) == 0) {
			*out = w->value;
			return 0;
		}
	}
	for (const struct word *w = words; w->name; w++)
		buf_printf(&all, "%s%s", w == words ? "" : ", ", w->name);
	cli_error("%s: '%s' is not one of %s", option, text, buf_cstr(&all));
	buf_fini(&all);
	return E_USAGE;
}

static int encoding(struct server_options *o)
{
	int rc;

	o->video = SERVER_VIDEO_AUTO;
	if ((rc = cli_codecs("--video-codec", opt.codecs, o->codecs, &o->n_codecs)) ||
		(rc = choose_word("--video", opt.video, videos, &o->video)))
		return rc;
	if ((rc = cli_compression("--compress", opt.compress, &o->compress)) ||
		(rc = choose_word("--jpeg", opt.jpeg, whens, &o->jpeg)) ||
		(rc = choose_word("--zlib", opt.zlib, whens, &o->zlib)))
		return rc;
	return 0;
}

/* A row a source. The first is shown when none is named. */
static const struct {
	const struct source_ops *ops;
	const int *given;      /* its option, "--" and its name, is there */
	char *const *argument; /* where that has one */
} sources[] = {
	{&source_demo, &opt.demo, NULL},
	{&source_script, NULL, &opt.script},
	{&source_image, &opt.image, NULL},
	{&source_raw, NULL, &opt.raw},
	{&source_y4m, &opt.y4m, NULL},
	{&source_qxl, NULL, &opt.qxl},
};

static int choose_source(int n, const char **words)
{
	unsigned named = 0;

	serve.ops = sources[0].ops;
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		const char *argument = sources[i].argument ? *sources[i].argument : NULL;

		if (!argument && !(sources[i].given && *sources[i].given))
			continue;
		serve.ops = sources[i].ops;
		serve.env.argument = argument;
		named++;
	}
	if (named > 1) {
		cli_error("one source at a time");
		return E_USAGE;
	}
	if (n && serve.ops != &source_image) {
		cli_error("'%s': what is that? a picture goes with --image", words[0]);
		return E_USAGE;
	}
	return 0;
}

static bool reads_stdin(void)
{
	return serve.ops->reads_stdin || (serve.env.argument && strcmp(serve.env.argument, "-") == 0);
}

/* Options that go only with others, and what only one can have. */
static int contradictions(void)
{
	const struct {
		const char *option;
		bool given;
		const struct source_ops *with;
	} companions[] = {
		{"--strict", opt.strict, &source_script},
		{"--delay", opt.delay, &source_image},
		{"--speed", opt.speed, &source_qxl},
		{"--commands", opt.commands, &source_qxl},
	};

	for (size_t i = 0; i < ARRAY_SIZE(companions); i++) {
		if (companions[i].given && serve.ops != companions[i].with) {
			cli_error("%s goes with --%s", companions[i].option, companions[i].with->name);
			return E_USAGE;
		}
	}
	if (reads_stdin() && cli_password_fd.text && cli_password_fd.fd == STDIN_FILENO) {
		cli_error("the source and --password-fd both want standard input");
		return E_USAGE;
	}
	if (opt.stats && opt.events && strcmp(opt.events, "-") == 0) {
		cli_error("--stats and --events - both want standard output");
		return E_USAGE;
	}
	return 0;
}

/* --speed: a factor, or max, which is 0. */
static int read_speed(void)
{
	char *end = NULL;

	serve.env.speed = 1;
	if (!opt.speed)
		return 0;
	serve.env.speed = strcmp(opt.speed, "max") == 0 ? 0 : strtod(opt.speed, &end);
	if (end && (end == opt.speed || *end || !(serve.env.speed >= 0.001 && serve.env.speed <= 1000))) {
		cli_error("--speed: '%s' is neither a factor (0.001 to 1000) nor max", opt.speed);
		return E_USAGE;
	}
	return 0;
}

/* --image FILE and further words: one list. */
static void gather_images(int n, const char **words)
{
	for (int i = 0; i < n; i++) {
		opt.images = xrealloc(opt.images, (size_t)opt.image + 2, sizeof(*opt.images));
		opt.images[opt.image++] = xstrdup(words[i]);
		opt.images[opt.image] = NULL;
	}
	serve.env.words = opt.images;
}

/* --geometry is that of each head. A source that says its size itself has its picture divided. */
static int geometry(void)
{
	struct source_env *e = &serve.env;
	long long heads = 1;

	if (cli_number("--heads", opt.heads, 1, LIM_HEADS, &heads))
		return E_USAGE;
	if (opt.geometry && text_geometry(opt.geometry, LIM_IMAGE_SIDE, &e->width, &e->height)) {
		cli_error("-g: '%s' is not WxH", opt.geometry);
		return E_USAGE;
	}
	if (heads > 1 && !e->width && serve.ops->resize) {
		e->width = SOURCE_WIDTH;
		e->height = SOURCE_HEIGHT;
	}
	if (e->width * heads > LIM_IMAGE_SIDE) {
		cli_error("--heads: together they are wider than %d pixels", LIM_IMAGE_SIDE);
		return E_USAGE;
	}
	e->heads = (unsigned)heads;
	e->width *= e->heads;
	return 0;
}

static int read_options(int n, const char **words, struct server_options *o)
{
	uint8_t agent = true;
	int rc;

	serve.env.delay_ms = DEFAULT_DELAY_MS;
	serve.env.strict = opt.strict;
	serve.env.commands = -1;
	if ((rc = choose_source(n, words)) || (rc = contradictions()) ||
		(rc = encoding(o)) || (rc = cli_server_options(o)) ||
		(rc = read_speed()) ||
		(rc = cli_number("--commands", opt.commands, 0, UINT32_MAX, &serve.env.commands)) ||
		(rc = cli_duration("--delay", opt.delay, 1000, &serve.env.delay_ms)))
		return rc;
	if (serve.env.delay_ms < 1)
		serve.env.delay_ms = 1;
	gather_images(n, words);
	if ((rc = geometry()) || (rc = choose_word("--agent", opt.agent, switches, &agent)))
		return rc;
	o->name = opt.name;
	o->resize = agent && serve.ops->resize;
	o->client_mouse = true;
	return 0;
}

/* ---- the run ---- */

static int open_control(void)
{
	int err = 0;

	if (opt.control)
		serve.control = control_new(serve.loop, opt.control, serve.server, VERSION, on_quit, NULL, &err);
	return err;
}

static int open_events(void)
{
	int err = 0;

	if (opt.events)
		serve.events = serve_events_new(serve.server, opt.events, stop, NULL, &err);
	return err;
}

static int start(const struct server_options *o)
{
	int rc;

	serve.loop = uv_default_loop();
	serve.device = device_new();
	serve.server = server_new(serve.loop, serve.device, o);
	serve.env.loop = serve.loop;
	serve.env.device = serve.device;
	serve.env.server = serve.server;
	serve.env.stop = stop;
	serve.leaving = source_idle(serve.loop, NULL);
	serve.signals = (struct cli_signals){.stop = on_signal, .reload = on_reload};
	/* long before anybody is told that it runs: who reads that may stop it at once */
	cli_signals_start(&serve.signals, serve.loop);
	if ((rc = open_events()) || (rc = serve.ops->open(&serve.env, &serve.source)) ||
		serve.stopping)
		return rc;
	if (serve.ops->events)
		server_events(serve.server, serve.ops->events, serve.source);
	server_events(serve.server, &events, NULL);
	if ((rc = cli_listen(serve.server)) || (rc = open_control()) ||
		(rc = cli_ready(!opt.stats && !(opt.events && strcmp(opt.events, "-") == 0))))
		return rc;
	if (opt.stats)
		serve.stats = serve_stats_new(serve.loop, serve.server, stop, NULL);
	return 0;
}

static int run(int n, const char **words)
{
	struct server_options o = {0};
	int rc = read_options(n, words, &o);

	if (rc)
		return err_exit(rc);
	if ((rc = start(&o)))
		stop(NULL, rc);
	uv_run(serve.loop, UV_RUN_DEFAULT);
	uv_loop_close(serve.loop);
	device_free(serve.device);
	cli_listen_done();
	serve_events_free(serve.events);
	for (int i = 0; i < opt.image; i++)
		free((char *)opt.images[i]);
	free(opt.images);
	return serve.status;
}

int main(int argc, char **argv)
{
	static const struct cli_command command = {
		"spice-serve", "[OPTIONS] [SOURCE]", options, run};

	return cli_main(argc, argv, &command);
}
