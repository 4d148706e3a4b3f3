/* Selections: who owns each, what was asked for, and the serials that decide when both sides grab at once (the client
 * wins). agent.md 3. */
#include "agent/private.h"

#include "base/err.h"

static bool by_demand(const struct agent *a)
{
	return agent_peer_has(a, AGENT_CAP_CLIPBOARD_BY_DEMAND);
}

/* The selection of that number; NULL for one that does not exist, or that the peer does not know. */
static struct agent_selection *selection(struct agent *a, unsigned n)
{
	return n == 0 || (n < AGENT_SELECTIONS && agent_layout(a) & WIRE_CAP_SELECTION) ? &a->selections[n] : NULL;
}

/* ---- sending ---- */

int agent_grab(struct agent *a, unsigned number, const uint32_t *types, unsigned n)
{
	struct agent_selection *s = selection(a, number);
	struct agent_clipboard_grab m = {.selection = (uint8_t)number, .types = (uint32_t *)types, .types_n = n};
	int rc;

	if (!s || !by_demand(a))
		return a->open ? E_UNSUP : E_CLOSED;
	if (s->owner == AGENT_OURS && !agent_both(a, AGENT_CAP_CLIPBOARD_NO_RELEASE_ON_REGRAB) &&
		(rc = agent_release(a, number)))
		return rc;
	m.serial = s->serial;
	rc = agent_send(a, AGENT_MSG_CLIPBOARD_GRAB, &m);
	if (rc)
		return rc;
	s->serial++;
	s->owner = AGENT_OURS;
	s->asked = CLIPBOARD_TYPE_NONE;
	s->wanted = false;
	return 0;
}

int agent_request(struct agent *a, unsigned number, uint32_t type)
{
	struct agent_selection *s = selection(a, number);
	struct agent_clipboard_request m = {.selection = (uint8_t)number, .type = type};
	int rc;

	if (!s || s->owner != AGENT_THEIRS || type == CLIPBOARD_TYPE_NONE)
		return a->open ? E_UNSUP : E_CLOSED;
	if (s->asked)
		return E_AGAIN;
	rc = agent_send(a, AGENT_MSG_CLIPBOARD_REQUEST, &m);
	if (!rc)
		s->asked = type;
	return rc;
}

int agent_clipboard(struct agent *a, unsigned number, uint32_t type, struct slice data)
{
	struct agent_selection *s = selection(a, number);
	struct agent_clipboard m = {.selection = (uint8_t)number, .type = type, .data = data};
	int rc;

	if (!s || !a->open)
		return a->open ? E_UNSUP : E_CLOSED;
	if (!s->wanted)
		return 0;
	if (data.n > LIM_AGENT_CLIPBOARD || (a->max_clipboard >= 0 && data.n > (size_t)a->max_clipboard))
		m.type = CLIPBOARD_TYPE_NONE;
	if (m.type == CLIPBOARD_TYPE_NONE)
		m.data = (struct slice){0};
	rc = agent_send(a, AGENT_MSG_CLIPBOARD, &m);
	if (!rc)
		s->wanted = false;
	return rc;
}

int agent_release(struct agent *a, unsigned number)
{
	struct agent_selection *s = selection(a, number);
	struct agent_clipboard_release m = {.selection = (uint8_t)number};
	int rc;

	if (!s || !a->open)
		return a->open ? E_UNSUP : E_CLOSED;
	if (s->owner != AGENT_OURS)
		return 0;
	rc = agent_send(a, AGENT_MSG_CLIPBOARD_RELEASE, &m);
	if (!rc) {
		s->owner = AGENT_NOBODY;
		s->wanted = false;
	}
	return rc;
}

/* ---- receiving ---- */

static bool known_type(uint32_t type)
{
	return type != CLIPBOARD_TYPE_NONE && wire_enum_word("clipboard_type", type);
}

/* May the peer have it? Sets the serial to what both sides have then. */
static bool serial_accepted(const struct agent *a, struct agent_selection *s, uint32_t serial)
{
	if (!(agent_layout(a) & WIRE_CAP_GRAB_SERIAL))
		return true;
	if (serial == s->serial) {
		s->serial++;
		return true;
	}
	/* both grabbed, and both have counted their own */
	return a->role == AGENT_GUEST && serial == s->serial - 1;
}

int agent_got_grab(struct agent *a, const void *body)
{
	const struct agent_clipboard_grab *m = body;
	struct agent_selection *s = selection(a, m->selection);
	unsigned n = 0;

	if (!s)
		return E_INVAL;
	if (!serial_accepted(a, s, m->serial))
		return 0;
	for (uint32_t i = 0; i < m->types_n; i++)
		if (known_type(m->types[i]))
			m->types[n++] = m->types[i];
	s->owner = AGENT_THEIRS;
	s->asked = CLIPBOARD_TYPE_NONE;
	s->wanted = false;
	if (a->ops->grab)
		a->ops->grab(a->owner, m->selection, m->types, n);
	return 0;
}

/* Whoever has nothing to give says so. */
int agent_got_request(struct agent *a, const void *body)
{
	const struct agent_clipboard_request *m = body;
	struct agent_selection *s = selection(a, m->selection);

	if (!s)
		return E_INVAL;
	s->wanted = true;
	if (s->owner != AGENT_OURS || !known_type(m->type) || !a->ops->request)
		return agent_clipboard(a, m->selection, CLIPBOARD_TYPE_NONE, (struct slice){0});
	a->ops->request(a->owner, m->selection, m->type);
	return 0;
}

/* What was asked for has come, or will not. */
static void answered(struct agent *a, unsigned number, struct agent_selection *s, uint32_t type, struct slice data)
{
	s->asked = CLIPBOARD_TYPE_NONE;
	if (a->ops->clipboard)
		a->ops->clipboard(a->owner, number, type, data);
}

int agent_got_clipboard(struct agent *a, const void *body)
{
	const struct agent_clipboard *m = body;
	struct agent_selection *s = selection(a, m->selection);

	if (!s)
		return E_INVAL;
	if (!s->asked) /* abandoned since */
		return 0;
	if (m->type == s->asked && m->data.n <= LIM_AGENT_CLIPBOARD)
		answered(a, m->selection, s, m->type, m->data);
	else
		answered(a, m->selection, s, CLIPBOARD_TYPE_NONE, (struct slice){0});
	return 0;
}

void agent_clipboard_lost(struct agent *a, struct slice start)
{
	bool prefix = agent_layout(a) & WIRE_CAP_SELECTION;
	unsigned number = prefix && start.n ? start.p[0] : 0;
	struct agent_selection *s = prefix && !start.n ? NULL : selection(a, number);

	if (s && s->asked)
		answered(a, number, s, CLIPBOARD_TYPE_NONE, (struct slice){0});
}

int agent_got_release(struct agent *a, const void *body)
{
	const struct agent_clipboard_release *m = body;
	struct agent_selection *s = selection(a, m->selection);

	if (!s)
		return E_INVAL;
	if (s->owner != AGENT_THEIRS)
		return 0;
	s->owner = AGENT_NOBODY;
	s->asked = CLIPBOARD_TYPE_NONE;
	if (a->ops->release)
		a->ops->release(a->owner, m->selection);
	return 0;
}
