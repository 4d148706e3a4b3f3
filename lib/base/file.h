/* Whole files and streams, read to their end. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/buf.h"

/* Appends all that a descriptor gives, or a file has. 0, or the errno that stopped it; EFBIG when there is more than
 * max bytes. What was read by then stays in `out`. The descriptor is the caller's, and blocking. */
int file_read_fd(int fd, size_t max, struct buf *out);
int file_read(const char *name, size_t max, struct buf *out);

#endif
