/* The virtual QXL device: a producer's side takes drawing commands, pictures, a pointer and monitors; a canvas behind
 * it holds what they make; listeners (one a client) see every change in order. Nothing here knows of clients.
 *
 * Images of commands are pictures that the device was given before: in a command's `struct image` only d.id counts
 * (device_image fills one), or the image is a SURFACE (d.type IMAGE_TYPE_SURFACE, surface_id). */
#ifndef SERVER_DEVICE_H
#define SERVER_DEVICE_H

#include "base/blob.h"
#include "base/list.h"
#include "base/map.h"
#include "draw/canvas.h"
#include "server/backlog.h"
#include "server/item.h"

/* The pointer's shape. */
struct pointer {
	enum wire_cursor_type type;
	uint64_t unique;       /* never 0 but for "none" */
	unsigned width, height, hot_x, hot_y;
	struct blob *data;     /* shape bytes as channels.md 4; NULL: no shape */
};

#define DEVICE_ONCE (UINT64_C(1) << 63) /* in the ids of pictures that serve one command */

struct device_ops {
	void (*drawn)(void *owner, struct draw_item *item); /* ref it to keep it */
	void (*surface_created)(void *owner, uint32_t id);
	void (*surface_destroyed)(void *owner, uint32_t id);
	void (*pointer_shape)(void *owner);
	void (*pointer_moved)(void *owner);   /* position or visibility */
	void (*monitors)(void *owner);
};

struct device_listener {
	const struct device_ops *ops;
	void *owner;
	struct list link;
};

struct device {
	struct canvas *canvas;   /* pixels: device_surface; here for what surfaces there are */
	struct backlog due;      /* what the canvas lacks */
	struct draw_item *doing; /* of it, now */
	struct list listeners;
	struct map pictures; /* by id: struct pixmap *, a reference each */
	uint64_t next_id;
	uint32_t surface_serial[LIM_SURFACES]; /* changes at each create and destroy; odd while alive */
	struct pointer pointer;
	int pointer_x, pointer_y;
	bool pointer_visible;
	struct head heads[LIM_HEADS];
	unsigned n_heads;
};

/* No surface yet: device_resize makes the screen. */
struct device *device_new(void);
void device_free(struct device *d);
void device_listen(struct device *d, struct device_listener *l);
void device_unlisten(struct device_listener *l);

/* The screen (surface 0, 32_xRGB, black) in a new size, with one monitor over all of it. */
int device_resize(struct device *d, unsigned width, unsigned height);
/* Other surfaces. E_INVAL, E_LIMIT, E_UNSUP as canvas_surface_create. */
int device_surface_create(struct device *d, uint32_t id, unsigned width, unsigned height, uint32_t format);
int device_surface_destroy(struct device *d, uint32_t id);

/* A picture for later commands: takes a reference to p, which must not change any more. The id is never 0. Masks are
 * pixmaps of format 1_A; 16_565 is no format of pictures. */
uint64_t device_picture(struct device *d, struct pixmap *p);
/* The same for one command: clients do not keep it. Forget it when the command was given. */
uint64_t device_picture_once(struct device *d, struct pixmap *p);
void device_picture_forget(struct device *d, uint64_t id); /* commands that use it keep it alive */
struct pixmap *device_picture_get(struct device *d, uint64_t id); /* borrowed; NULL when unknown */
/* A struct image for a picture, or for a surface. */
struct image device_image(struct device *d, uint64_t id);
struct image device_surface_image(struct device *d, uint32_t surface);

/* A drawing command: `body` is the struct of its message, copied. E_INVAL for what the protocol forbids. */
int device_draw(struct device *d, unsigned number, const void *body);

/* A drawing command that has been done on the canvas already (by way of device_surface): listeners are told. It says
 * what stands in its box, which lies in the surface, and is not clipped. Of several such commands all may have been
 * done before the first is told of. */
int device_drawn(struct device *d, unsigned number, const void *body);

/* The pixels of a surface as all commands have made them; NULL: there is none. They may be drawn upon, if listeners are
 * told (device_drawn). */
struct pixmap *device_surface(struct device *d, uint32_t id);
bool device_is_settled(const struct device *d); /* nothing is left to be done for that */
void device_settle(struct device *d);

/* Bytes of a pointer shape (channels.md 4); 0 for an unknown type. */
size_t device_pointer_bytes(enum wire_cursor_type type, size_t w, size_t h);
/* The pointer: `data` as in channels.md 4 for the type; sizes within L-10, else E_LIMIT or E_INVAL. */
int device_pointer_set(struct device *d, enum wire_cursor_type type, unsigned width, unsigned height,
	unsigned hot_x, unsigned hot_y, struct slice data);
void device_pointer_move(struct device *d, int x, int y);
void device_pointer_hide(struct device *d);

int device_monitors(struct device *d, const struct head *heads, unsigned n); /* E_LIMIT above LIM_HEADS */

#endif
