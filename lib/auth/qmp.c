/* QMP as qmp.md tells of it: a JSON object a line, the server greets, answers carry the id that was asked with. */
#include "auth/qmp.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/jsonin.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/addr.h"

struct qmp {
	int fd;
	int timeout_ms;
	long long id;
	struct buf in;
	const char *path; /* for messages; the caller's */
};

static int complain(const struct qmp *q, int err, const char *why)
{
	log_error("%s: %s", q->path, why);
	return err;
}

static long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* Waits for the socket until the deadline: 0 or E_*. */
static int await(const struct qmp *q, short events, long long deadline)
{
	struct pollfd p = {.fd = q->fd, .events = events};

	for (;;) {
		long long left = deadline - now_ms();
		int n = left > 0 ? poll(&p, 1, (int)left) : 0;

		if (n > 0)
			return 0;
		if (n == 0)
			return complain(q, E_TIMEOUT, "no answer (QEMU talks to one client at a time)");
		if (errno != EINTR)
			return complain(q, E_IO, strerror(errno));
	}
}

static int send_all(const struct qmp *q, struct slice s, long long deadline)
{
	while (s.n) {
		ssize_t n = send(q->fd, s.p, s.n, MSG_NOSIGNAL | MSG_DONTWAIT);
		int rc;

		if (n > 0)
			s = slice_of(s.p + n, s.n - (size_t)n);
		else if (n < 0 && errno != EAGAIN && errno != EINTR)
			return complain(q, E_CLOSED, "the server has closed the control connection");
		else if ((rc = await(q, POLLOUT, deadline)))
			return rc;
	}
	return 0;
}

/* Reads until a line is whole in q->in; its length, with its end, or E_*. */
static ssize_t line(struct qmp *q, long long deadline)
{
	for (;;) {
		size_t have = buf_len(&q->in);
		uint8_t *end = have ? memchr(buf_data(&q->in), '\n', have) : NULL;
		ssize_t n;
		int rc;

		if (end)
			return end + 1 - buf_data(&q->in);
		if (have > LIM_CONTROL_LINE)
			return complain(q, E_PROTO, "what answers there is not QMP");
		if ((rc = await(q, POLLIN, deadline)))
			return rc;
		n = recv(q->fd, buf_reserve(&q->in, 4096), 4096, MSG_DONTWAIT);
		if (n > 0)
			buf_commit(&q->in, (size_t)n);
		else if (n == 0 || (errno != EAGAIN && errno != EINTR))
			return complain(q, E_CLOSED, "the server has closed the control connection");
	}
}

/* The next object that is no event. */
static int object(struct qmp *q, long long deadline, json_t **out)
{
	for (;;) {
		ssize_t n = line(q, deadline);
		size_t at;

		if (n < 0)
			return (int)n;
		*out = json_read(slice_of(buf_data(&q->in), (size_t)n), &at);
		buf_skip(&q->in, (size_t)n);
		if (!json_is_object(*out)) {
			json_decref(*out);
			return complain(q, E_PROTO, "what answers there is not QMP");
		}
		if (!json_object_get(*out, "event"))
			return 0;
		json_decref(*out);
	}
}

static void put_request(struct buf *out, const char *command, const char *const *arguments, long long id)
{
	struct json j = {.out = out};

	json_open(&j, NULL, '{');
	json_str(&j, "execute", command);
	if (arguments) {
		json_open(&j, "arguments", '{');
		for (; *arguments; arguments += 2)
			json_str(&j, arguments[0], arguments[1]);
		json_close(&j, '}');
	}
	json_int(&j, "id", id);
	json_close(&j, '}');
	buf_u8(out, '\n');
}

/* Of the answer to `id`: 0 and the value, or what went wrong. Takes it. */
static int judge(struct qmp *q, json_t *answer, json_t **value)
{
	json_t *result = json_object_get(answer, "return"), *error = json_object_get(answer, "error");
	const char *why = json_string_value(json_object_get(error, "desc"));
	int rc = 0;

	if (json_integer_value(json_object_get(answer, "id")) != q->id || (!result && !error))
		rc = complain(q, E_PROTO, "an answer to nothing that was asked");
	else if (!result)
		rc = complain(q, E_CONFIG, why ? why : "refused");
	else if (value)
		*value = json_incref(result);
	json_decref(answer);
	return rc;
}

int qmp_call(struct qmp *q, const char *command, const char *const *arguments, struct json_t **value)
{
	long long deadline = now_ms() + q->timeout_ms;
	struct buf request = {0};
	json_t *answer;
	int rc;

	buf_reserve(&request, 4096); /* secrets are not moved about: what is wiped is all there was */
	put_request(&request, command, arguments, ++q->id);
	rc = send_all(q, buf_slice(&request), deadline);
	buf_wipe(&request);
	if (!rc)
		rc = object(q, deadline, &answer);
	return rc ? rc : judge(q, answer, value);
}

static int begin(struct qmp *q)
{
	struct sockaddr_storage a;
	socklen_t n;
	json_t *greeting;
	bool good;
	int rc;

	if ((rc = addr_unix(q->path, &a, &n)))
		return rc;
	q->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (q->fd < 0 || connect(q->fd, (struct sockaddr *)&a, n) != 0)
		return complain(q, E_UNREACH, strerror(errno));
	if ((rc = object(q, now_ms() + q->timeout_ms, &greeting)))
		return rc;
	good = json_object_get(greeting, "QMP");
	json_decref(greeting);
	if (!good)
		return complain(q, E_PROTO, "what answers there is not QMP");
	return qmp_call(q, "qmp_capabilities", NULL, NULL);
}

struct qmp *qmp_open(const char *path, int timeout_ms, int *err)
{
	struct qmp *q = new(struct qmp);

	*q = (struct qmp){.fd = -1, .path = path, .timeout_ms = timeout_ms};
	*err = begin(q);
	if (!*err)
		return q;
	qmp_close(q);
	return NULL;
}

void qmp_close(struct qmp *q)
{
	if (!q)
		return;
	if (q->fd >= 0)
		close(q->fd);
	buf_fini(&q->in);
	free(q);
}
