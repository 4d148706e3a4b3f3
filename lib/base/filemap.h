/* Files in memory, for input that is large and may not all be looked at. */
#ifndef BASE_FILEMAP_H
#define BASE_FILEMAP_H

#include "base/bytes.h"

/* A regular file's bytes where they lie; 0 or an errno. ENODEV: it is none, or empty; ENFILE: a file is mapped already.
 * What is cut off the file meanwhile reads as zeros: the signal that this raises is taken care of. */
int filemap_open(const char *name, struct slice *out);
/* A part of it is not needed for now: it takes no memory until it is looked at again. */
void filemap_done(struct slice part);
void filemap_close(struct slice s); /* of length 0: nothing */

#endif
