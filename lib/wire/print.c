/* Printing: one walk for text and JSON, told apart by a small table of writers. Values of a peer are
 * escaped; payloads are counted in text, hex in JSON. */
#include "base/text.h"
#include "wire/table.h"

enum { TEXT_CUT = 256, TEXT_ITEMS = 8 };

struct printer {
	struct json *j;   /* JSON when set */
	struct buf *out;  /* else text */
	uint32_t caps;
	unsigned flags;
	bool more;
};

static void print_rows(struct printer *p, const struct wire_desc *d, const char *host);

static void key(struct printer *p, const char *name)
{
	if (p->more)
		buf_u8(p->out, ' ');
	p->more = true;
	if (name) {
		buf_str(p->out, name);
		buf_u8(p->out, '=');
	}
}

static void put_int(struct printer *p, const char *name, const struct row *r, const void *field)
{
	uint64_t u = host_get(field, r->size);
	int64_t i = (int64_t)(u << (64 - 8 * r->size)) >> (64 - 8 * r->size);

	if (!p->j)
		key(p, name);
	if (p->j && r->is_signed)
		json_int(p->j, name, i);
	else if (p->j)
		json_uint(p->j, name, u);
	else if (r->is_signed)
		buf_dec(p->out, i);
	else
		buf_udec(p->out, u);
}

/* Bits by name, joined by |, what has none in hex. */
static void put_bits(struct buf *out, const struct wire_enum *e, uint64_t v)
{
	const char *sep = "";

	for (size_t i = 0; i < e->n; i++) {
		if (v & e->v[i].value) {
			buf_printf(out, "%s%s", sep, e->v[i].name);
			sep = "|";
			v &= ~(uint64_t)e->v[i].value;
		}
	}
	if (v)
		buf_printf(out, "%s0x%llx", sep, (unsigned long long)v);
	else if (!*sep)
		buf_u8(out, '0');
}

static void put_enum(struct printer *p, const char *name, const struct row *r, const void *field)
{
	uint64_t v = host_get(field, r->size);
	const struct wire_value *known = enum_find(r->en, v);
	struct buf word = {0};

	if (r->en->kind == BITS) {
		put_bits(&word, r->en, v);
	} else if (known) {
		buf_str(&word, known->name);
	} else {
		put_int(p, name, r, field);
		return;
	}
	if (p->j) {
		json_text(p->j, name, buf_slice(&word));
	} else {
		key(p, name);
		buf_put(p->out, buf_data(&word), buf_len(&word));
	}
	buf_fini(&word);
}

/* Text in quotes, cut where it is long; of other bytes, how many there are. */
static void text_slice(struct printer *p, const struct row *r, struct slice s)
{
	key(p, r->name);
	if (!r->text) {
		buf_printf(p->out, "[%zu]", s.n);
		return;
	}
	buf_u8(p->out, '"');
	text_escape(p->out, slice_of(s.p, s.n < TEXT_CUT ? s.n : TEXT_CUT));
	buf_str(p->out, s.n <= TEXT_CUT ? "\"" : "\"...");
}

static void put_slice(struct printer *p, const struct row *r, struct slice s)
{
	if (r->text && s.n && s.p[s.n - 1] == 0)
		s.n--;
	if (!p->j)
		text_slice(p, r, s);
	else if (r->text)
		json_text(p->j, r->name, s);
	else if (!(p->flags & WIRE_NO_PAYLOAD))
		json_hex(p->j, r->name, s);
}

static void open_group(struct printer *p, const char *name, char bracket)
{
	if (p->j) {
		json_open(p->j, name, bracket);
	} else {
		key(p, name);
		buf_u8(p->out, (uint8_t)bracket);
		p->more = false;
	}
}

static void close_group(struct printer *p, char bracket)
{
	if (p->j) {
		json_close(p->j, bracket);
	} else {
		buf_u8(p->out, (uint8_t)bracket);
		p->more = true;
	}
}

/* Rectangles and points are everywhere: text has short forms for them. */
static bool put_short(struct printer *p, const struct wire_desc *d, const char *name, const void *host)
{
	const struct rect *r = host;
	const struct point *at = host;
	const struct point16 *at16 = host;
	bool rect = d == wire_desc_rect(), point = d == wire_desc_point(), point16 = d == wire_desc_point16();

	if (p->j || !(rect || point || point16))
		return false;
	key(p, name);
	if (rect)
		buf_printf(p->out, "%lldx%lld%+d%+d", (long long)r->right - r->left, (long long)r->bottom - r->top,
			r->left, r->top);
	else if (point)
		buf_printf(p->out, "%+d%+d", at->x, at->y);
	else
		buf_printf(p->out, "%+d%+d", at16->x, at16->y);
	return true;
}

static void put_struct(struct printer *p, const struct wire_desc *d, const char *name, const void *host)
{
	if (put_short(p, d, name, host))
		return;
	open_group(p, name, '{');
	print_rows(p, d, host);
	close_group(p, '}');
}

/* n elements; text shows the first few. */
static void put_list(struct printer *p, const struct row *r, const char *at, uint64_t n)
{
	uint64_t show = p->j || n < TEXT_ITEMS ? n : TEXT_ITEMS;

	open_group(p, r->name, '[');
	for (uint64_t i = 0; at && i < show; i++) {
		if (r->kind == ROW_ARRAY)
			put_struct(p, r->sub(), NULL, at);
		else if (r->en && r->en->n)
			put_enum(p, NULL, r, at);
		else
			put_int(p, NULL, r, at);
		at += r->kind == ROW_ARRAY ? r->sub()->size : r->size;
	}
	if (show < n)
		buf_printf(p->out, " ...%llu", (unsigned long long)(n - show));
	close_group(p, ']');
}

static void print_row(struct printer *p, const struct row *r, const char *host)
{
	const char *field = host + r->off;
	uint64_t n = 0;

	switch (r->kind) {
	case ROW_INT:
		if (r->en)
			put_enum(p, r->name, r, field);
		else
			put_int(p, r->name, r, field);
		break;
	case ROW_FD:
		put_int(p, r->name, r, field);
		break;
	case ROW_SUB:
		put_struct(p, r->sub(), r->name, field);
		break;
	case ROW_PTR:
		if (host_pointer(field))
			put_struct(p, r->sub(), r->name, host_pointer(field));
		else if (p->j)
			json_none(p->j, r->name);
		break;
	case ROW_ARRAY:
	case ROW_INTS:
	case ROW_PTRINTS:
		row_len(r, host, &n);
		put_list(p, r, host_pointer(field), n);
		break;
	case ROW_RESTINTS:
		put_list(p, r, host_pointer(field), host_get(host + r->n_off, 4));
		break;
	case ROW_BYTES:
	case ROW_PTRBYTES:
	case ROW_REST:
		put_slice(p, r, *(const struct slice *)field);
		break;
	case ROW_FIXED:
		put_slice(p, r, slice_of(field, r->count));
		break;
	}
}

static void print_rows(struct printer *p, const struct wire_desc *d, const char *host)
{
	for (size_t i = 0; i < d->n; i++)
		if (row_present(&d->rows[i], host, p->caps))
			print_row(p, &d->rows[i], host);
}

void wire_print_text(const struct wire_desc *d, const void *host, uint32_t caps, struct buf *out)
{
	struct printer p = {.out = out, .caps = caps};

	print_rows(&p, d, host);
}

void wire_print_json(const struct wire_desc *d, const void *host, uint32_t caps, unsigned flags,
	struct json *j)
{
	struct printer p = {.j = j, .out = j->out, .caps = caps, .flags = flags};

	print_rows(&p, d, host);
}
