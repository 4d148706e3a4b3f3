/* Files in memory. A page that lies behind the end of its file raises SIGBUS; zeros are put in its place then, and the
 * program goes on. One file at a time is enough for us, so that a handler has one range to look at. */
#include "base/filemap.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static uint8_t *volatile start; /* of the mapped file, */
static volatile size_t length;

/* From the missing page on. Another address: the default action, when the same access comes again. */
static void on_bus_error(int number, siginfo_t *info, void *context)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), at = (size_t)((uint8_t *)info->si_addr - start) / page * page;

	(void)context;
	if (!start || (uint8_t *)info->si_addr < start || at >= length ||
		mmap(start + at, length - at, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		signal(number, SIG_DFL);
}

static int map(int fd, struct slice *out)
{
	struct sigaction action = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO};
	struct stat st;
	void *p;

	if (fstat(fd, &st))
		return errno;
	if (!S_ISREG(st.st_mode) || st.st_size <= 0)
		return ENODEV;
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return errno;
	start = p;
	length = (size_t)st.st_size;
	sigaction(SIGBUS, &action, NULL);
	*out = slice_of(p, length);
	return 0;
}

int filemap_open(const char *name, struct slice *out)
{
	int fd, rc;

	if (start)
		return ENFILE;
	if ((fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY)) < 0)
		return errno;
	rc = map(fd, out);
	close(fd);
	return rc;
}

void filemap_done(struct slice part)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), from = (size_t)(part.p - start), to = from + part.n;

	from = (from + page - 1) / page * page;
	to = to / page * page;
	if (from < to)
		madvise(start + from, to - from, MADV_DONTNEED);
}

void filemap_close(struct slice s)
{
	if (!s.n)
		return;
	signal(SIGBUS, SIG_DFL);
	munmap(start, length);
	start = NULL;
	length = 0;
}
