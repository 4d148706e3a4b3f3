/* The pool of ticket keys: one worker job at a time makes one key, until enough are ready: those of one session, and
 * more once links had to wait. */
#include "server/keys.h"

#include <stdlib.h>

#include "base/mem.h"

enum { FEW = 4, READY = 32 }; /* FEW: the channels that we have */

struct keys {
	uv_loop_t *loop;
	uv_work_t work;
	bool working, closing;
	struct ticket_key *made;           /* by the job */
	struct ticket_key *ready[READY];
	unsigned n, enough;
	struct list waiting;
};

static void make_more(struct keys *k);

static void job(uv_work_t *w)
{
	struct keys *k = w->data;

	k->made = ticket_key_new();
}

static void dispose(struct keys *k)
{
	for (unsigned i = 0; i < k->n; i++)
		ticket_key_free(k->ready[i]);
	free(k);
}

static void job_done(uv_work_t *w, int status)
{
	struct keys *k = w->data;
	struct ticket_key *made = k->made; /* the next job writes there as soon as it is queued */
	struct key_wait *first = list_first(&k->waiting, struct key_wait, link);

	(void)status;
	k->working = false;
	if (k->closing) {
		ticket_key_free(made);
		dispose(k);
		return;
	}
	if (first) {
		keys_cancel(first);
		make_more(k);
		first->fn(first->owner, made);
		return;
	}
	k->ready[k->n++] = made;
	make_more(k);
}

static void make_more(struct keys *k)
{
	if (k->working || (k->n >= k->enough && list_empty(&k->waiting)))
		return;
	k->working = true;
	k->work.data = k;
	uv_queue_work(k->loop, &k->work, job, job_done);
}

struct keys *keys_new(uv_loop_t *loop)
{
	struct keys *k = new(struct keys);

	k->loop = loop;
	k->enough = FEW;
	list_init(&k->waiting);
	make_more(k);
	return k;
}

void keys_free(struct keys *k)
{
	if (!k)
		return;
	k->closing = true;
	if (!k->working)
		dispose(k);
}

struct ticket_key *keys_take(struct keys *k, struct key_wait *w, bool first)
{
	if (k->n) {
		struct ticket_key *key = k->ready[--k->n];

		make_more(k);
		return key;
	}
	w->waiting = true;
	if (k->enough < READY)
		k->enough *= 2;
	if (first) /* behind nobody */
		list_append(k->waiting.next, &w->link);
	else
		list_append(&k->waiting, &w->link);
	make_more(k);
	return NULL;
}

void keys_cancel(struct key_wait *w)
{
	if (w->waiting)
		list_remove(&w->link);
	w->waiting = false;
}
