/* F-1: the link stage of a server. The first byte says what its owner answers, the rest is what the
 * client sends. In one piece and byte by byte the same must come out: the same events, the same
 * answer, the same state. Tickets are stubbed: RSA is none of this, and a key takes longer than ten
 * thousand runs. */
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "chan/link.h"
#include "chan/ticket.h"
#include "tests/fuzz/cutting.h"
#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

struct ticket_key {
	int alive;
};

struct ticket_key *ticket_key_new(void)
{
	return new (struct ticket_key);
}

void ticket_key_free(struct ticket_key *k)
{
	free(k);
}

void ticket_key_der(const struct ticket_key *k, uint8_t out[TICKET_KEY_DER])
{
	memset(out, k->alive, TICKET_KEY_DER);
}

/* The first byte is how long the plain text behind it is. */
int ticket_decrypt(
	struct ticket_key *k, const uint8_t in[TICKET_SIZE], uint8_t out[TICKET_SIZE], size_t *n)
{
	(void)k;
	if (in[0] >= TICKET_SIZE)
		return E_AUTH;
	*n = in[0];
	memcpy(out, in + 1, *n);
	return 0;
}

int ticket_encrypt(
	const uint8_t der[TICKET_KEY_DER], const char *password, uint8_t out[TICKET_SIZE])
{
	(void)der, (void)password;
	memset(out, 0, TICKET_SIZE);
	return 0;
}

enum { REFUSE = 1, DENY = 2, NO_MINI = 4 };

/* Everything that can be seen from outside, in `seen`. */
static void run(unsigned how, const uint8_t *p, size_t n, size_t step, struct buf *seen)
{
	const struct link_caps caps = {.common = {how & NO_MINI ? 3 : 11}, .n_common = 1};
	struct link_server l;
	int rc = LINK_MORE;

	link_server_init(&l);
	while (n && (rc == LINK_MORE || rc == LINK_ASKED || rc == LINK_TICKET)) {
		size_t piece = n < step ? n : step, used;

		rc = link_server_input(&l, p, piece, &used);
		if (used > piece || (rc == LINK_MORE && used != piece))
			abort();
		p += used;
		n -= used;
		if (rc != LINK_MORE)
			buf_printf(seen, "%d ", rc);
		if (rc == LINK_ASKED && (how & REFUSE))
			link_refuse(&l, LINK_ERR_NEED_SECURED);
		else if (rc == LINK_ASKED)
			link_accept(&l, ticket_key_new(), &caps);
		else if (rc == LINK_TICKET)
			link_result(&l, how & DENY ? LINK_ERR_PERMISSION_DENIED : LINK_ERR_OK);
	}
	buf_printf(seen,
		"state %d mini %d ok %d %d left %zu connection %u channel %u %u caps %u %u ",
		l.state, l.mini, l.ticket_ok, l.password_ok, rc == LINK_MORE ? 0 : n,
		l.connection_id, l.channel_type, l.channel_id, l.peer.n_common, l.peer.n_channel);
	buf_put(seen, l.peer.common, sizeof(l.peer.common));
	buf_put(seen, l.peer.channel, sizeof(l.peer.channel));
	buf_put(seen, buf_data(&l.out), buf_len(&l.out));
	link_server_fini(&l);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	return in_any_cutting(p, n, run);
}
