/* Allocation that does not fail: when memory ends the process does, with 71. Sizes that a peer chooses
 * are checked against a LIM_* before they come here. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

void *xmalloc(size_t n);
void *xcalloc(size_t n, size_t size);      /* zeroed */
void *xrealloc(void *p, size_t n, size_t size); /* n elements of size bytes */
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Wipes a string that was a secret, and frees it; NULL is fine. */
void secret_free(char *s);

/* A zeroed object of type T. */
#define new(T) ((T *)xcalloc(1, sizeof(T)))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
/* The structure that holds the member m at address p. */
#define container_of(p, T, m) ((T *)((char *)(p) - offsetof(T, m)))

#endif
