/* What video costs, and what it leaves to others: a film at 25 frames a second on a screen of 1920x1080, from a server
 * in a process of its own to clients of ours, by either codec. How many frames a client shows, the server's part of one
 * core (the film's painting among it), bytes to each client; the same for 1, 2 and 4 clients; and with someone who
 * types beside it, also over a line of 20 Mbit/s with a round trip of 40 ms: how long a key takes to its picture. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/rng.h"
#include "client/client.h"
#include "server/repaint.h"
#include "server/server.h"

enum {
	W = 1920, H = 1080, X = 300, Y = 120,
	FRAMES = 20, FRAME_MS = 40,
	WARM_MS = 4000, COUNT_MS = 10000, TYPED_MS = 30000, PATIENCE_MS = 20000,
	CLIENTS = 4, KEYS = 256, TYPE_MS = 130,
	SCAN_A = 0x1e,
};

struct scene {
	unsigned width, height, clients;
	uint8_t codec;
	bool typing;
	const char *link; /* option of badlink; NULL: none */
};

static uint32_t *film[FRAMES];
static const struct rect glyph = {.left = 40, .top = 40, .right = 48, .bottom = 56};

/* Soft forms that move, with some grain: about the bytes that a camera's picture has. */
static void make_film(unsigned w, unsigned h)
{
	struct rng r = {3};

	for (unsigned f = 0; f < FRAMES; f++) {
		uint32_t *p;

		free(film[f]);
		p = film[f] = xmalloc((size_t)4 * w * h);

		for (unsigned y = 0; y < h; y++)
			for (unsigned x = 0; x < w; x++) {
				unsigned a = x + 4 * f, b = y + 3 * f, n = (unsigned)rng_next(&r);
				unsigned red = (a * a / 97 + b * 3) >> 3 & 127, green = (a + b) / 5 & 127,
					 blue = (b * b / 171 + a) >> 2 & 127;

				*p++ = (red + (n & 15)) << 16 | (green + (n >> 4 & 15)) << 8 | (blue + (n >> 8 & 15));
			}
	}
}

static double seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- the server, a process of its own ---- */

static struct {
	uv_loop_t loop;
	struct device *device;
	struct repaint *repaint;
	struct server *server;
	const struct scene *scene;
	uint64_t began;
	unsigned frame, keys;
	int in, out;
} s;

static void put(int x, int y, unsigned w, unsigned h, const uint32_t *pixels)
{
	repaint(s.repaint, 0, &(struct rect){y, x, y + (int)h, x + (int)w},
		&(struct repaint_pixels){.p = (const uint8_t *)pixels, .stride = 4 * (size_t)w});
}

static void paint(uv_timer_t *t)
{
	uint64_t next = s.began + FRAME_MS * ++s.frame, now = uv_now(&s.loop);
	unsigned w = s.scene->width;

	uv_timer_start(t, paint, next > now ? next - now : 0, 0);
	put(X, Y, w, s.scene->height, film[s.frame % FRAMES]);
}

static void key(void *owner, const struct server_client *c, unsigned code, bool down)
{
	uint32_t pixels[8 * 16];

	(void)owner, (void)c, (void)code;
	if (!down)
		return;
	s.keys++;
	for (unsigned i = 0; i < 8 * 16; i++)
		pixels[i] = (i * 2654435761u * s.keys >> 16 & 1) * 0xffffff;
	put(glyph.left, glyph.top, 8, 16, pixels);
}

/* A byte comes: the bytes that went out to all displays are asked for. */
static void asked(uv_poll_t *p, int status, int events)
{
	static const char mark[] = "\"display\":{\"in\":";
	struct buf text = {0};
	uint64_t sum = 0;
	char c;

	(void)p, (void)status, (void)events;
	if (read(s.in, &c, 1) != 1)
		_exit(0);
	server_stats(s.server, &text);
	for (const char *at = buf_cstr(&text); (at = strstr(at, mark)); at++)
		sum += strtoull(strstr(at, "\"out\":") + 6, NULL, 10);
	buf_fini(&text);
	if (write(s.out, &sum, sizeof(sum)) != sizeof(sum))
		_exit(1);
}

static void serve(const struct scene *scene, int in, int out)
{
	static const struct server_events events = {.key = key};
	struct server_options o = {.video = SERVER_VIDEO_AUTO, .codecs = {scene->codec}, .n_codecs = 1};
	uv_timer_t timer;
	uv_poll_t poll;
	const char *name;

	s.scene = scene;
	s.in = in;
	s.out = out;
	uv_loop_init(&s.loop);
	s.device = device_new();
	s.repaint = repaint_new(s.device);
	s.server = server_new(&s.loop, s.device, &o);
	server_events(s.server, &events, NULL);
	if (device_resize(s.device, W, H) || server_listen(s.server, "127.0.0.1:0", NULL, false, &name))
		_exit(1);
	if (dprintf(out, "%s\n", strrchr(name, ':') + 1) < 0)
		_exit(1);
	uv_timer_init(&s.loop, &timer);
	s.began = uv_now(&s.loop);
	uv_timer_start(&timer, paint, FRAME_MS, 0);
	uv_poll_init(&s.loop, &poll, in);
	uv_poll_start(&poll, UV_READABLE, asked);
	uv_run(&s.loop, UV_RUN_DEFAULT);
	_exit(0);
}

/* ---- the clients ---- */

struct viewer {
	struct client *client;
	bool marked;
	unsigned shown;
};

static struct {
	uv_loop_t loop;
	const struct scene *scene;
	struct viewer viewers[CLIENTS];
	bool counting, waiting;
	double pressed, took[KEYS];
	unsigned n_took;
	int closed;
} c;

static void on_mark(void *owner, unsigned display)
{
	(void)display;
	((struct viewer *)owner)->marked = true;
}

static void on_damage(void *owner, unsigned display, const struct rect *r)
{
	struct viewer *v = owner;

	(void)display;
	if (!c.counting)
		return;
	if (r->left == X && r->top == Y && r->right == X + (int)c.scene->width)
		v->shown++;
	if (c.waiting && rect_overlap(r, &glyph) && c.n_took < KEYS) {
		c.took[c.n_took++] = seconds(CLOCK_MONOTONIC) - c.pressed;
		c.waiting = false;
	}
}

static void on_closed(void *owner, int err)
{
	(void)owner;
	c.closed = err;
}

static void type(uv_timer_t *t)
{
	(void)t;
	if (!c.counting || c.waiting)
		return;
	c.pressed = seconds(CLOCK_MONOTONIC);
	c.waiting = true;
	client_key(c.viewers[0].client, SCAN_A, true);
	client_key(c.viewers[0].client, SCAN_A, false);
}

static void on_end(uv_timer_t *t)
{
	*(bool *)t->data = true;
}

/* Runs the loop for so long. */
static bool run(unsigned ms)
{
	bool over = false;
	uv_timer_t end;

	uv_timer_init(&c.loop, &end);
	end.data = &over;
	uv_timer_start(&end, on_end, ms, 0);
	while (!over && !c.closed)
		uv_run(&c.loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&end, NULL);
	uv_run(&c.loop, UV_RUN_NOWAIT);
	return !c.closed;
}

static bool all_marked(void)
{
	for (unsigned i = 0; i < c.scene->clients; i++)
		if (!c.viewers[i].marked)
			return false;
	return true;
}

static uint64_t ask(int in, int out)
{
	uint64_t n = 0;

	if (write(out, "?", 1) != 1 || read(in, &n, sizeof(n)) != sizeof(n))
		return 0;
	return n;
}

struct result {
	double fps, cpu, rate; /* of the slowest client, of a core, bytes a second and client */
};

static bool watch(int port, pid_t pid, int in, int out, struct result *r)
{
	static const struct client_ops ops = {.mark = on_mark, .damage = on_damage, .closed = on_closed};
	struct endpoint e = {.host = (char *)"127.0.0.1", .port = port};
	clockid_t clock;
	uint64_t bytes;
	double cpu, wall;

	for (unsigned i = 0; i < c.scene->clients; i++)
		c.viewers[i].client = client_new(&c.loop, &e, &(struct client_options){0}, &ops, &c.viewers[i]);
	for (unsigned ms = 0; !all_marked(); ms += 100)
		if (!run(100) || ms > PATIENCE_MS)
			return false;
	if (!run(WARM_MS) || clock_getcpuclockid(pid, &clock))
		return false;
	bytes = ask(in, out);
	cpu = seconds(clock);
	wall = seconds(CLOCK_MONOTONIC);
	c.counting = true;
	if (!run(c.scene->link ? TYPED_MS : COUNT_MS))
		return false;
	c.counting = false;
	wall = seconds(CLOCK_MONOTONIC) - wall;
	*r = (struct result){.fps = 1e9, .cpu = (seconds(clock) - cpu) / wall,
		.rate = (double)(ask(in, out) - bytes) / wall / c.scene->clients};
	for (unsigned i = 0; i < c.scene->clients; i++)
		if (c.viewers[i].shown / wall < r->fps)
			r->fps = c.viewers[i].shown / wall;
	return true;
}

/* ---- both ---- */

static const char *badlink; /* the program */

static pid_t start_link(const char *rate, int *port)
{
	char line[64] = "", to[32];
	int ends[2];
	pid_t pid;

	snprintf(to, sizeof(to), "127.0.0.1:%d", *port);
	if (pipe(ends) || (pid = fork()) < 0)
		return -1;
	if (!pid) {
		dup2(ends[1], 1);
		execl(badlink, badlink, rate, "--delay=20", to, (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	if (read(ends[0], line, sizeof(line) - 1) < 4 || sscanf(line, "up %d", port) != 1)
		*port = 0;
	close(ends[0]);
	return pid;
}

static void end(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static bool play(const struct scene *scene, struct result *r)
{
	int up[2], down[2], port = 0;
	char line[32] = "";
	uv_timer_t typist;
	pid_t pid, link = 0;
	bool ok;

	if (pipe(up) || pipe(down) || (pid = fork()) < 0)
		return false;
	if (!pid)
		serve(scene, down[0], up[1]);
	memset(&c, 0, sizeof(c));
	c.scene = scene;
	uv_loop_init(&c.loop);
	uv_timer_init(&c.loop, &typist);
	if (scene->typing)
		uv_timer_start(&typist, type, TYPE_MS, TYPE_MS);
	if (read(up[0], line, sizeof(line) - 1) > 0)
		port = (int)strtol(line, NULL, 10);
	if (scene->link)
		link = start_link(scene->link, &port);
	ok = port && watch(port, pid, up[0], down[1], r);
	for (unsigned i = 0; i < scene->clients; i++)
		client_free(c.viewers[i].client);
	uv_close((uv_handle_t *)&typist, NULL);
	uv_run(&c.loop, UV_RUN_DEFAULT);
	uv_loop_close(&c.loop);
	end(link);
	end(pid);
	close(up[0]), close(up[1]), close(down[0]), close(down[1]);
	return ok;
}

static int by_size(const void *a, const void *b)
{
	return *(const double *)a < *(const double *)b ? -1 : 1;
}

static const char *codec_name(const struct scene *scene)
{
	return scene->codec == VIDEO_CODEC_VP8 ? "vp8" : "mjpeg";
}

static void print(const struct scene *scene)
{
	struct result r;

	if (!play(scene, &r)) {
		printf("video: the session failed\n");
		return;
	}
	printf("video %ux%u %-5s %u client%s %-9s %5.1f fps %5.1f %% of a core %5.0f kB/s", scene->width,
		scene->height, codec_name(scene), scene->clients, scene->clients > 1 ? "s" : " ",
		scene->link ? "20 Mbit/s" : "", r.fps, 100 * r.cpu, r.rate / 1000);
	if (c.n_took) {
		qsort(c.took, c.n_took, sizeof(*c.took), by_size);
		printf("  key to picture %3.0f ms, p95 %3.0f, of %u", 1000 * c.took[c.n_took / 2],
			1000 * c.took[c.n_took * 95 / 100], c.n_took);
	}
	printf("\n");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static const uint8_t codecs[] = {VIDEO_CODEC_MJPEG, VIDEO_CODEC_VP8};
	char *dir = xstrdup(argv[0]), *slash = strrchr(dir, '/');

	(void)argc;
	signal(SIGPIPE, SIG_IGN);
	if (slash)
		*slash = '\0';
	badlink = xasprintf("%s/../tests/badlink", slash ? dir : ".");
	make_film(1280, 720);
	for (unsigned i = 0; i < 2; i++) {
		print(&(struct scene){1280, 720, 1, codecs[i], true, NULL});
		if (access(badlink, X_OK) == 0)
			print(&(struct scene){1280, 720, 1, codecs[i], true, "--rate=20000"});
	}
	make_film(640, 360);
	for (unsigned i = 0; i < 2; i++)
		for (unsigned n = 1; n <= CLIENTS; n *= 2)
			print(&(struct scene){640, 360, n, codecs[i], false, NULL});
	return 0;
}
