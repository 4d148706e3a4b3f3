/* Recordings of QXL commands: any bytes are events or a fault, and our device takes whatever events they are. What is
 * read of the whole is read of every beginning of it too, up to where that ends. */
#include <stdlib.h>

#include "base/err.h"
#include "server/qxl.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { SURFACE_PIXELS = 1 << 20, EVENTS = 64 }; /* speed */

struct state {
	struct device *device;
	struct qxl_player *player;
	struct arena arena, again;
};

/* All but the last byte are not enough, whatever was read of them. */
static void cut_short(struct state *s, struct slice in, size_t used)
{
	struct qxl_event e;
	const char *expected;
	size_t need;

	if (qxl_event(slice_of(in.p, used - 1), &s->again, &e, &need, &expected) != E_AGAIN || need < used)
		abort();
}

static bool next(struct state *s, struct slice *in)
{
	const char *expected = NULL;
	struct qxl_event e;
	bool command;
	uint64_t time;
	size_t used;
	int rc = qxl_event(*in, &s->arena, &e, &used, &expected);

	if (rc == E_AGAIN && used <= in->n)
		abort();
	if (rc == E_INVAL && !expected)
		abort();
	if (rc)
		return false;
	if (used == 0 || used > in->n || qxl_peek(*in, &command, &time) || command != e.command || time != e.time)
		abort();
	if (e.counter % 16 == 0)
		cut_short(s, *in, used);
	if ((e.what == QXL_SCREEN || e.what == QXL_SURFACE) &&
		(uint64_t)e.surface.width * e.surface.height > SURFACE_PIXELS)
		return false;
	qxl_play(s->player, &e, &s->arena);
	*in = slice_of(in->p + used, in->n - used);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	uint8_t *exact = malloc(n + 1); /* so that a sanitizer sees one byte too far */
	struct slice in = slice_of(exact + 1, n);
	struct state s = {.device = device_new()};
	size_t used;

	if (n)
		memcpy(exact + 1, p, n);
	s.player = qxl_player_new(s.device);
	if (n % 2)
		qxl_player_stays(s.player);
	if (qxl_header(in, &used) == 0) {
		in = slice_of(in.p + used, in.n - used);
		for (int i = 0; i < EVENTS && in.n && next(&s, &in); i++)
			;
	}
	qxl_settle(s.player);
	qxl_player_free(s.player);
	device_free(s.device);
	arena_fini(&s.arena);
	arena_fini(&s.again);
	free(exact);
	return 0;
}
