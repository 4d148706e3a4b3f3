/* Whole files and streams: read to their end, put in place at once. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <sys/types.h>

#include "base/buf.h"

/* Appends all that a descriptor gives, or a file has. 0, or the errno that stopped it; EFBIG when there is more than
 * max bytes. What was read by then stays in `out`. The descriptor is the caller's, and blocking. */
int file_read_fd(int fd, size_t max, struct buf *out);
int file_read(const char *name, size_t max, struct buf *out);

/* Writes all of it. 0, or the errno that stopped it: EAGAIN, too, where the descriptor does not block. */
int file_write_fd(int fd, struct slice text);

/* The file has this text and mode (whatever the umask) from now on. It is written beside its place and renamed: nobody
 * ever sees a part of it, and a failure leaves what was there. What is replaced gives its owner to the new one, where
 * we may. 0, or the errno that stopped it. */
int file_replace(const char *name, mode_t mode, struct slice text);

/* Unlinks the very file that fd has open, which was found under this name: what is put in its place meanwhile stays.
 * 0; ESTALE when something else stands there; or another errno. */
int file_unlink(const char *name, int fd);

#endif
