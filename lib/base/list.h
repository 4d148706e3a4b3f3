/* Intrusive doubly linked lists. The head is a link too; an empty list points at itself. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"

struct list {
	struct list *prev, *next;
};

static inline void list_init(struct list *head)
{
	head->prev = head->next = head;
}

static inline bool list_empty(const struct list *head)
{
	return head->next == head;
}

static inline void list_append(struct list *head, struct list *l)
{
	l->prev = head->prev;
	l->next = head;
	head->prev->next = l;
	head->prev = l;
}

/* Takes l out of its list; taking it out again is harmless. */
static inline void list_remove(struct list *l)
{
	l->prev->next = l->next;
	l->next->prev = l->prev;
	l->prev = l->next = l;
}

#define list_item(l, T, member) container_of(l, T, member)
#define list_first(head, T, member)                                                                \
	(list_empty(head) ? NULL : container_of((head)->next, T, member))
/* Walks a list; the current item may be removed and freed. */
#define list_each(var, head, member)                                                               \
	for (struct list *var##_l = (head)->next, *var##_n;                                        \
		var##_l != (head) && (var##_n = var##_l->next, 1) &&                               \
		(var = container_of(var##_l, __typeof__(*var), member), 1);                        \
		var##_l = var##_n)

#endif
