/* The ticket file: one ticket a line, `SECRET [expires=UNIXTIME] [once] [view-only] [id=NAME]`, the secret
 * percent-encoded where it has blanks, # comments. */
#include "server/tickets.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

enum { FILE_MAX = 1 << 20, TICKETS_MAX = 4096, SHORT_SECRET = 8 };

struct tickets {
	uint8_t key[VERIFIER];
	struct ticket *list;
	size_t n;
	struct ticket *extra; /* of tickets_add */
	size_t n_extra;
};

struct tickets *tickets_new(void)
{
	struct tickets *t = new(struct tickets);

	if (RAND_bytes(t->key, sizeof(t->key)) != 1)
		abort();
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

void tickets_verifier(const struct tickets *t, const char *secret, uint8_t out[VERIFIER])
{
	unsigned n = VERIFIER;

	HMAC(EVP_sha256(), t->key, sizeof(t->key), (const uint8_t *)secret, strlen(secret), out, &n);
}

/* A decoded secret, checked and made a verifier; wiped. */
static int take_secret(const struct tickets *t, struct buf *secret, uint8_t out[VERIFIER])
{
	int rc = 0;

	if (buf_len(secret) == 0 || buf_len(secret) > LIM_PASSWORD)
		rc = E_CONFIG;
	else
		tickets_verifier(t, buf_cstr(secret), out);
	if (!rc && buf_len(secret) < SHORT_SECRET)
		log_warn("a ticket of less than %d characters is easily guessed", SHORT_SECRET);
	if (secret->mem)
		OPENSSL_cleanse(secret->mem, secret->cap);
	buf_fini(secret);
	return rc;
}

/* One word behind the secret. */
static int option(struct ticket *k, const char *word)
{
	long long v;

	if (strcmp(word, "once") == 0) {
		k->once = true;
	} else if (strcmp(word, "view-only") == 0) {
		k->view_only = true;
	} else if (strncmp(word, "expires=", 8) == 0) {
		if (text_number(word + 8, 1, INT64_MAX, &v))
			return E_CONFIG;
		k->expires = v;
	} else if (strncmp(word, "id=", 3) == 0 && word[3]) {
		free(k->id);
		k->id = xstrdup(word + 3);
	} else {
		return E_CONFIG;
	}
	return 0;
}

/* A line without its end; *have is false for blank lines and comments. */
static int parse_line(const struct tickets *t, char *line, struct ticket *k, bool *have)
{
	struct buf secret = {0};
	char *save = NULL, *word = strtok_r(line, " \t\r", &save);
	int rc;

	*k = (struct ticket){0};
	*have = word && *word != '#';
	if (!*have)
		return 0;
	if (text_unpercent(&secret, slice_str(word))) {
		buf_fini(&secret);
		return E_CONFIG;
	}
	rc = take_secret(t, &secret, k->verifier);
	while (!rc && (word = strtok_r(NULL, " \t\r", &save)))
		rc = option(k, word);
	return rc;
}

static int parse(struct tickets *t, char *text, const char *file, struct ticket **list, size_t *n)
{
	unsigned number = 0;

	for (char *line = text, *next; line; line = next) {
		struct ticket k;
		bool have;

		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		number++;
		if (parse_line(t, line, &k, &have) || (have && *n == TICKETS_MAX)) {
			free(k.id);
			log_error("%s:%u: not a ticket", file, number);
			return E_CONFIG;
		}
		if (have) {
			*list = xrealloc(*list, *n + 1, sizeof(**list));
			(*list)[(*n)++] = k;
		}
	}
	return 0;
}

/* The whole file, NUL-terminated; E_NOFILE logged. */
static int read_all(const char *file, struct buf *out)
{
	int why = file_read(file, FILE_MAX, out);

	if (why)
		log_error("%s: %s", file, strerror(why));
	buf_cstr(out);
	return why ? E_NOFILE : 0;
}

int tickets_load(struct tickets *t, const char *file, bool keep)
{
	struct buf text = {0};
	struct ticket *list = NULL;
	size_t n = 0;
	int rc = read_all(file, &text);

	if (!rc)
		rc = parse(t, (char *)buf_data(&text), file, &list, &n);
	if (text.mem)
		OPENSSL_cleanse(text.mem, text.cap);
	buf_fini(&text);
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
	struct buf copy = {0};
	struct ticket k = {0};
	int rc;

	buf_put(&copy, secret.p, secret.n);
	if ((rc = take_secret(t, &copy, k.verifier))) {
		log_error("a ticket has 1 to %d characters", LIM_PASSWORD);
		return rc;
	}
	t->extra = xrealloc(t->extra, t->n_extra + 1, sizeof(k));
	t->extra[t->n_extra++] = k;
	return 0;
}

static struct ticket *search(struct ticket *list, size_t n, const uint8_t verifier[VERIFIER], int64_t now)
{
	struct ticket *found = NULL;

	for (size_t i = 0; i < n; i++) {
		bool same = CRYPTO_memcmp(list[i].verifier, verifier, VERIFIER) == 0;
		bool valid = (!list[i].expires || now < list[i].expires) && !(list[i].once && list[i].used);

		if (same && valid && !found)
			found = &list[i];
	}
	return found;
}

struct ticket *tickets_find(struct tickets *t, const uint8_t verifier[VERIFIER], int64_t now)
{
	struct ticket *a = search(t->list, t->n, verifier, now);
	struct ticket *b = search(t->extra, t->n_extra, verifier, now);

	return a ? a : b;
}
