/* Whole files: one loop, one bound; and their replacement. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

enum { PIECE = 64 << 10 };

int file_read_fd(int fd, size_t max, struct buf *out)
{
	size_t start = buf_len(out);

	for (;;) {
		/* new room when the last is full, no more than may come: a secret smaller than a piece is not moved,
		 * and what is wiped is all there was of it */
		size_t left = max - (buf_len(out) - start) + 1, free_room = out->mem ? out->cap - out->end : 0;
		size_t room = free_room ? free_room : PIECE, want = left < room ? left : room;
		ssize_t n = read(fd, buf_reserve(out, want), want);

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

int file_write_fd(int fd, struct slice text)
{
	while (text.n) {
		ssize_t n = write(fd, text.p, text.n);

		if (n < 0 && errno != EINTR)
			return errno;
		if (n > 0)
			text = slice_of(text.p + n, text.n - (size_t)n);
	}
	return 0;
}

/* The owner of what stands there now; what can't be given stays ours. */
static void keep_owner(int fd, const char *name)
{
	struct stat st;

	if (lstat(name, &st) == 0 && S_ISREG(st.st_mode) && (st.st_uid != geteuid() || st.st_gid != getegid()) &&
		fchown(fd, st.st_uid, st.st_gid) != 0)
		errno = 0;
}

static int fill(int fd, const char *name, mode_t mode, struct slice text)
{
	int why = file_write_fd(fd, text);

	keep_owner(fd, name);
	if (!why && (fchmod(fd, mode) != 0 || fsync(fd) != 0))
		why = errno;
	if (close(fd) != 0 && !why)
		why = errno;
	return why;
}

int file_replace(const char *name, mode_t mode, struct slice text)
{
	char *tmp = xasprintf("%s.XXXXXX", name);
	int fd = mkostemp(tmp, O_CLOEXEC), why = fd < 0 ? errno : fill(fd, name, mode, text);

	if (!why && rename(tmp, name) != 0)
		why = errno;
	if (why && fd >= 0)
		unlink(tmp);
	free(tmp);
	return why;
}

/* Does the entry of the folder lead to the open file, and not by a symbolic link? */
static bool is_same(int dir, const char *entry, int fd)
{
	struct stat here, open;

	return fstatat(dir, entry, &here, AT_SYMLINK_NOFOLLOW) == 0 && fstat(fd, &open) == 0 &&
	       here.st_dev == open.st_dev && here.st_ino == open.st_ino;
}

/* A look and an unlink are two steps between which entries can change, so that it is moved where nobody looks first. */
static int unlink_in(int dir, const char *entry, int fd)
{
	uint64_t dice = 0;
	char *aside;
	int why = 0;

	if (!is_same(dir, entry, fd))
		return ESTALE;
	if (getrandom(&dice, sizeof(dice), 0) < 0)
		return errno;
	aside = xasprintf(".%.200s.%016llx", entry, (unsigned long long)dice);
	if (renameat2(dir, entry, dir, aside, RENAME_NOREPLACE) != 0)
		why = errno;
	else if (is_same(dir, aside, fd))
		why = unlinkat(dir, aside, 0) == 0 ? 0 : errno;
	else
		why = renameat2(dir, aside, dir, entry, RENAME_NOREPLACE) == 0 ? ESTALE : errno;
	free(aside);
	return why;
}

int file_unlink(const char *name, int fd)
{
	const char *slash = strrchr(name, '/');
	char *folder = slash ? xstrndup(name, (size_t)(slash - name) + 1) : xstrdup(".");
	int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), why = dir < 0 ? errno : 0;

	free(folder);
	if (dir < 0)
		return why;
	why = unlink_in(dir, slash ? slash + 1 : name, fd);
	close(dir);
	return why;
}
