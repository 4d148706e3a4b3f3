/* The tickets of the ticket file (auth/ticketfile.h) and one more, as verifiers. */
#include "server/tickets.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdlib.h>

#include "auth/ticketfile.h"
#include "base/err.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"

enum { SHORT_SECRET = 8 };

struct tickets {
	uint8_t key[VERIFIER];
	struct ticket *list;
	size_t n;
	struct ticket *extra; /* of tickets_add */
	size_t n_extra;
	struct ticket set;    /* of tickets_set, where has_set */
	bool has_set;
};

struct tickets *tickets_new(void)
{
	struct tickets *t = new(struct tickets);

	if (RAND_bytes(t->key, sizeof(t->key)) != 1)
		abort();
	t->set.ends = TICKET_NEVER;
	return t;
}

static void drop(struct ticket *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(list[i].id);
	if (list)
		OPENSSL_cleanse(list, n * sizeof(*list));
	free(list);
}

void tickets_free(struct tickets *t)
{
	if (!t)
		return;
	drop(t->list, t->n);
	drop(t->extra, t->n_extra);
	OPENSSL_cleanse(t, sizeof(*t));
	free(t);
}

/* Of one length, so that long ones take no longer. */
void tickets_verifier(const struct tickets *t, const char *secret, uint8_t out[VERIFIER])
{
	uint8_t whole[LIM_PASSWORD] = {0};
	unsigned n = VERIFIER;

	memcpy(whole, secret, strnlen(secret, sizeof(whole)));
	HMAC(EVP_sha256(), t->key, sizeof(t->key), whole, sizeof(whole), out, &n);
	OPENSSL_cleanse(whole, sizeof(whole));
}

/* A Unix time as one of the boot clock. */
static int64_t end_of(int64_t unix_ms, const struct moment *now)
{
	int64_t left;

	if (unix_ms == TICKET_NEVER || __builtin_sub_overflow(unix_ms, now->unix_ms, &left) ||
		__builtin_add_overflow(left, now->boot_ms, &left))
		return TICKET_NEVER;
	return left;
}

static void warn_if_short(size_t n)
{
	if (n < SHORT_SECRET)
		log_warn("a ticket of less than %d characters is easily guessed", SHORT_SECRET);
}

static void take_secret(const struct tickets *t, struct slice secret, uint8_t out[VERIFIER])
{
	char *copy = xstrndup((const char *)secret.p, secret.n);

	warn_if_short(secret.n);
	tickets_verifier(t, copy, out);
	explicit_bzero(copy, secret.n);
	free(copy);
}

/* The row's ticket; the id moves over. */
static struct ticket ticket_of(const struct tickets *t, struct ticket_row *row, const struct moment *now)
{
	bool never = !row->expires || row->expires > INT64_MAX / 1000;
	struct ticket k = {.ends = end_of(never ? TICKET_NEVER : 1000 * row->expires, now), .once = row->once,
		.view_only = row->view_only, .id = row->id};

	row->id = NULL;
	warn_if_short(strlen(row->secret));
	tickets_verifier(t, row->secret, k.verifier);
	return k;
}

static int parse(struct tickets *t, struct slice text, const char *file, const struct moment *now,
	struct ticket **list, size_t *n)
{
	struct ticket_row row;
	unsigned number = 0;
	struct slice line;
	bool have;

	while (ticket_line(&text, &line)) {
		number++;
		if (ticket_row_parse(line, &row, &have) || (have && *n == TICKETS_MAX)) {
			ticket_row_fini(&row);
			log_error("%s:%u: not a ticket", file, number);
			return E_CONFIG;
		}
		if (have) {
			*list = xrealloc(*list, *n + 1, sizeof(**list));
			(*list)[(*n)++] = ticket_of(t, &row, now);
		}
		ticket_row_fini(&row);
	}
	return 0;
}

int tickets_load(struct tickets *t, const char *file, bool keep, const struct moment *now)
{
	struct buf text = {0};
	struct ticket *list = NULL;
	size_t n = 0;
	int why = file_read(file, TICKET_FILE_MAX, &text), rc = why ? E_NOFILE : 0;

	if (why)
		log_error("%s: %s", file, strerror(why));
	else
		rc = parse(t, buf_slice(&text), file, now, &list, &n);
	buf_wipe(&text);
	if (rc && keep) {
		log_warn("%s: the tickets stay as they were", file);
		drop(list, n);
		return rc;
	}
	/* a once ticket that was used stays used when the file is read again */
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < t->n; k++)
			if (memcmp(list[i].verifier, t->list[k].verifier, VERIFIER) == 0)
				list[i].used |= t->list[k].used;
	drop(t->list, t->n);
	t->list = rc ? NULL : list;
	t->n = rc ? 0 : n;
	if (rc)
		drop(list, n);
	return rc;
}

int tickets_add(struct tickets *t, struct slice secret)
{
	struct ticket k = {.ends = TICKET_NEVER};

	if (!secret.n || secret.n > LIM_PASSWORD) {
		log_error("a ticket has 1 to %d characters", LIM_PASSWORD);
		return E_CONFIG;
	}
	take_secret(t, secret, k.verifier);
	t->extra = xrealloc(t->extra, t->n_extra + 1, sizeof(k));
	t->extra[t->n_extra++] = k;
	return 0;
}

int tickets_set(struct tickets *t, struct slice secret)
{
	if (secret.n > LIM_PASSWORD || (secret.n && memchr(secret.p, 0, secret.n)))
		return E_LIMIT;
	t->has_set = secret.n;
	if (t->has_set)
		take_secret(t, secret, t->set.verifier);
	return 0;
}

void tickets_set_end(struct tickets *t, int64_t unix_ms, const struct moment *now)
{
	t->set.ends = end_of(unix_ms, now);
}

static struct ticket *search(struct ticket *list, size_t n, const uint8_t verifier[VERIFIER], int64_t boot_ms)
{
	struct ticket *found = NULL;

	for (size_t i = 0; i < n; i++) {
		bool same = CRYPTO_memcmp(list[i].verifier, verifier, VERIFIER) == 0;
		bool valid = boot_ms < list[i].ends && !(list[i].once && list[i].used);

		if (same && valid && !found)
			found = &list[i];
	}
	return found;
}

struct ticket *tickets_find(struct tickets *t, const uint8_t verifier[VERIFIER], int64_t boot_ms)
{
	struct ticket *a = search(t->list, t->n, verifier, boot_ms);
	struct ticket *b = search(t->extra, t->n_extra, verifier, boot_ms);
	struct ticket *c = search(&t->set, t->has_set, verifier, boot_ms);

	return a ? a : b ? b : c;
}
