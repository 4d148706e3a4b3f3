/* Events of captures as text and JSON lines. The fields of messages are printed by wire/print.c;
 * here is what stands around them, and the capability words of the link stage by name. */
#include "capture/say.h"

#include "base/text.h"

enum { HEX_ROW = 16 };

const char *say_dir(enum wire_dir dir)
{
	return dir == WIRE_S ? "in" : "out";
}

void say_channel(int type, struct buf *out)
{
	const char *name = type < 0 ? "-" : wire_channel_name((unsigned)type);

	if (name)
		buf_str(out, name);
	else
		buf_printf(out, "%d", type);
}

void say_name(const struct tap_event *e, struct buf *out)
{
	buf_str(out, e->kind == TAP_SUB ? "sub:" : e->kind == TAP_BAD ? "bad:" : "");
	buf_str(out, e->name);
}

static void say_time(uint64_t time, uint64_t zero, struct buf *out)
{
	uint64_t us = (time > zero ? time - zero : 0) / 1000;

	buf_printf(out, "%llu.%06llu", (unsigned long long)(us / 1000000),
		(unsigned long long)(us % 1000000));
}

/* Calls f for every capability that is set: its word, or NULL and its number. */
static void each_cap(const struct tap_caps *c,
	void (*f)(void *owner, const char *word, unsigned bit), void *owner)
{
	for (uint32_t i = 0; i < 32 * c->n; i++)
		if (get_le32(c->words.p + i / 32 * 4) >> i % 32 & 1)
			f(owner, c->word ? wire_enum_word(c->word, i) : NULL, i);
}

struct words {
	struct buf *out;
	struct json *j;
	bool more;
};

static void cap_text(void *owner, const char *word, unsigned bit)
{
	struct words *w = owner;

	if (w->more)
		buf_u8(w->out, '|');
	w->more = true;
	if (word)
		buf_str(w->out, word);
	else
		buf_printf(w->out, "%u", bit);
}

static void cap_json(void *owner, const char *word, unsigned bit)
{
	struct words *w = owner;

	if (word)
		json_str(w->j, NULL, word);
	else
		json_uint(w->j, NULL, bit);
}

static void caps_text(const char *key, const struct tap_caps *c, struct buf *out)
{
	struct words w = {.out = out};

	if (!c)
		return;
	buf_printf(out, " %s=", key);
	each_cap(c, cap_text, &w);
	if (!w.more)
		buf_u8(out, '0');
	if (c->truncated)
		buf_str(out, "(truncated)");
}

static void caps_json(const char *key, const struct tap_caps *c, struct json *j)
{
	struct words w = {.j = j};

	if (!c)
		return;
	json_open(j, key, '[');
	each_cap(c, cap_json, &w);
	if (c->truncated)
		json_str(j, NULL, "(truncated)");
	json_close(j, ']');
}

/* Is the place in the stream what a reader wants to know? */
static bool is_trouble(const struct tap_event *e)
{
	return e->kind == TAP_BAD || e->kind == TAP_LOST || e->kind == TAP_CUT;
}

void say_text(const struct tap_event *e, uint64_t zero, struct buf *out)
{
	size_t before;

	say_time(e->time, zero, out);
	buf_printf(out, " %u ", e->conn);
	say_channel(e->type, out);
	if (e->type >= 0)
		buf_printf(out, "[%u]", e->id);
	buf_printf(out, " %s ", say_dir(e->dir));
	say_name(e, out);
	buf_printf(out, " size=%llu", (unsigned long long)e->size);
	if (is_trouble(e))
		buf_printf(out, " offset=%llu", (unsigned long long)e->offset);
	if (e->desc) {
		buf_u8(out, ' ');
		before = buf_len(out);
		wire_print_text(e->desc, e->body, e->caps, out);
		if (buf_len(out) == before)
			out->end--;
	}
	caps_text("common_caps", e->common, out);
	caps_text("channel_caps", e->channel, out);
	if (e->text.n) {
		buf_str(out, " text=\"");
		text_escape(out, e->text);
		buf_u8(out, '"');
	}
	if (e->why)
		buf_printf(out, " why=\"%s\"", e->why);
}

void say_json(const struct tap_event *e, uint64_t zero, unsigned flags, struct buf *out)
{
	struct json j = {.out = out};
	struct buf word = {0};

	json_open(&j, NULL, '{');
	json_decimal(&j, "time", (double)((e->time > zero ? e->time - zero : 0) / 1000) / 1e6, 6);
	json_uint(&j, "conn", e->conn);
	say_channel(e->type, &word);
	json_text(&j, "channel", buf_slice(&word));
	json_uint(&j, "id", e->type < 0 ? 0 : e->id);
	json_str(&j, "dir", say_dir(e->dir));
	buf_clear(&word);
	say_name(e, &word);
	json_text(&j, "name", buf_slice(&word));
	buf_fini(&word);
	json_uint(&j, "size", e->size);
	if (e->serial)
		json_uint(&j, "serial", e->serial);
	if (is_trouble(e))
		json_uint(&j, "offset", e->offset);
	if (e->desc) {
		json_open(&j, "body", '{');
		wire_print_json(e->desc, e->body, e->caps, flags & WIRE_NO_PAYLOAD, &j);
		json_close(&j, '}');
	}
	caps_json("common_caps", e->common, &j);
	caps_json("channel_caps", e->channel, &j);
	if (e->text.n)
		json_text(&j, "text", e->text);
	if (e->why)
		json_str(&j, "why", e->why);
	if (flags & SAY_HEX)
		json_hex(&j, "hex", e->raw);
	json_close(&j, '}');
}

void say_hex(struct slice s, struct buf *out)
{
	for (size_t at = 0; at < s.n; at += HEX_ROW) {
		size_t n = s.n - at < HEX_ROW ? s.n - at : HEX_ROW;

		buf_printf(out, "    %06zx ", at);
		for (size_t i = 0; i < HEX_ROW; i++)
			if (i < n)
				buf_printf(out, " %02x", s.p[at + i]);
			else
				buf_str(out, "   ");
		buf_str(out, "  ");
		for (size_t i = 0; i < n; i++) {
			uint8_t c = s.p[at + i];

			buf_u8(out, c >= 0x20 && c < 0x7f ? c : '.');
		}
		buf_u8(out, '\n');
	}
}
