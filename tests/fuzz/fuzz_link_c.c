/* F-2: the link stage of a client: what a server answers. The first byte chooses the capabilities
 * of the client. In one piece and byte by byte the same must come out, but for the ticket, which is
 * random. */
#include <stdlib.h>

#include "base/err.h"
#include "chan/link.h"
#include "chan/ticket.h"
#include "tests/fuzz/cutting.h"
#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void run(unsigned how, const uint8_t *p, size_t n, size_t step, struct buf *seen)
{
	const struct link_caps caps = {
		.common = {how & 15}, .n_common = how & 16 ? 0 : 1, .n_channel = how >> 6};
	struct link_client l;
	int rc = LINK_MORE;
	size_t asked, out;

	link_client_init(&l, 7, WIRE_MAIN, 0, &caps, "secret");
	asked = buf_len(&l.out);
	while (n && rc == LINK_MORE) {
		size_t piece = n < step ? n : step, used;

		rc = link_client_input(&l, p, piece, &used);
		if (used > piece || (rc == LINK_MORE && used != piece))
			abort();
		p += used;
		n -= used;
	}
	if (rc == LINK_ASKED || rc == LINK_TICKET)
		abort();
	out = buf_len(&l.out);
	if (out > asked + 4) { /* the mechanism where both have it, and the ticket */
		if (out != asked + TICKET_SIZE && out != asked + 4 + TICKET_SIZE)
			abort();
		out -= TICKET_SIZE;
		if (l.password[0]) /* no longer than it is needed */
			abort();
	} else if (out != asked && rc >= 0) { /* a mechanism without a ticket: only where the key was bad */
		abort();
	}
	buf_printf(seen, "rc %d state %d mini %d error %u left %zu caps %u %u ", rc, l.state,
		l.mini, l.error, rc == LINK_MORE ? 0 : n, l.peer.n_common, l.peer.n_channel);
	buf_put(seen, l.peer.common, sizeof(l.peer.common));
	buf_put(seen, l.peer.channel, sizeof(l.peer.channel));
	buf_put(seen, buf_data(&l.out), out);
	link_client_fini(&l);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	return in_any_cutting(p, n, run);
}
