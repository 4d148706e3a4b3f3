/* Pictures and commands of qxlsrv's device. */
#include "qxlsrv.h"

#include <math.h>
#include <string.h>

GRand *dice;
guint64 unique = 1;

int below(int n)
{
	return g_rand_int_range(dice, 0, n);
}

QXLRect rect(int x, int y, int w, int h)
{
	return (QXLRect){.top = y, .left = x, .bottom = y + h, .right = x + w};
}

struct pixel {
	int r, g, b, a;
};

static struct pixel pixel_of(enum kind kind, int x, int y, int w, int h)
{
	struct pixel p = {x * 255 / w, y * 255 / h, (x + y) & 255, 255};
	int dx = x - w / 2, dy = y - h / 2;
	switch (kind) {
	case GRADIENT:
		return p;
	case PHOTO:
		p.r = 128 + (int)(100 * sin(x / 17.0)) + below(16);
		p.g = 128 + (int)(90 * cos(y / 23.0 + x / 40.0)) + below(16);
		p.b = 128 + (int)(80 * sin((x * y) / 900.0)) + below(8);
		return p;
	case ICON:
		return dx * dx + dy * dy < w * h / 6 ? (struct pixel){255, 200, 0, 255}
						     : (struct pixel){0, 0, 255, 255};
	case RAMP:
		p.a = x * 255 / w;
		p.r = p.r * p.a / 255;
		p.g = p.g * p.a / 255;
		p.b = p.b * p.a / 255;
		return p;
	}
	return p;
}

int bits_of(int format)
{
	switch (format) {
	case SPICE_BITMAP_FMT_1BIT_BE:
		return 1;
	case SPICE_BITMAP_FMT_8BIT:
		return 8;
	case SPICE_BITMAP_FMT_16BIT:
		return 16;
	case SPICE_BITMAP_FMT_24BIT:
		return 24;
	default:
		return 32;
	}
}

static void store(uint8_t *row, int x, int y, struct pixel p, int format)
{
	guint16 v = p.r >> 3 << 10 | p.g >> 3 << 5 | p.b >> 3;
	int bytes = bits_of(format) / 8;
	switch (format) {
	case SPICE_BITMAP_FMT_1BIT_BE:
		if ((x / 6 + y / 6) & 1)
			row[x / 8] |= 0x80 >> (x & 7);
		return;
	case SPICE_BITMAP_FMT_8BIT:
		row[x] = (x / 4 + y / 4) & 15;
		return;
	case SPICE_BITMAP_FMT_16BIT:
		memcpy(row + x * 2, &v, 2);
		return;
	default:
		row[x * bytes] = p.b;
		row[x * bytes + 1] = p.g;
		row[x * bytes + 2] = p.r;
		if (bytes == 4)
			row[x * 4 + 3] = format == SPICE_BITMAP_FMT_RGBA ? p.a : 0;
	}
}

static QXLPHYSICAL palette(void)
{
	QXLPalette *p = g_malloc0(sizeof(*p) + 256 * 4);
	p->unique = unique++;
	p->num_ents = 256;
	for (int k = 0; k < 256; k++)
		p->ents[k] = (k * 16 & 255) << 16 | ((255 - k * 16) & 255) << 8 | (k * 40 & 255);
	return PHYSICAL(p);
}

QXLImage *image_of(int w, int h, int format, void *data, int stride)
{
	QXLImage *i = g_malloc0(sizeof(*i));
	i->descriptor.id = unique++ | (guint64)0x5a << 40;
	i->descriptor.type = SPICE_IMAGE_TYPE_BITMAP;
	i->descriptor.width = w;
	i->descriptor.height = h;
	i->bitmap.format = format;
	i->bitmap.flags = QXL_BITMAP_DIRECT | QXL_BITMAP_TOP_DOWN;
	i->bitmap.x = w;
	i->bitmap.y = h;
	i->bitmap.stride = stride;
	i->bitmap.data = PHYSICAL(data);
	return i;
}

QXLPHYSICAL image(int w, int h, enum kind kind, int format)
{
	int bits = bits_of(format), stride = bits == 1 ? (w + 7) / 8 : (w * bits / 8 + 3) & ~3;
	uint8_t *data = g_malloc0((gsize)stride * h);
	for (int y = 0; y < h; y++)
		for (int x = 0; x < w; x++)
			store(data + y * stride, x, y, pixel_of(kind, x, y, w, h), format);
	QXLImage *i = image_of(w, h, format, data, stride);
	if (format == SPICE_BITMAP_FMT_8BIT)
		i->bitmap.palette = palette();
	return PHYSICAL(i);
}

QXLPHYSICAL image32(int w, int h, enum kind kind)
{
	return image(w, h, kind, SPICE_BITMAP_FMT_32BIT);
}

QXLPHYSICAL surface_image(int id, int w, int h)
{
	QXLImage *i = g_malloc0(sizeof(*i));
	i->descriptor.id = unique++;
	i->descriptor.type = SPICE_IMAGE_TYPE_SURFACE;
	i->descriptor.width = w;
	i->descriptor.height = h;
	i->surface_image.surface_id = id;
	return PHYSICAL(i);
}

QXLSurfaceCmd *surface(int id, int type)
{
	QXLSurfaceCmd *s = g_new0(QXLSurfaceCmd, 1);
	s->release_info.id = unique++;
	s->surface_id = id;
	s->type = type;
	return s;
}

void surface_create(int id, int format, int w, int h, int stride)
{
	QXLSurfaceCmd *s = surface(id, QXL_SURFACE_CMD_CREATE);
	s->u.surface_create.format = format;
	s->u.surface_create.width = w;
	s->u.surface_create.height = h;
	s->u.surface_create.stride = stride;
	s->u.surface_create.data = PHYSICAL(g_malloc0((gsize)ABS(stride) * h));
	push(QXL_CMD_SURFACE, s);
}

QXLBrush solid(uint32_t colour)
{
	return (QXLBrush){.type = SPICE_BRUSH_TYPE_SOLID, .u.color = colour};
}

QXLDrawable *draw(int type, QXLRect box, gboolean opaque)
{
	QXLDrawable *d = g_new0(QXLDrawable, 1);
	d->release_info.id = unique++;
	d->type = type;
	d->effect = opaque ? QXL_EFFECT_OPAQUE : QXL_EFFECT_BLEND;
	d->bbox = box;
	d->clip.type = SPICE_CLIP_TYPE_NONE;
	d->mm_time = g_get_monotonic_time() / 1000;
	for (int i = 0; i < 3; i++)
		d->surfaces_dest[i] = -1;
	push(QXL_CMD_DRAW, d);
	return d;
}

QXLDrawable *fill(QXLRect box, uint32_t colour, int rop)
{
	QXLDrawable *d = draw(QXL_DRAW_FILL, box, rop == PUT);
	d->u.fill.brush = solid(colour);
	d->u.fill.rop_descriptor = rop;
	return d;
}

QXLDrawable *copy(QXLRect box, QXLPHYSICAL source, int w, int h, int rop)
{
	QXLDrawable *d = draw(QXL_DRAW_COPY, box, rop == PUT);
	d->u.copy.src_bitmap = source;
	d->u.copy.src_area = rect(0, 0, w, h);
	d->u.copy.rop_descriptor = rop;
	d->u.copy.scale_mode = SPICE_IMAGE_SCALE_MODE_NEAREST;
	return d;
}

void clip_to(QXLDrawable *d, int n, const QXLRect *rects)
{
	QXLClipRects *clip = g_malloc0(sizeof(*clip) + n * sizeof(QXLRect));
	clip->num_rects = n;
	clip->chunk.data_size = n * sizeof(QXLRect);
	if (n)
		memcpy(clip->chunk.data, rects, n * sizeof(QXLRect));
	d->clip.type = SPICE_CLIP_TYPE_RECTS;
	d->clip.data = PHYSICAL(clip);
}

void reads(QXLDrawable *d, int place, int id, int w, int h)
{
	d->surfaces_dest[place] = id;
	d->surfaces_rects[place] = rect(0, 0, w, h);
}
