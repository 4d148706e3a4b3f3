/* SERVER words and .vv files: tables of text and what it means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/mem.h"
#include "net/endpoint.h"

struct good {
	const char *word, *host;
	int port, tls_port;
	const char *uri; /* what endpoint_uri says */
	const char *user, *password;
};

/* clang-format off */
static const struct good goods[] = {
	{"host", "host", 5900, 0, "spice://host:5900", NULL, NULL},
	{"host:1", "host", 1, 0, "spice://host:1", NULL, NULL},
	{"127.0.0.1:65535", "127.0.0.1", 65535, 0, "spice://127.0.0.1:65535", NULL, NULL},
	{"[::1]", "::1", 5900, 0, "spice://[::1]:5900", NULL, NULL},
	{"[::1]:5901", "::1", 5901, 0, "spice://[::1]:5901", NULL, NULL},
	{"::1", "::1", 5900, 0, "spice://[::1]:5900", NULL, NULL},
	{"[fe80::1%eth0]:7", "fe80::1%eth0", 7, 0, "spice://[fe80::1%25eth0]:7", NULL, NULL},
	{"spice://h", "h", 5900, 0, "spice://h:5900", NULL, NULL},
	{"spice://h/", "h", 5900, 0, "spice://h:5900", NULL, NULL},
	{"SPICE://h:5", "h", 5, 0, "spice://h:5", NULL, NULL},
	{"spice://h:5/path", "h", 5, 0, "spice://h:5", NULL, NULL},
	{"spice://h?port=5", "h", 5, 0, "spice://h:5", NULL, NULL},
	{"spice://h;port=5", "h", 5, 0, "spice://h:5", NULL, NULL},
	{"spice://h?tls-port=6", "h", 0, 6, "spice+tls://h:6", NULL, NULL},
	{"spice://h:5?tls-port=6", "h", 5, 6, "spice://h:5?tls-port=6", NULL, NULL},
	{"spice://h/?port=5;tls-port=6&", "h", 5, 6, "spice://h:5?tls-port=6", NULL, NULL},
	{"spice://h:5?tls-port=", "h", 5, 0, "spice://h:5", NULL, NULL},
	{"spice://me@h:5?password=s%26t", "h", 5, 0, "spice://me@h:5", "me", "s&t"},
	{"spice://a%40b@h:5", "h", 5, 0, "spice://a%40b@h:5", "a@b", NULL},
	{"spice://@h:5", "h", 5, 0, "spice://h:5", NULL, NULL},
	{"spice://%68%6f:5", "ho", 5, 0, "spice://ho:5", NULL, NULL},
	{"spice://[::1]:5", "::1", 5, 0, "spice://[::1]:5", NULL, NULL},
	{"spice://[fe80::1%25lo]:5", "fe80::1%lo", 5, 0, "spice://[fe80::1%25lo]:5", NULL, NULL},
	{"spice+tls://h:6", "h", 0, 6, "spice+tls://h:6", NULL, NULL},
	{"spice+tls://h:6?port=5&tls-port=7", "h", 0, 6, "spice+tls://h:6", NULL, NULL},
	{"spice+tls://h:6?password=x", "h", 0, 6, "spice+tls://h:6", NULL, "x"},
	{"ws://h", "h", 80, 0, "ws://h:80", NULL, NULL},
	{"ws://h:5900/ws?token=a", "h", 5900, 0, "ws://h:5900/ws?token=a", NULL, NULL},
	{"wss://h/", "h", 0, 443, "wss://h:443", NULL, NULL},
};
/* clang-format on */

static void assert_text(const char *a, const char *b)
{
	if (!a || !b)
		assert_ptr_equal(a, b);
	else
		assert_string_equal(a, b);
}

static void good_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(goods); i++) {
		const struct good *g = &goods[i];
		struct endpoint e, again;
		char *uri, *second;

		assert_int_equal(endpoint_parse(&e, g->word), 0);
		assert_string_equal(e.host, g->host);
		assert_int_equal(e.port, g->port);
		assert_int_equal(e.tls_port, g->tls_port);
		assert_text(e.user, g->user);
		assert_text(e.password, g->password);
		assert_null(e.unix_path);
		uri = endpoint_uri(&e);
		assert_string_equal(uri, g->uri);
		assert_int_equal(endpoint_parse(&again, uri), 0);
		second = endpoint_uri(&again);
		assert_string_equal(second, uri);
		assert_int_equal(again.websocket, e.websocket);
		free(uri);
		free(second);
		endpoint_fini(&again);
		endpoint_fini(&e);
	}
}

static void bad_words(void **state)
{
	static const char *const rows[] = {
		"",
		":",
		":5900",
		"h:",
		"h:0",
		"h:65536",
		"h:4294967396",
		"h:-80",
		"h:+80",
		"h: 80",
		"h:80x",
		"h:0x50",
		"h:00080000",
		"h h",
		"h/p",
		"h?port=1",
		"me@h",
		"[::1",
		"[::1]5",
		"[::1]:",
		"[]",
		"[h]",
		"[127.0.0.1]",
		"1::2::3",
		"[fe80::1%]",
		"[fe80::1%a/b]",
		"h\n",
		"\x1b[2J",
		"http://h",
		"://h",
		"vnc://h:1",
		"spice://",
		"spice:///",
		"spice://:5900",
		"spice://h:",
		"spice://h:4294967396",
		"spice://h:-80",
		"spice://h?nope=1",
		"spice://h?Port=1",
		"spice://h?port",
		"spice://h?=1",
		"spice://h?port=0",
		"spice://h?port=99999",
		"spice://h:1?port=2",
		"spice://h?port=1&port=1",
		"spice://h?tls-port=1;tls-port=2",
		"spice://h?password=a&password=b",
		"spice://h:1?password=%zz",
		"spice://h:1?password=%0",
		"spice://h%00:1",
		"spice://h%2fx:1",
		"spice://h%:1",
		"spice://a%3Ab:1",
		"spice://::1:5",
		"spice://[fe80::1%eth0]:5",
		"spice://u%@h",
		"spice+tls://h",
		"spice+tls://h:",
		"spice+tls://h?port=1",
		"spice+unix://",
		"spice+unix://rel/ative",
		"ws://h?x",
		"ws://h/a b",
		"ws://h/\xc3\xa4",
		"ws://h/#x",
		"spice://h:1?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=1",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct endpoint e;

		if (endpoint_parse(&e, rows[i]) != E_USAGE)
			fail_msg("accepted: %s", rows[i]);
		endpoint_fini(&e);
	}
}

static void unix_words(void **state)
{
	static const struct {
		size_t n;
		int rc;
	} rows[] = {{1, 0}, {107, 0}, {108, E_USAGE}, {4000, E_USAGE}, {5000, E_USAGE}};
	struct endpoint e;
	char *uri;

	(void)state;
	assert_int_equal(endpoint_parse(&e, "spice+unix:///run/a%20b?x;y"), 0);
	assert_string_equal(e.unix_path, "/run/a%20b?x;y"); /* literally */
	assert_null(e.host);
	uri = endpoint_uri(&e);
	assert_string_equal(uri, "spice+unix:///run/a%20b?x;y");
	free(uri);
	endpoint_fini(&e);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *path = xmalloc(rows[i].n + 1), *word;

		memset(path, 'x', rows[i].n);
		path[0] = '/';
		path[rows[i].n] = 0;
		word = xasprintf("spice+unix://%s", path);
		assert_int_equal(endpoint_parse(&e, word), rows[i].rc);
		endpoint_fini(&e);
		free(word);
		free(path);
	}
}

static void lengths_of_values(void **state)
{
	struct endpoint e;
	char value[160];

	(void)state;
	for (int n = 126; n <= 128; n++) {
		char *word;

		memset(value, 'x', sizeof(value));
		value[n] = 0;
		word = xasprintf("spice://h:1?password=%s", value);
		assert_int_equal(endpoint_parse(&e, word), n <= 127 ? 0 : E_USAGE);
		free(word);
		endpoint_fini(&e);
	}
}

static const char full_vv[] = "# comment\r\n"
			      "\n[virt-viewer]\r\n"
			      "type=spice\r\n"
			      "host=h.example\n"
			      "port = 5900 \n"
			      "tls-port=5901\n"
			      "username=me\n"
			      "password= s\\\\t\\\\\n"
			      "title=A title \\s x\n"
			      "fullscreen=1\n"
			      "ca=-----BEGIN\\nline\\n\n"
			      "host-subject=O=Lab,CN=a\\\\,b\n"
			      "secure-channels=main;inputs;\n"
			      "disable-channels=usbredir\n"
			      "delete-this-file=true\n"
			      "proxy=http://p:3128\n"
			      "unknown-key=whatever\\q\n"
			      "usb-filter=-1,-1,-1,-1,0\n"
			      "version=2.0-160\n"
			      "[ovirt]\nhost=other\nca=x\\z\n";

static void a_full_vv(void **state)
{
	struct endpoint e;
	const char *text = full_vv;

	(void)state;
	assert_int_equal(endpoint_parse_vv(&e, slice_str(text)), 0);
	assert_string_equal(e.host, "h.example");
	assert_int_equal(e.port, 5900);
	assert_int_equal(e.tls_port, 5901);
	assert_string_equal(e.user, "me");
	assert_string_equal(e.password, "s\\t\\");
	assert_string_equal(e.title, "A title   x");
	assert_true(e.fullscreen);
	assert_true(e.delete_file);
	assert_string_equal(e.ca, "-----BEGIN\nline\n");
	assert_string_equal(e.host_subject, "O=Lab,CN=a\\,b");
	assert_string_equal(e.secure_channels, "main;inputs;");
	assert_string_equal(e.disable_channels, "usbredir");
	assert_string_equal(e.proxy, "http://p:3128");
	endpoint_fini(&e);
	/* cut anywhere it parses or is refused, and never reads beyond */
	for (size_t n = 0; n < strlen(text); n++) {
		uint8_t *copy = xmalloc(n + !n);

		memcpy(copy, text, n);
		endpoint_parse_vv(&e, slice_of(copy, n));
		endpoint_fini(&e);
		free(copy);
	}
}

#define VV "[virt-viewer]\ntype=spice\n"

static void vv_verdicts(void **state)
{
	static const struct {
		const char *text;
		int rc;
	} rows[] = {
		{VV "host=h\nport=1\n", 0},
		{VV "host=h\nport=1", 0},
		{VV "host=h\nport=-1\ntls-port=5\n", 0},
		{VV "host=::1\nport=1\n", 0},
		{VV "host=h\nport=1\nport=2\n", 0},
		{VV "unix-path=/run/s\n", 0},
		{VV "host=h\nport=1\nversion=11.0\n", 0},
		{VV "host=h\nport=1\nversion=10.99.99-9\n", 0},
		{VV "host=h\nport=1\n\n[other]\nport=x\n", 0},
		{VV "host=h\nport=1\ntitle=\xc3\xa4\n", 0},
		{"", E_INVAL},
		{"[virt-viewer]\nhost=h\nport=1\n", E_INVAL},
		{"[virt-viewer]\ntype=vnc\nhost=h\nport=1\n", E_INVAL},
		{"type=spice\n[virt-viewer]\nhost=h\nport=1\n", E_INVAL},
		{VV "port=1\n", E_INVAL},
		{VV "host=h\n", E_INVAL},
		{VV "host=h h\nport=1\n", E_INVAL},
		{VV "host=h\nport=65536\n", E_INVAL},
		{VV "host=h\nport=4294967396\n", E_INVAL},
		{VV "host=h\nport=-2\n", E_INVAL},
		{VV "host=h\nport=1x\n", E_INVAL},
		{VV "host=h\nport=1\nfullscreen=yes\n", E_INVAL},
		{VV "host=h\nport=1\ntitle=a\\qb\n", E_INVAL},
		{VV "host=h\nport=1\ntitle=a\\\n", E_INVAL},
		{VV "host=h\nport=1\ntitle=\x1b]0;x\n", E_INVAL},
		{VV "host=h\nport=1\ntitle=a\\nb\n", E_INVAL},
		{VV "host=h\nport=1\ntitle=\xff\n", E_INVAL},
		{VV "host=h\nport=1\npassword=a\\nb\n", E_INVAL},
		{VV "host=h\nport=1\nnonsense\n", E_INVAL},
		{VV "host=h\nport=1\n=x\n", E_INVAL},
		{VV "host=h\nport=1\n[broken\n", E_INVAL},
		{VV "host=h\nport=1\n[]\n", E_INVAL},
		{VV "host=h\nport=1\nversion=11.1\n", E_INVAL},
		{VV "host=h\nport=1\nversion=abc\n", E_INVAL},
		{VV "host=h\nunix-path=/run/s\n", E_INVAL},
		{VV "unix-path=run/s\n", E_INVAL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct endpoint e;

		if (endpoint_parse_vv(&e, slice_str(rows[i].text)) != rows[i].rc)
			fail_msg("row %zu", i);
		endpoint_fini(&e);
	}
}

/* The last of an action counts, an empty one switches it off, and what would break the list is left out. */
static void vv_hotkeys(void **state)
{
	static const struct {
		const char *lines, *want;
	} rows[] = {
		{"", NULL},
		{"zoom-in=ctrl+plus\n", NULL},
		{"release-cursor=shift+f12\n", "release-cursor=shift+f12"},
		{"secure-attention= Ctrl+Alt+Ins \ntoggle-fullscreen=\n",
			"secure-attention=Ctrl+Alt+Ins,toggle-fullscreen="},
		{"release-cursor=a\nrelease-cursor=b\n", "release-cursor=a,release-cursor=b"},
		{"release-cursor=a,secure-attention=b\n", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *text = xasprintf(VV "host=h\nport=1\n%s", rows[i].lines);
		struct endpoint e;

		assert_int_equal(endpoint_parse_vv(&e, slice_str(text)), 0);
		assert_int_equal(!e.hotkeys, !rows[i].want);
		if (e.hotkeys)
			assert_string_equal(e.hotkeys, rows[i].want);
		endpoint_fini(&e);
		free(text);
	}
}

/* Hosts that only a proxy understands; a proxy that is none. */
static void vv_proxies(void **state)
{
	static const struct {
		const char *lines;
		int rc;
	} rows[] = {
		{"host=pvespiceproxy:65f1:100:node::3f\n", E_INVAL},
		{"host=pvespiceproxy:65f1:100:node::3f\nproxy=http://p:3128\n", 0},
		{"host=a b\nproxy=http://p:3128\n", E_INVAL},
		{"host=\xc3\xa4:1\nproxy=http://p:3128\n", E_INVAL},
		{"host=h\nproxy=http://u:p@p/\n", 0},
		{"host=h\nproxy=socks://p\n", E_INVAL},
		{"host=h\nproxy=http://p/x\n", E_INVAL},
		{"host=h\nproxy=\n", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *text = xasprintf(VV "port=1\n%s", rows[i].lines);
		struct endpoint e;

		if (endpoint_parse_vv(&e, slice_str(text)) != rows[i].rc)
			fail_msg("%s", rows[i].lines);
		endpoint_fini(&e);
		free(text);
	}
}

static void copies(void **state)
{
	struct endpoint e, copy;
	char *a, *b;

	(void)state;
	assert_int_equal(endpoint_parse(&e, "wss://me@h:1/a/b?c"), 0);
	endpoint_copy(&copy, &e);
	a = endpoint_uri(&e);
	b = endpoint_uri(&copy);
	endpoint_fini(&e);
	assert_string_equal(a, b);
	assert_string_equal(copy.path, "/a/b?c");
	assert_null(copy.proxy);
	endpoint_fini(&copy);
	free(a);
	free(b);
}

static void vv_size_and_nul(void **state)
{
	static const char head[] = VV "host=h\nport=1\n#";
	struct endpoint e;

	(void)state;
	for (int over = 0; over <= 1; over++) {
		size_t n = LIM_VV_FILE + (size_t)over;
		uint8_t *text = xmalloc(n);

		memset(text, 'x', n);
		memcpy(text, head, sizeof(head) - 1);
		assert_int_equal(endpoint_parse_vv(&e, slice_of(text, n)), over ? E_INVAL : 0);
		endpoint_fini(&e);
		text[n - 10] = 0;
		assert_int_equal(endpoint_parse_vv(&e, slice_of(text, n - 1)), E_INVAL);
		endpoint_fini(&e);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_words),
		cmocka_unit_test(bad_words),
		cmocka_unit_test(unix_words),
		cmocka_unit_test(lengths_of_values),
		cmocka_unit_test(a_full_vv),
		cmocka_unit_test(vv_verdicts),
		cmocka_unit_test(vv_hotkeys),
		cmocka_unit_test(vv_proxies),
		cmocka_unit_test(copies),
		cmocka_unit_test(vv_size_and_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
