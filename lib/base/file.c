/* Whole files: one loop, one bound. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { PIECE = 64 << 10 };

int file_read_fd(int fd, size_t max, struct buf *out)
{
	size_t start = buf_len(out);

	for (;;) {
		/* never more room than may come: a secret is not moved about, what is wiped is all there was of it */
		size_t left = max - (buf_len(out) - start) + 1, room = left < PIECE ? left : PIECE;
		ssize_t n = read(fd, buf_reserve(out, room), room);

		if (n == 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return errno;
		if (n < 0)
			continue;
		buf_commit(out, (size_t)n);
		if (buf_len(out) - start > max)
			return EFBIG;
	}
}

int file_read(const char *name, size_t max, struct buf *out)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY), rc;

	if (fd < 0)
		return errno;
	rc = file_read_fd(fd, max, out);
	close(fd);
	return rc;
}
