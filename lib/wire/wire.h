/* The protocol as data. The .def files of this folder describe every message of every channel once;
 * from them come the C structs and constants below and the tables that small walkers interpret: decode,
 * encode, print, copy, generate. Nothing here knows a clock, a descriptor or a global.
 *
 * In the structs: numbers are in host order; SUB is a member, PTR and ARRAY are pointers (NULL when
 * absent or empty), BYTES and REST are slices. Decoded slices point into the message, everything else
 * lies in the arena. A field whose guard does not hold is zero. */
#ifndef WIRE_WIRE_H
#define WIRE_WIRE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/rng.h"

/* Constants: LINK_ERR_OK, IMAGE_TYPE_BITMAP, DISPLAY_CAP_COMPOSITE (a bit number), ... */
#define ENUM(name, kind) enum wire_##name {
#define V(prefix, name, value) prefix##_##name = value,
#define ENUM_END(name) };
#include "wire/enums.def"
#undef ENUM
#undef V
#undef ENUM_END

enum wire_dir { WIRE_S, WIRE_C, WIRE_V };

/* Values of enum channel_type, and the tables that are no channels. */
enum wire_channel {
	WIRE_BASE = 0,
	WIRE_MAIN = CHANNEL_TYPE_MAIN,
	WIRE_DISPLAY = CHANNEL_TYPE_DISPLAY,
	WIRE_INPUTS = CHANNEL_TYPE_INPUTS,
	WIRE_CURSOR = CHANNEL_TYPE_CURSOR,
	WIRE_PLAYBACK = CHANNEL_TYPE_PLAYBACK,
	WIRE_RECORD = CHANNEL_TYPE_RECORD,
	WIRE_SMARTCARD = CHANNEL_TYPE_SMARTCARD,
	WIRE_USBREDIR = CHANNEL_TYPE_USBREDIR,
	WIRE_PORT = CHANNEL_TYPE_PORT,
	WIRE_WEBDAV = CHANNEL_TYPE_WEBDAV,
	WIRE_AGENT = 64,
	WIRE_VSC = 65,
};

/* Message numbers: S_DISPLAY_DRAW_COPY, C_MAIN_ATTACH_CHANNELS, S_BASE_PING, ... */
enum wire_msg_number {
#define MSG(channel, dir, number, name, body) dir##_##channel##_##name = number,
#include "wire/messages.def"
#undef MSG
};

/* Negotiated state that decides layouts (CAP rows): agent.md 2. */
enum { WIRE_CAP_SELECTION = 1, WIRE_CAP_GRAB_SERIAL = 2 };

#define CT_u8 uint8_t
#define CT_u16 uint16_t
#define CT_u32 uint32_t
#define CT_u64 uint64_t
#define CT_i8 int8_t
#define CT_i16 int16_t
#define CT_i32 int32_t
#define CT_i64 int64_t
#define CT_fx int32_t

#define STRUCT(name) struct name {
#define END(name) };
#define FIELD(type, name, ...) CT_##type name;
#define ENUM(type, name, en, ...) CT_##type name;
#define OPEN(type, name, en, ...) CT_##type name;
#define FLAGS(type, name, en, ...) CT_##type name;
#define SUB(type, name, ...) struct type name;
#define PTR(type, name, null, ...) struct type *name;
#define ARRAY(type, name, len, ...) struct type *name;
#define INTS(type, name, len, ...) CT_##type *name;
#define PTRINTS(type, name, len, null, ...) CT_##type *name;
#define BYTES(name, len, ...) struct slice name;
#define PTRBYTES(name, len, null, ...) struct slice name;
#define REST(name, ...) struct slice name;
#define RESTINTS(type, name, en, ...)                                                              \
	CT_##type *name;                                                                           \
	uint32_t name##_n;
#define FIXED(name, count, ...) uint8_t name[count];
#define FD(name, ...) int32_t name;
#include "wire/all.def"

struct wire_desc; /* the table of one structure: wire/table.h */

/* The table of struct NAME: wire_desc_draw_copy(), wire_desc_rect(), ... */
#define STRUCT(name) const struct wire_desc *wire_desc_##name(void);
#define END(name)
#define FIELD(...)
#define ENUM(...)
#define OPEN(...)
#define FLAGS(...)
#define SUB(...)
#define PTR(...)
#define ARRAY(...)
#define INTS(...)
#define PTRINTS(...)
#define BYTES(...)
#define PTRBYTES(...)
#define REST(...)
#define RESTINTS(...)
#define FIXED(...)
#define FD(...)
#include "wire/all.def"

/* One kind of message. */
struct wire_msg {
	uint8_t channel; /* enum wire_channel */
	uint8_t dir;     /* enum wire_dir */
	uint16_t number;
	const char *name; /* "DRAW_COPY" */
	const struct wire_desc *(*desc)(void);
	size_t size;      /* of the C struct of its body */
};

/* The row of a message on a channel; numbers 1 to 100 are found among the BASE rows. NULL when the
 * number is unknown there. */
const struct wire_msg *wire_msg_find(unsigned channel, enum wire_dir dir, unsigned number);

/* All rows, in the order of messages.def. */
extern const struct wire_msg wire_msgs[];
extern const size_t wire_msgs_n;

/* Lower-case channel word: "main" ... "webdav", "agent", "vsc"; NULL when unknown. */
const char *wire_channel_name(unsigned channel);
/* The other way round; 0 when unknown. */
unsigned wire_channel_number(const char *name);

/* Is the channel named by a list of channel words, "main,inputs" or "main;inputs", or "all"? NULL names none. */
bool wire_channel_listed(const char *list, unsigned channel);

/* The word of a value ("BITMAP"), NULL when it has none. `name` is that of enums.def: "image_type". */
const char *wire_enum_word(const char *name, uint64_t value);

struct wire_in {
	struct slice msg;     /* the body; pointers count from its first byte */
	struct arena *arena;  /* its max is set by wire_decode: 4 * msg.n + 16 KiB */
	uint32_t caps;        /* WIRE_CAP_* in force */
	size_t consumed;      /* out: bytes that fields and pointer targets took, shared ones each time */
};

/* Decodes and validates a body into `host`, the C struct of `d`. Bytes left over are no error (peers are
 * newer than we are): compare in->consumed where it matters. E_INVAL for a value outside a closed enum, an
 * offset or a count outside the message; E_LIMIT for a count beyond its MAX, nesting or arena. `host` is
 * then undefined. */
int wire_decode(const struct wire_desc *d, struct wire_in *in, void *host);

/* Appends the body made from `host`. Lengths are the caller's: a slice whose size is not what its length
 * fields say is E_INVAL, and nothing is appended. Pointer targets follow depth first, in the order in
 * which the pointers stand, as real senders place them. */
int wire_encode(const struct wire_desc *d, const void *host, uint32_t caps, struct buf *out);

enum wire_print_flags {
	WIRE_NO_PAYLOAD = 1, /* bytes are left out of JSON */
};

/* "field=value field={...}" on one line; nothing of a peer is printed raw. */
void wire_print_text(const struct wire_desc *d, const void *host, uint32_t caps, struct buf *out);
/* The fields as members of the object that is open in j. */
void wire_print_json(const struct wire_desc *d, const void *host, uint32_t caps, unsigned flags,
	struct json *j);

/* A deep copy into the arena, which has no max, slices included. Never NULL. */
void *wire_copy(const struct wire_desc *d, const void *host, uint32_t caps, struct arena *a);

/* A random valid value for `host`, from the arena, which has no max; payloads of a few bytes, counts of a few items. */
void wire_generate(const struct wire_desc *d, struct rng *r, uint32_t caps, struct arena *a, void *host);

/* Calls fn with the address of every pointer of `host` to a structure of `kind` (images of a drawing command), in
 * the order of the wire; what fn puts there replaces it. Not looked into are targets of that kind, and arrays: their
 * elements (rectangles, points, glyphs, many of them) point at nothing. */
typedef void wire_visit_fn(void *user, void **target);
void wire_visit(const struct wire_desc *d, void *host, const struct wire_desc *kind, wire_visit_fn *fn, void *user);

size_t wire_desc_size(const struct wire_desc *d); /* of the C struct */

#endif
