/* The files of qxlsrv, a real server with a synthetic QXL device (qxlsrv.c): how commands of the device are made
 * (qxlsrv-draw.c), groups of them (qxlsrv-groups.c) and random ones (qxlsrv-any.c). All memory is the device's, nothing
 * is ever released. Rectangles, pictures and points are in pixels. */
#ifndef QXLSRV_H
#define QXLSRV_H

#include <glib.h>
#include <spice/enums.h>
#include <spice/qxl_dev.h>

enum { WIDTH = 800, HEIGHT = 600, PUT = SPICE_ROPD_OP_PUT };
#define PHYSICAL(p) ((QXLPHYSICAL)(uintptr_t)(p))

extern GRand *dice;
extern guint64 unique; /* the next id of an image, palette or command */

/* qxlsrv.c: what is pushed goes to the device when the line was executed. */
void push(int type, void *command);
void push_cursor(QXLCursorCmd *command);

/* qxlsrv-draw.c */
enum kind { GRADIENT, PHOTO, ICON, RAMP };

int below(int n);
QXLRect rect(int x, int y, int w, int h);
int bits_of(int format);
QXLPHYSICAL image(int w, int h, enum kind kind, int format);
QXLPHYSICAL image32(int w, int h, enum kind kind);
/* Rows of these bytes; the format is no palette's. */
QXLImage *image_of(int w, int h, int format, void *data, int stride);
QXLPHYSICAL surface_image(int id, int w, int h);
QXLSurfaceCmd *surface(int id, int type);
void surface_create(int id, int format, int w, int h, int stride);
QXLBrush solid(uint32_t colour);
/* A command on surface 0 that is already pushed. A rop other than PUT needs effect BLEND, or the server drops what the
 * command covers. */
QXLDrawable *draw(int type, QXLRect box, gboolean opaque);
QXLDrawable *fill(QXLRect box, uint32_t colour, int rop);
QXLDrawable *copy(QXLRect box, QXLPHYSICAL source, int w, int h, int rop);
void clip_to(QXLDrawable *d, int n, const QXLRect *rects);
/* The command reads this surface. */
void reads(QXLDrawable *d, int place, int id, int w, int h);

/* qxlsrv-groups.c */
void draw_group(const char *name);
void draw_random(int n, int seed);

/* qxlsrv-any.c: kinds is a list of words, or empty for all. */
void draw_any(int n, int seed, const char *kinds);

#endif
