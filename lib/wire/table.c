/* The tables: the .def files once more, now as rows. Each structure's table is static inside the
 * function that returns it, because rows need the structure's name for offsetof; guard values are inline
 * arrays, since compound literals in a function would be automatic. */
#include "wire/table.h"

#include "base/err.h"
#include "base/mem.h"

#define ENUM(name, kind) static const struct wire_value values_##name[] = {
#define V(prefix, name, value) {#name, value},
#define ENUM_END(name) };
#include "wire/enums.def"
#undef ENUM
#undef V
#undef ENUM_END

#define ENUM(ename, ekind)                                                                         \
	static const struct wire_enum enum_##ename = {.name = #ename, .kind = ekind,               \
		.v = values_##ename, .n = ARRAY_SIZE(values_##ename)};
#define V(prefix, name, value)
#define ENUM_END(name)
#include "wire/enums.def"
#undef ENUM
#undef V
#undef ENUM_END

static const struct wire_enum enum_NOENUM = {.name = ""};

static const struct wire_enum *const enums[] = {
#define ENUM(name, kind) &enum_##name,
#define V(prefix, name, value)
#define ENUM_END(name)
#include "wire/enums.def"
#undef ENUM
#undef V
#undef ENUM_END
};

#define SIGN_u8 false
#define SIGN_u16 false
#define SIGN_u32 false
#define SIGN_u64 false
#define SIGN_i8 true
#define SIGN_i16 true
#define SIGN_i32 true
#define SIGN_i64 true
#define SIGN_fx true
#define NULLABLE false
#define NONNULL true

#define AT(f) .off = offsetof(T, f), .name = #f
#define NUMBER(type) .size = sizeof(CT_##type), .is_signed = SIGN_##type
#define LEN(f)                                                                                     \
	{                                                                                          \
		.kind = LEN_FIELD, .a_off = offsetof(T, f), .a_size = sizeof(((T *)0)->f)          \
	}
#define PAIR(a, b)                                                                                 \
	.a_off = offsetof(T, a), .a_size = sizeof(((T *)0)->a), .b_off = offsetof(T, b),           \
	.b_size = sizeof(((T *)0)->b)
#define MUL(a, b)                                                                                  \
	{                                                                                          \
		.kind = LEN_MUL, PAIR(a, b)                                                        \
	}
#define ROW(nbits, w, h)                                                                           \
	{                                                                                          \
		.kind = LEN_ROW, .bits = nbits, PAIR(w, h)                                         \
	}
#define ON(f) .kind = GUARD_FIELD, .off = offsetof(T, f), .size = sizeof(((T *)0)->f)
#define WHEN(f, ...)                                                                               \
	.guard = {ON(f), .mask = ~0u, .n = sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t),   \
		.val = {__VA_ARGS__}}
#define BITS(f, m, v) .guard = {ON(f), .mask = m, .n = 1, .val = {v}}
#define IF(f, bit) BITS(f, bit, bit)
#define UNLESS(f, bit) BITS(f, bit, 0)
#define CAP(bit) .guard = {.kind = GUARD_CAP, .mask = bit}
#define MAX(m) .max = m
#define TEXT .text = true

#define STRUCT(sname)                                                                              \
	const struct wire_desc *wire_desc_##sname(void)                                            \
	{                                                                                          \
		typedef struct sname T;                                                            \
		static const struct row rows[] = {
#define END(sname)                                                                                 \
	}                                                                                          \
	;                                                                                          \
	static const struct wire_desc d = {#sname, rows, ARRAY_SIZE(rows), sizeof(T), _Alignof(T)}; \
	return &d;                                                                                 \
	}
#define FIELD(type, f, ...) {.kind = ROW_INT, NUMBER(type), AT(f), ##__VA_ARGS__},
#define ENUM(type, f, e, ...)                                                                      \
	{.kind = ROW_INT, NUMBER(type), AT(f), .en = &enum_##e, .closed = true, ##__VA_ARGS__},
#define OPEN(type, f, e, ...) {.kind = ROW_INT, NUMBER(type), AT(f), .en = &enum_##e, ##__VA_ARGS__},
#define FLAGS(type, f, e, ...) {.kind = ROW_INT, NUMBER(type), AT(f), .en = &enum_##e, ##__VA_ARGS__},
#define SUB(type, f, ...) {.kind = ROW_SUB, AT(f), .sub = wire_desc_##type, ##__VA_ARGS__},
#define PTR(type, f, null, ...)                                                                    \
	{.kind = ROW_PTR, AT(f), .sub = wire_desc_##type, .nonnull = null, ##__VA_ARGS__},
#define ARRAY(type, f, l, ...)                                                                     \
	{.kind = ROW_ARRAY, AT(f), .sub = wire_desc_##type, .len = l, ##__VA_ARGS__},
#define INTS(type, f, l, ...) {.kind = ROW_INTS, NUMBER(type), AT(f), .len = l, ##__VA_ARGS__},
#define PTRINTS(type, f, l, null, ...)                                                             \
	{.kind = ROW_PTRINTS, NUMBER(type), AT(f), .len = l, .nonnull = null, ##__VA_ARGS__},
#define BYTES(f, l, ...) {.kind = ROW_BYTES, AT(f), .len = l, ##__VA_ARGS__},
#define PTRBYTES(f, l, null, ...)                                                                  \
	{.kind = ROW_PTRBYTES, AT(f), .len = l, .nonnull = null, ##__VA_ARGS__},
#define REST(f, ...) {.kind = ROW_REST, AT(f), ##__VA_ARGS__},
#define RESTINTS(type, f, e, ...)                                                                  \
	{.kind = ROW_RESTINTS, NUMBER(type), AT(f), .n_off = offsetof(T, f##_n), .en = &enum_##e,  \
		##__VA_ARGS__},
#define FIXED(f, c, ...) {.kind = ROW_FIXED, AT(f), .count = c, ##__VA_ARGS__},
#define FD(f, ...) {.kind = ROW_FD, .size = 4, .is_signed = true, AT(f), ##__VA_ARGS__},
#include "wire/all.def"

#define BASE 0
const struct wire_msg wire_msgs[] = {
#define MSG(channel, d, num, nm, body)                                                             \
	{WIRE_##channel, WIRE_##d, num, #nm, wire_desc_##body, sizeof(struct body)},
#include "wire/messages.def"
#undef MSG
};
const size_t wire_msgs_n = ARRAY_SIZE(wire_msgs);

/* The index of every row, so that wire_msg_find can be a switch. */
enum {
#define MSG(channel, d, num, nm, body) INDEX_##channel##_##d##_##nm,
#include "wire/messages.def"
#undef MSG
};

#define KEY(channel, dir, number) ((channel) << 24 | (dir) << 16 | (number))

const struct wire_msg *wire_msg_find(unsigned channel, enum wire_dir dir, unsigned number)
{
	if (channel > 255 || number > 0xffff)
		return NULL;
	if (number <= 100 && channel < WIRE_AGENT)
		channel = WIRE_BASE;
	switch (KEY(channel, dir, number)) {
#define MSG(channel, d, num, nm, body)                                                             \
	case KEY(WIRE_##channel, WIRE_##d, num):                                                   \
		return &wire_msgs[INDEX_##channel##_##d##_##nm];
#include "wire/messages.def"
#undef MSG
	}
	return NULL;
}

static const struct {
	unsigned number;
	const char *name;
} channels[] = {
	{WIRE_BASE, "base"}, {WIRE_MAIN, "main"}, {WIRE_DISPLAY, "display"}, {WIRE_INPUTS, "inputs"},
	{WIRE_CURSOR, "cursor"}, {WIRE_PLAYBACK, "playback"}, {WIRE_RECORD, "record"},
	{CHANNEL_TYPE_TUNNEL, "tunnel"}, {WIRE_SMARTCARD, "smartcard"}, {WIRE_USBREDIR, "usbredir"},
	{WIRE_PORT, "port"}, {WIRE_WEBDAV, "webdav"}, {WIRE_AGENT, "agent"}, {WIRE_VSC, "vsc"},
};

const char *wire_channel_name(unsigned channel)
{
	for (size_t i = 0; i < ARRAY_SIZE(channels); i++)
		if (channels[i].number == channel)
			return channels[i].name;
	return NULL;
}

unsigned wire_channel_number(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(channels); i++)
		if (strcmp(channels[i].name, name) == 0)
			return channels[i].number;
	return 0;
}

bool wire_channel_listed(const char *list, unsigned channel)
{
	const char *name = wire_channel_name(channel);

	while (list && *list) {
		size_t n = strcspn(list, ",;");

		if ((n == 3 && strncmp(list, "all", 3) == 0) ||
			(name && n == strlen(name) && strncmp(list, name, n) == 0))
			return true;
		list += n + (list[n] != 0);
	}
	return false;
}

const char *wire_enum_word(const char *name, uint64_t value)
{
	for (size_t i = 0; i < ARRAY_SIZE(enums); i++) {
		if (strcmp(enums[i]->name, name) == 0) {
			const struct wire_value *v = enum_find(enums[i], value);

			return v ? v->name : NULL;
		}
	}
	return NULL;
}

const struct wire_value *enum_find(const struct wire_enum *e, uint64_t value)
{
	for (size_t i = 0; i < e->n; i++)
		if (e->v[i].value == value)
			return &e->v[i];
	return NULL;
}

size_t wire_desc_size(const struct wire_desc *d)
{
	return d->size;
}

bool guard_holds(const struct guard *g, const void *host, uint32_t caps)
{
	uint32_t v;

	if (g->kind == GUARD_CAP)
		return caps & g->mask;
	v = (uint32_t)host_get((const char *)host + g->off, g->size) & g->mask;
	for (unsigned i = 0; i < g->n; i++)
		if (v == g->val[i])
			return true;
	return false;
}

int row_len(const struct row *r, const void *host, uint64_t *n)
{
	const struct len *l = &r->len;
	uint64_t a = host_get((const char *)host + l->a_off, l->a_size), b;

	if (l->kind == LEN_FIELD) {
		*n = a;
	} else {
		b = host_get((const char *)host + l->b_off, l->b_size);
		if (l->kind == LEN_ROW)
			a = (a * l->bits + 7) / 8;
		if (__builtin_mul_overflow(a, b, n))
			return E_LIMIT;
	}
	return *n > INT64_MAX ? E_LIMIT : 0;
}
