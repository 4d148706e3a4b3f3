/* What F-21 and F-22 share: an agent of one role, fed by its peer, and asked to do things meanwhile. The first byte
 * chooses capabilities and tokens; then come steps: a byte that says what (STEP_*, its upper bits which), and what
 * that needs. Tokens are counted beside it, and what it says must be understood by the other role. */
#ifndef FUZZ_AGENT_H
#define FUZZ_AGENT_H

#include <stdlib.h>

#include "agent/agent.h"
#include "base/err.h"

enum { STEP_PIECE, STEP_MORE, STEP_TAKE, STEP_CREDIT, STEP_DO, STEP_TICK, STEPS = 8 };

static const uint32_t fuzz_caps[4] = {0xffffffff, 0x1ffff & ~(1u << AGENT_CAP_CLIPBOARD_SELECTION),
	0xffffffff & ~(1u << AGENT_CAP_CLIPBOARD_GRAB_SERIAL | 1u << AGENT_CAP_CLIPBOARD_NO_RELEASE_ON_REGRAB), 0};

struct fuzz_agent {
	struct agent a, mirror; /* the mirror hears what `a` says */
	uint64_t may, may_peer; /* pieces, by our count */
	uint64_t now;
	uint32_t sum;           /* of all bytes that were handed out, so that they are read */
	bool over;
};

static inline void fuzz_read(struct fuzz_agent *f, struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		f->sum = f->sum * 31 + s.p[i];
}

static inline void fuzz_monitors(void *owner, const struct agent_monitors_config *m)
{
	struct fuzz_agent *f = owner;

	if (m->num_of_monitors > LIM_AGENT_MONITORS)
		abort();
	for (uint32_t i = 0; i < m->num_of_monitors; i++)
		f->sum += m->monitors[i].width + (m->physical_sizes ? m->physical_sizes[i].width : 0);
	agent_reply(&f->a, AGENT_MSG_MONITORS_CONFIG, f->sum & 1);
}

static inline void fuzz_grab(void *owner, unsigned selection, const uint32_t *types, unsigned n)
{
	struct fuzz_agent *f = owner;

	if (selection >= AGENT_SELECTIONS)
		abort();
	for (unsigned i = 0; i < n; i++)
		agent_request(&f->a, selection, types[i]);
}

static inline void fuzz_request(void *owner, unsigned selection, uint32_t type)
{
	struct fuzz_agent *f = owner;

	if (type == CLIPBOARD_TYPE_IMAGE_PNG) /* others are answered later, or never */
		agent_clipboard(&f->a, selection, type, slice_str("a picture"));
}

static inline void fuzz_clipboard(void *owner, unsigned selection, uint32_t type, struct slice data)
{
	if (selection >= AGENT_SELECTIONS || (type == CLIPBOARD_TYPE_NONE && data.n))
		abort();
	fuzz_read(owner, data);
}

static inline void fuzz_file_start(void *owner, uint32_t id, const char *name, uint64_t size)
{
	struct fuzz_agent *f = owner;

	fuzz_read(f, slice_str(name));
	agent_file_status(&f->a, id, size % 8, slice_str("12345678"));
}

static inline void fuzz_file_data(void *owner, uint32_t id, struct slice data, uint64_t left)
{
	(void)id;
	if (left > UINT32_MAX)
		abort();
	fuzz_read(owner, data);
}

static inline void fuzz_file_status(void *owner, uint32_t id, uint32_t result, struct slice detail)
{
	(void)id, (void)result;
	fuzz_read(owner, detail);
}

static const struct agent_ops fuzz_agent_ops = {.monitors = fuzz_monitors, .grab = fuzz_grab,
	.request = fuzz_request, .clipboard = fuzz_clipboard, .file_start = fuzz_file_start,
	.file_data = fuzz_file_data, .file_status = fuzz_file_status};

/* What the end says, in whole messages, each in pieces of its own. */
static inline void fuzz_take(struct fuzz_agent *f, unsigned n)
{
	struct slice s;

	while (n-- && agent_output(&f->a, &s)) {
		if (!f->may-- || !s.n || s.n > LIM_AGENT_PIECE)
			abort();
		f->mirror.granted = UINT32_MAX;
		if (agent_input(&f->mirror, s, f->now))
			abort();
	}
}

static inline void fuzz_input(struct fuzz_agent *f, struct slice s)
{
	int rc = agent_input(&f->a, s, f->now);
	uint32_t owed;

	f->over |= rc != 0;
	if (rc == 0 && !f->may_peer--)
		abort(); /* a piece for which there was no token */
	owed = agent_owed(&f->a);
	f->may_peer += owed;
	if ((rc == 0 && f->a.granted != f->may_peer) || f->a.in.body.cap > 2 * LIM_AGENT_BODY)
		abort();
}

static inline void fuzz_do(struct fuzz_agent *f, unsigned what, uint8_t v)
{
	static const uint8_t bytes[3000];
	const uint32_t types[2] = {v % 8, CLIPBOARD_TYPE_IMAGE_PNG};

	switch (what) {
	case 0 ... 7:
		agent_grab(&f->a, what % 4, types, 2);
		break;
	case 8 ... 11:
		agent_request(&f->a, what % 4, v % 8);
		break;
	case 12 ... 19:
		agent_clipboard(&f->a, what % 4, v % 8, slice_of(bytes, (size_t)v * 10));
		break;
	case 20 ... 23:
		agent_release(&f->a, what % 4);
		break;
	case 24:
		agent_file_start(&f->a, v, "a \\ name\n", v);
		break;
	case 25:
		agent_file_data(&f->a, v, slice_of(bytes, (size_t)v * 11));
		break;
	case 26:
		agent_file_status(&f->a, v, v % 8, slice_of(bytes, v));
		break;
	default:
		agent_reply(&f->a, v, v & 1);
	}
	if (agent_queued(&f->a) > LIM_AGENT_QUEUE + 8192)
		abort();
}

static inline void fuzz_step(struct fuzz_agent *f, uint8_t op, struct slice *in)
{
	size_t n = in->n >= 2 ? get_le16(in->p) % (LIM_AGENT_PIECE + 2) : 0;
	uint8_t v = in->n ? in->p[0] : 0;

	switch (op % STEPS) {
	case STEP_PIECE:
	case STEP_MORE:
		if (n > in->n - 2)
			n = in->n - 2;
		if (in->n < 2)
			return;
		fuzz_input(f, slice_of(in->p + 2, n));
		*in = slice_of(in->p + 2 + n, in->n - 2 - n);
		break;
	case STEP_TAKE:
		fuzz_take(f, op / STEPS);
		break;
	case STEP_CREDIT:
		agent_credit(&f->a, op / STEPS == 31 ? UINT32_MAX : op / STEPS);
		f->may += op / STEPS == 31 ? UINT32_MAX : op / STEPS;
		break;
	case STEP_DO:
		fuzz_do(f, op / STEPS, v);
		if (in->n)
			*in = slice_of(in->p + 1, in->n - 1);
		break;
	default:
		f->now += (uint64_t)(op / STEPS) * 4000;
		agent_tick(&f->a, f->now);
	}
}

static inline int fuzz_agent(enum agent_role role, const uint8_t *p, size_t n)
{
	static const struct agent_ops deaf;
	struct fuzz_agent f = {.may = n ? p[0] >> 4 : 0, .may_peer = AGENT_TOKENS};
	uint32_t caps = fuzz_caps[n ? p[0] & 3 : 0], others = fuzz_caps[n ? p[0] >> 2 & 3 : 0];
	struct slice in = slice_of(p + 1, n ? n - 1 : 0);

	agent_init(&f.a, role, caps, "fuzz", &fuzz_agent_ops, &f);
	agent_init(&f.mirror, role == AGENT_CLIENT ? AGENT_GUEST : AGENT_CLIENT, others, "fuzz", &deaf, NULL);
	agent_open(&f.mirror, 0, 0);
	agent_open(&f.a, (uint32_t)f.may, AGENT_TOKENS);
	while (in.n && !f.over) {
		uint8_t op = in.p[0];

		in = slice_of(in.p + 1, in.n - 1);
		fuzz_step(&f, op, &in);
	}
	agent_close(&f.a);
	if (agent_queued(&f.a) || f.a.in.body.mem || f.a.known)
		abort();
	agent_fini(&f.mirror);
	return 0;
}

#endif
