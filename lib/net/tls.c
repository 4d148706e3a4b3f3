/* TLS as a filter. openssl reads through a BIO from the transport below and writes into `sealed`,
 * which is sent when the transport takes it: so a write never has to be repeated with the same
 * bytes, and what waits here is one record or two (the handshake's flights aside). The handshake
 * runs inside read and write.
 *
 * Peers of SPICE close the TCP connection without close_notify; that is an end of stream, not an
 * error, since SPICE messages say their length. */
#include <openssl/bio.h>
#include <openssl/err.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/tls_names.h"
#include "net/tls_peer.h"

/* Row 26: key updates are CPU that a peer can make us spend. Real peers update once in gigabytes.
 */
enum { RECORD = 16 << 10, BATCH = 64 << 10, KEY_UPDATES = 32, KEY_UPDATE_BYTES = 64 << 20 };

struct tls {
	struct xport x;
	SSL *ssl;
	struct buf sealed;	  /* records for the transport below */
	struct tls_client *trust; /* client: a reference */
	struct tls_verify verify;
	bool ready;	      /* the handshake is over, the peer verified */
	int err;	      /* sticky */
	int below_err;	      /* what the transport below said when a read failed */
	unsigned updates;     /* KeyUpdates of the peer since `counted` */
	uint64_t in, counted; /* application bytes read; at the last reset of the count */
};

static struct tls *of(struct xport *x)
{
	return container_of(x, struct tls, x);
}

static int bio_read(BIO *bio, char *p, size_t n, size_t *got)
{
	struct tls *t = BIO_get_data(bio);
	ssize_t r = t->err ? t->err : xport_read(t->x.below, p, n);

	BIO_clear_retry_flags(bio);
	if (r > 0) {
		*got = (size_t)r;
		return 1;
	}
	if (r == E_AGAIN)
		BIO_set_retry_read(bio);
	else
		t->below_err = (int)r;
	return 0;
}

static int bio_write(BIO *bio, const char *p, size_t n, size_t *put)
{
	struct tls *t = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	buf_put(&t->sealed, p, n);
	*put = n;
	return 1;
}

static long bio_ctrl(BIO *bio, int cmd, long num, void *arg)
{
	(void)bio, (void)num, (void)arg;
	return cmd == BIO_CTRL_FLUSH;
}

static BIO_METHOD *bio_method(void)
{
	static BIO_METHOD *method;

	if (method)
		return method;
	method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "xport");
	BIO_meth_set_read_ex(method, bio_read);
	BIO_meth_set_write_ex(method, bio_write);
	BIO_meth_set_ctrl(method, bio_ctrl);
	return method;
}

/* Sends what is sealed: 0 when all is gone, E_AGAIN, or E_*. */
static int flush(struct tls *t)
{
	return xport_flush(t->x.below, &t->sealed);
}

static int broken(struct tls *t, int err)
{
	t->err = err;
	flush(t); /* an alert tells the peer why, if it takes it */
	ERR_clear_error();
	return err;
}

/* What a failed call of openssl means. */
static int failed(struct tls *t, int rc)
{
	bool client = t->trust != NULL;

	switch (SSL_get_error(t->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return E_AGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return broken(t, E_CLOSED);
	default:
		break;
	}
	if (client && !t->ready &&
		SSL_get_verify_result(t->ssl) != X509_V_OK) /* said by tls_verify */
		return broken(t, E_AUTH);
	if (t->below_err) {
		if (!t->ready && t->below_err == E_CLOSED)
			log_info("%s: closed within the TLS handshake", t->x.info.host);
		return broken(t, t->below_err);
	}
	if (client)
		log_error("%s: TLS: %s", t->x.info.host, tls_reason());
	else
		xport_complain(&t->x, "TLS", tls_reason());
	return broken(t, E_PROTO);
}

/* Moves the handshake on: 0 once it is over and the peer verified. */
static int shake(struct tls *t)
{
	int rc;

	if (t->err)
		return t->err;
	if (t->ready)
		return 0;
	ERR_clear_error();
	rc = SSL_do_handshake(t->ssl);
	if (rc != 1) {
		rc = failed(t, rc);
		flush(t); /* our side of it; if that fails, reading says why */
		return rc;
	}
	if (t->trust &&
		(t->verify.verdict != TLS_VERIFIED || SSL_get_verify_result(t->ssl) != X509_V_OK)) {
		log_error("%s: the server was not verified", t->x.info.host);
		return broken(t, E_AUTH);
	}
	t->ready = true;
	return 0;
}

static ssize_t tls_read(struct xport *x, void *p, size_t n)
{
	struct tls *t = of(x);
	int rc = shake(t);
	size_t got = 0;

	if (rc)
		return rc;
	flush(t); /* whether that fails or not, there may be last words to read */
	ERR_clear_error();
	rc = SSL_read_ex(t->ssl, p, n, &got);
	if (t->err)
		return t->err;
	if (rc == 1) {
		t->in += got;
		return (ssize_t)got;
	}
	rc = failed(t, rc);
	flush(t); /* answers of TLS itself */
	return rc;
}

static ssize_t tls_write(struct xport *x, const void *p, size_t n)
{
	struct tls *t = of(x);
	size_t taken = 0;
	int rc = shake(t);

	if (!rc)
		rc = flush(t);
	while (!rc && taken < n) {
		size_t chunk = n - taken < RECORD ? n - taken : RECORD, put = 0;

		ERR_clear_error();
		rc = SSL_write_ex(t->ssl, (const uint8_t *)p + taken, chunk, &put);
		if (rc != 1) {
			rc = failed(t, rc);
			break;
		}
		taken += put;
		rc = taken == n || buf_len(&t->sealed) >= BATCH ? flush(t) : 0;
	}
	if (rc && rc != E_AGAIN)
		return rc;
	return rc && !taken ? rc : (ssize_t)taken;
}

static unsigned tls_want(struct xport *x)
{
	struct tls *t = of(x);

	return xport_want(x->below) | (t->ready || t->err ? 0 : XPORT_IN) |
	       (buf_len(&t->sealed) && !t->err ? XPORT_OUT : 0);
}

static bool tls_pending(struct xport *x)
{
	return (!of(x)->err && SSL_pending(of(x)->ssl) > 0) || xport_pending(x->below);
}

static void tls_close(struct xport *x)
{
	struct tls *t = of(x);

	if (t->ready && !t->err) {
		SSL_shutdown(t->ssl);
		flush(t);
	}
	ERR_clear_error();
	SSL_free(t->ssl);
	xport_close(x->below);
	buf_fini(&t->sealed);
	free(t->verify.host);
	if (t->trust)
		tls_client_unref(t->trust);
	free(t);
}

static const struct xport_ops tls_ops = {
	.read = tls_read,
	.write = tls_write,
	.want = tls_want,
	.pending = tls_pending,
	.close = tls_close,
};

static void on_message(
	int write_p, int version, int type, const void *p, size_t n, SSL *ssl, void *arg)
{
	struct tls *t = arg;

	(void)version, (void)ssl;
	if (write_p || type != SSL3_RT_HANDSHAKE || n < 1 ||
		*(const uint8_t *)p != SSL3_MT_KEY_UPDATE)
		return;
	if (t->in - t->counted >= KEY_UPDATE_BYTES) {
		t->counted = t->in;
		t->updates = 0;
	}
	if (++t->updates == KEY_UPDATES + 1) {
		xport_complain(&t->x, "TLS", "too many key updates");
		t->err = E_PROTO;
	}
}

static struct tls *tls_new(struct xport *below, SSL_CTX *ctx)
{
	struct tls *t = new(struct tls);
	BIO *bio = BIO_new(bio_method());

	xport_put_on(&t->x, &tls_ops, below);
	t->x.info.tls = true;
	t->ssl = SSL_new(ctx);
	if (!t->ssl || !bio) {
		log_error("TLS: %s", tls_reason());
		BIO_free(bio);
		t->err = E_IO;
		return t;
	}
	BIO_set_data(bio, t);
	BIO_set_init(bio, 1);
	SSL_set_bio(t->ssl, bio, bio);
	SSL_set_msg_callback(t->ssl, on_message);
	SSL_set_msg_callback_arg(t->ssl, t);
	return t;
}

struct xport *xport_tls_server(struct xport *below, struct tls_server *s)
{
	struct tls *t = tls_new(below, s->ctx);

	if (!t->err)
		SSL_set_accept_state(t->ssl);
	return &t->x;
}

struct xport *xport_tls_client(struct xport *below, struct tls_client *c, const char *host)
{
	struct tls *t = tls_new(below, c->ctx);
	uint8_t addr[16];

	t->trust = c;
	c->refs++;
	t->verify = (struct tls_verify){.trust = c, .host = xstrdup(host), .peer = t->x.info.host};
	if (!t->err)
		t->err = tls_client_roots(c);
	if (t->err)
		return &t->x;
	SSL_set_app_data(t->ssl, &t->verify);
	if (!tls_literal(host, addr))
		SSL_set_tlsext_host_name(t->ssl, host);
	SSL_set_connect_state(t->ssl);
	return &t->x;
}
