/*
 * gtkpeer [PROPERTY=VALUE ...]: a real SPICE client on a leash. It is spice-gtk's own protocol
 * library without a window, driven by lines on stdin; what happens is said by lines on stdout. The
 * properties are those of SpiceSession: uri host port tls-port unix-path password ca-file
 * cert-subject ...
 *
 *   shot FILE       the primary surface of display 0 as PPM, whole at once, as soon as there is one
 *   type TEXT       key strokes, 25 ms apart (a PS/2 keyboard in QEMU queues 16 bytes only)
 *   key|down|up N   set-1 scan codes
 *   move X Y        motion DX DY        click B        mode client|server        locks MASK
 *   compress N      preferred image compression
 *   codec N         preferred video codec
 *   resize W H      asks the agent for display 0 in this size, some 1000 ms later
 *   state           "state invalidated=N"
 *   quit
 */
#include <glib-unix.h>
#include <spice-client.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAY(...) (printf(__VA_ARGS__), fflush(stdout))

static GMainLoop *loop;
static SpiceSession *session;
static SpiceMainChannel *main_channel;
static SpiceInputsChannel *inputs;
static SpiceDisplayChannel *display;
static GString *lines;
static gboolean paused;
static long invalidated;

static void on_event(SpiceChannel *c, SpiceChannelEvent event, gpointer data)
{
	(void)data;
	int type, id;
	g_object_get(c, "channel-type", &type, "channel-id", &id, NULL);
	GEnumClass *names = g_type_class_ref(SPICE_TYPE_CHANNEL_EVENT);
	GEnumValue *name = g_enum_get_value(names, event);
	SAY("event %s:%d %s\n", spice_channel_type_to_string(type), id,
		name ? name->value_nick : "?");
	const GError *error =
		event >= SPICE_CHANNEL_ERROR_CONNECT ? spice_channel_get_error(c) : NULL;
	if (error)
		SAY("error %s\n", error->message);
}

static void on_invalidate(SpiceChannel *c, gint x, gint y, gint w, gint h, gpointer data)
{
	(void)c, (void)x, (void)y, (void)w, (void)h, (void)data;
	invalidated++;
}

static void on_primary(SpiceChannel *c, gint format, gint w, gint h, gint stride, gint shm,
	gpointer pixels, gpointer data)
{
	(void)c, (void)stride, (void)shm, (void)pixels, (void)data;
	SAY("primary %dx%d format %d\n", w, h, format);
}

static void on_mark(SpiceChannel *c, gint mark, gpointer data)
{
	(void)c, (void)data;
	SAY("mark %d\n", mark);
}

static void on_modifiers(SpiceChannel *c, gpointer data)
{
	(void)data;
	int mask;
	g_object_get(c, "key-modifiers", &mask, NULL);
	SAY("modifiers %d\n", mask);
}

static void on_mouse_mode(SpiceChannel *c, gpointer data)
{
	(void)data;
	int mode;
	g_object_get(c, "mouse-mode", &mode, NULL);
	SAY("mouse-mode %s\n", mode == 2 ? "client" : "server");
}

static void on_agent(SpiceChannel *c, GParamSpec *spec, gpointer data)
{
	(void)spec, (void)data;
	gboolean connected;
	g_object_get(c, "agent-connected", &connected, NULL);
	SAY("agent %d\n", connected);
}

static void on_monitors(SpiceChannel *c, GParamSpec *spec, gpointer data)
{
	(void)spec, (void)data;
	GArray *list = NULL;
	g_object_get(c, "monitors", &list, NULL);
	if (!list)
		return;
	printf("monitors %u", list->len);
	for (guint i = 0; i < list->len; i++) {
		SpiceDisplayMonitorConfig *m =
			&g_array_index(list, SpiceDisplayMonitorConfig, i);
		printf(" %ux%u+%u+%u", m->width, m->height, m->x, m->y);
	}
	SAY("\n");
	g_array_unref(list);
}

static void on_cursor(SpiceChannel *c, GParamSpec *spec, gpointer data)
{
	(void)spec, (void)data;
	SpiceCursorShape *shape = NULL;
	g_object_get(c, "cursor", &shape, NULL);
	if (shape)
		SAY("cursor %dx%d hot %d,%d\n", shape->width, shape->height, shape->hot_spot_x,
			shape->hot_spot_y);
}

static void on_channel(SpiceSession *s, SpiceChannel *c, gpointer data)
{
	(void)s, (void)data;
	int type, id;
	g_object_get(c, "channel-type", &type, "channel-id", &id, NULL);
	SAY("channel %s:%d\n", spice_channel_type_to_string(type), id);
	g_signal_connect(c, "channel-event", G_CALLBACK(on_event), NULL);
	if (SPICE_IS_MAIN_CHANNEL(c)) {
		main_channel = SPICE_MAIN_CHANNEL(c);
		g_signal_connect(c, "main-mouse-update", G_CALLBACK(on_mouse_mode), NULL);
		g_signal_connect(c, "notify::agent-connected", G_CALLBACK(on_agent), NULL);
		return;
	}
	if (SPICE_IS_DISPLAY_CHANNEL(c) && id == 0) {
		display = SPICE_DISPLAY_CHANNEL(c);
		g_signal_connect(c, "display-invalidate", G_CALLBACK(on_invalidate), NULL);
		g_signal_connect(c, "display-primary-create", G_CALLBACK(on_primary), NULL);
		g_signal_connect(c, "display-mark", G_CALLBACK(on_mark), NULL);
		g_signal_connect(c, "notify::monitors", G_CALLBACK(on_monitors), NULL);
	} else if (SPICE_IS_INPUTS_CHANNEL(c)) {
		inputs = SPICE_INPUTS_CHANNEL(c);
		g_signal_connect(c, "inputs-modifiers", G_CALLBACK(on_modifiers), NULL);
	} else if (SPICE_IS_CURSOR_CHANNEL(c)) {
		g_signal_connect(c, "notify::cursor", G_CALLBACK(on_cursor), NULL);
	}
	spice_channel_connect(c);
}

static void on_disconnected(SpiceSession *s, gpointer data)
{
	(void)s, (void)data;
	SAY("disconnected\n");
	g_main_loop_quit(loop);
}

static void put_pixel(const SpiceDisplayPrimary *p, int x, int y, FILE *out)
{
	const guint8 *row = p->data + y * p->stride;
	guint8 rgb[3];
	if (p->format == SPICE_SURFACE_FMT_16_555 || p->format == SPICE_SURFACE_FMT_16_565) {
		guint16 v = ((const guint16 *)row)[x];
		gboolean is_565 = p->format == SPICE_SURFACE_FMT_16_565;
		rgb[0] = is_565 ? v >> 8 & 0xf8 : v >> 7 & 0xf8;
		rgb[1] = is_565 ? v >> 3 & 0xfc : v >> 2 & 0xf8;
		rgb[2] = v << 3 & 0xf8;
	} else {
		rgb[0] = row[x * 4 + 2];
		rgb[1] = row[x * 4 + 1];
		rgb[2] = row[x * 4];
	}
	fwrite(rgb, 3, 1, out);
}

static gboolean unpause(gpointer data)
{
	(void)data;
	paused = FALSE;
	return G_SOURCE_REMOVE;
}

/* Runs the lines that follow only after so many milliseconds. */
static void pause_for(guint ms)
{
	paused = TRUE;
	g_timeout_add(ms, unpause, NULL);
}

static void shot(const char *name)
{
	SpiceDisplayPrimary p;
	if (!display || !spice_display_channel_get_primary(SPICE_CHANNEL(display), 0, &p)) {
		char *again = g_strdup_printf("shot %s\n", name);
		g_string_prepend(lines, again);
		g_free(again);
		pause_for(25);
		return;
	}
	char *part = g_strconcat(name, ".part", NULL);
	FILE *out = fopen(part, "wb");
	if (!out)
		exit(73);
	fprintf(out, "P6\n%d %d\n255\n", p.width, p.height);
	for (int y = 0; y < p.height; y++)
		for (int x = 0; x < p.width; x++)
			put_pixel(&p, x, y, out);
	if (fclose(out) || rename(part, name))
		exit(74);
	g_free(part);
	SAY("shot %s\n", name);
}

/* The set-1 code of a character on a US keyboard, 0 if it has none. */
static int scan_code(char c, gboolean *shift)
{
	static const char keys[] =
		"\0\0331234567890-=\b\tqwertyuiop[]\n\0asdfghjkl;'`\0\\zxcvbnm,./\0\0\0 ";
	static const char upper[] = "!@#$%^&*()_+{}:\"~|<>?", lower[] = "1234567890-=[];'`\\,./";
	const char *at = c ? strchr(upper, c) : NULL;
	*shift = at || g_ascii_isupper(c);
	c = at ? lower[at - upper] : g_ascii_tolower(c);
	for (size_t i = 1; c && i < sizeof(keys) - 1; i++)
		if (keys[i] == c)
			return (int)i;
	return 0;
}

static void type(const char *arg)
{
	char *text = g_strcompress(arg);
	GString *out = g_string_new("");
	for (const char *p = text; *p; p++) {
		gboolean shift;
		int code = scan_code(*p, &shift);
		if (shift)
			g_string_append(out, "down 0x2a\n");
		g_string_append_printf(out, "down %d\nup %d\n", code, code);
		if (shift)
			g_string_append(out, "up 0x2a\n");
		g_string_append(out, "pace\n");
	}
	g_string_append(out, "typed\n");
	g_string_prepend(lines, out->str);
	g_string_free(out, TRUE);
	g_free(text);
}

static void click(int button)
{
	spice_inputs_channel_button_press(inputs, button, 1 << (button - 1));
	spice_inputs_channel_button_release(inputs, button, 0);
}

static void key(int code)
{
	spice_inputs_channel_key_press(inputs, code);
	spice_inputs_channel_key_release(inputs, code);
}

/* The only display that is on. */
static void resize(int w, int h)
{
	for (int id = 1; id < 16; id++)
		spice_main_channel_update_display_enabled(main_channel, id, FALSE, FALSE);
	spice_main_channel_update_display_enabled(main_channel, 0, TRUE, FALSE);
	spice_main_channel_update_display(main_channel, 0, 0, 0, w, h, TRUE);
}

static void quit(void)
{
	spice_session_disconnect(session);
	g_main_loop_quit(loop);
}

static void command(const char *word, const char *arg)
{
	int x = (int)strtol(arg, NULL, 0), y = 0;
	gboolean two = sscanf(arg, "%d %d", &x, &y) == 2;
	gboolean known = TRUE;

	if (!strcmp(word, "shot"))
		shot(arg);
	else if (!strcmp(word, "state"))
		SAY("state invalidated=%ld\n", invalidated);
	else if (!strcmp(word, "mode") && main_channel)
		spice_main_channel_request_mouse_mode(main_channel, strcmp(arg, "client") ? 1 : 2);
	else if (!strcmp(word, "compress") && display)
		spice_display_channel_change_preferred_compression(SPICE_CHANNEL(display), x);
	else if (!strcmp(word, "codec") && display)
		spice_display_channel_change_preferred_video_codec_type(SPICE_CHANNEL(display), x);
	else if (!strcmp(word, "resize") && two && main_channel)
		resize(x, y);
	else if (!strcmp(word, "typed"))
		SAY("typed\n");
	else if (!strcmp(word, "quit"))
		quit();
	else
		known = FALSE;
	if (known)
		return;
	if (!inputs)
		SAY("no inputs yet: %s\n", word);
	else if (!strcmp(word, "type"))
		type(arg);
	else if (!strcmp(word, "key"))
		key((int)strtol(arg, NULL, 0));
	else if (!strcmp(word, "down"))
		spice_inputs_channel_key_press(inputs, strtol(arg, NULL, 0));
	else if (!strcmp(word, "up"))
		spice_inputs_channel_key_release(inputs, strtol(arg, NULL, 0));
	else if (!strcmp(word, "move") && two)
		spice_inputs_channel_position(inputs, x, y, 0, 0);
	else if (!strcmp(word, "motion") && two)
		spice_inputs_channel_motion(inputs, x, y, 0);
	else if (!strcmp(word, "click"))
		click(x);
	else if (!strcmp(word, "locks"))
		spice_inputs_channel_set_key_locks(inputs, x);
	else
		SAY("bad command %s\n", word);
}

static gboolean run_lines(gpointer data)
{
	(void)data;
	char *end;
	while (!paused && (end = memchr(lines->str, '\n', lines->len))) {
		char *line = g_strndup(lines->str, end - lines->str);
		g_string_erase(lines, 0, end - lines->str + 1);
		char *arg = strchr(line, ' ');
		if (arg)
			*arg++ = 0;
		if (!strcmp(line, "pace")) {
			pause_for(25);
		} else if (*line) {
			command(line, arg ? arg : "");
		}
		g_free(line);
	}
	return G_SOURCE_CONTINUE;
}

static gboolean read_lines(gint fd, GIOCondition condition, gpointer data)
{
	(void)condition, (void)data;
	char part[4096];
	ssize_t n = read(fd, part, sizeof(part));
	if (n > 0)
		g_string_append_len(lines, part, n);
	return n > 0;
}

int main(int argc, char **argv)
{
	session = spice_session_new();
	loop = g_main_loop_new(NULL, FALSE);
	lines = g_string_new("");
	g_object_set(session, "enable-usbredir", FALSE, "enable-audio", FALSE, NULL);
	for (int i = 1; i < argc; i++) {
		char *value = strchr(argv[i], '=');
		if (!value)
			return 64;
		*value++ = 0;
		g_object_set(session, argv[i], value, NULL);
	}
	g_signal_connect(session, "channel-new", G_CALLBACK(on_channel), NULL);
	g_signal_connect(session, "disconnected", G_CALLBACK(on_disconnected), NULL);
	if (!spice_session_connect(session))
		return 69;
	g_unix_fd_add(0, G_IO_IN | G_IO_HUP, read_lines, NULL);
	g_timeout_add(5, run_lines, NULL);
	g_main_loop_run(loop);
	return 0;
}
