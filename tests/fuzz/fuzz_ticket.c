/* F-37: what a ticket was made of, against the secrets that are let in. RSA is a stub that gives the text chosen: the
 * first byte says how long it is (above 128: it does not decrypt), then it comes, and behind it the secret. Only the
 * very same bytes are let in, with one NUL behind them or none. Row 8. */
#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"
#include "chan/link.h"
#include "chan/ticket.h"
#include "server/tickets.h"
#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* Stands before the library's own. */
struct ticket_key {
	struct slice plain;
	bool broken;
};

struct ticket_key *ticket_key_new(void)
{
	return new(struct ticket_key);
}

void ticket_key_free(struct ticket_key *k)
{
	free(k);
}

void ticket_key_der(const struct ticket_key *k, uint8_t out[TICKET_KEY_DER])
{
	(void)k;
	memset(out, 0, TICKET_KEY_DER);
}

int ticket_decrypt(struct ticket_key *k, const uint8_t in[TICKET_SIZE], uint8_t out[TICKET_SIZE], size_t *n)
{
	(void)in;
	*n = k->broken ? TICKET_SIZE : k->plain.n; /* what a failure leaves there means nothing */
	if (k->plain.n)
		memcpy(out, k->plain.p, k->plain.n);
	return k->broken ? -1 : 0;
}

int ticket_encrypt(const uint8_t der[TICKET_KEY_DER], const char *password, uint8_t out[TICKET_SIZE])
{
	(void)der, (void)password, (void)out;
	return -1;
}

static int feed(struct link_server *l, const void *p, size_t n)
{
	const uint8_t *b = p;
	int event = LINK_MORE;
	size_t used;

	for (size_t at = 0; at < n && event == LINK_MORE; at += used)
		if ((event = link_server_input(l, b + at, n - at, &used)) == LINK_MORE && !used)
			abort();
	return event;
}

static void to_ticket(struct link_server *l, struct ticket_key *k)
{
	static const uint8_t hello[16 + 18] = "REDQ\2\0\0\0\2\0\0\0\x12\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\x12";
	static const uint8_t ticket[TICKET_SIZE];
	struct link_caps caps = {0};

	link_server_init(l);
	if (feed(l, hello, sizeof(hello)) != LINK_ASKED)
		abort();
	link_accept(l, k, &caps);
	if (feed(l, ticket, sizeof(ticket)) != LINK_TICKET)
		abort();
}

/* As server/guest.c has it. */
static bool let_in(struct tickets *t, const struct link_server *l)
{
	uint8_t verifier[VERIFIER];

	tickets_verifier(t, l->password_ok ? l->password : "", verifier);
	return tickets_find(t, verifier, 0) && l->password_ok && l->password[0];
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct ticket_key *k = ticket_key_new();
	struct tickets *t = tickets_new();
	struct link_server l;
	struct slice secret;
	bool same;

	k->broken = n && p[0] > TICKET_SIZE;
	k->plain.p = p + 1;
	k->plain.n = n && !k->broken ? p[0] : 0;
	if (k->plain.n > (n ? n - 1 : 0))
		k->plain.n = n - 1;
	secret = n ? slice_of(p + 1 + k->plain.n, n - 1 - k->plain.n) : (struct slice){0};
	if (!secret.n) /* it is guessed, or nearly */
		secret = slice_of(k->plain.p, k->plain.n && !k->plain.p[k->plain.n - 1] ? k->plain.n - 1 : k->plain.n);
	same = !k->broken && secret.n && (k->plain.n == secret.n || (k->plain.n == secret.n + 1 &&
		!k->plain.p[secret.n])) && memcmp(k->plain.p, secret.p, secret.n) == 0;
	same &= tickets_set(t, secret) == 0;
	to_ticket(&l, k);
	if (let_in(t, &l) != same)
		abort();
	link_result(&l, same ? LINK_ERR_OK : LINK_ERR_PERMISSION_DENIED);
	if (memcmp(l.password, (char[sizeof(l.password)]){0}, sizeof(l.password)) != 0)
		abort();
	link_server_fini(&l);
	tickets_free(t);
	return 0;
}
