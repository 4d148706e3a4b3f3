/* Failed tries by source, in a small table of which the least recently used entry makes room. */
#include "server/gate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
	SOURCES = 4096,
	FREE_TRIES = 5,
	MAX_WAIT_MS = 60000,
	WINDOW_MS = 600000, /* at most WINDOW_TRIES evaluations within it */
	WINDOW_TRIES = 20,
	MINUTE_MS = 60000,
	MINUTE_FAILURES = 30, /* of all sources together: above, those with a failure are refused */
};

struct source {
	char name[48];
	unsigned failures, tries;
	uint64_t used, not_before, window;
};

struct gate {
	struct source *list; /* n of SOURCES */
	unsigned n;
	uint64_t minute;
	unsigned minute_failures;
};

struct gate *gate_new(void)
{
	return new(struct gate);
}

void gate_free(struct gate *g)
{
	if (g)
		free(g->list);
	free(g);
}

static struct source *find(struct gate *g, const char *name)
{
	for (unsigned i = 0; i < g->n; i++)
		if (strcmp(g->list[i].name, name) == 0)
			return &g->list[i];
	return NULL;
}

static struct source *add(struct gate *g, const char *name)
{
	struct source *s;

	if (g->n < SOURCES) {
		g->list = xrealloc(g->list, g->n + 1, sizeof(*g->list));
		s = &g->list[g->n++];
	} else {
		s = g->list;
		for (unsigned i = 1; i < g->n; i++)
			if (g->list[i].used < s->used)
				s = &g->list[i];
	}
	memset(s, 0, sizeof(*s));
	snprintf(s->name, sizeof(s->name), "%s", name);
	return s;
}

enum verdict gate_ask(struct gate *g, const char *source, uint64_t now_ms)
{
	bool many = now_ms - g->minute <= MINUTE_MS && g->minute_failures > MINUTE_FAILURES;
	struct source *s = find(g, source);

	if (!s)
		return many ? GATE_WAIT : GATE_OPEN;
	s->used = now_ms;
	if (now_ms - s->window > WINDOW_MS) {
		s->window = now_ms;
		s->tries = 0;
	}
	return many || now_ms < s->not_before || s->tries >= WINDOW_TRIES ? GATE_SHUT : GATE_OPEN;
}

void gate_result(struct gate *g, const char *source, uint64_t now_ms, bool ok)
{
	struct source *s = find(g, source);
	unsigned over;

	if (ok) { /* a clean source is not kept; one that failed starts anew */
		if (s)
			*s = g->list[--g->n];
		return;
	}
	if (!s) {
		s = add(g, source);
		s->window = now_ms;
	}
	s->used = now_ms;
	s->tries++;
	s->failures++;
	if (s->failures >= FREE_TRIES) {
		over = s->failures - FREE_TRIES;
		s->not_before = now_ms + (over >= 6 ? MAX_WAIT_MS : 1000ull << over);
	}
	if (now_ms - g->minute > MINUTE_MS) {
		g->minute = now_ms;
		g->minute_failures = 0;
	}
	g->minute_failures++;
}
