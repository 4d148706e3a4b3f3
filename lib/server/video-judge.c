/* Films, told from what else moves. */
#include "server/video-judge.h"

#include <stdlib.h>

#include "server/choose.h"

enum {
	JUDGED = 8,           /* regions that are being judged */
	YES = 2, NO = 3,      /* so many looks decide */
	JUDGED_MS = 2000,     /* a region that was not looked at for so long begins anew */
	SEEN = 64,            /* pictures that clients keep, by id */
};

struct judged {
	struct rect r;
	unsigned yes, no;
	uint64_t when;
};

struct video_judge {
	struct device *device;
	bool all;
	struct video_find *find; /* NULL: there is no screen */
	struct judged judged[JUDGED];
	uint64_t seen[SEEN];
	unsigned seen_at;
};

struct video_judge *video_judge_new(struct device *d, bool all)
{
	struct video_judge *j = new(struct video_judge);

	j->device = d;
	j->all = all;
	video_judge_screen(j);
	return j;
}

void video_judge_free(struct video_judge *j)
{
	if (!j)
		return;
	video_find_free(j->find);
	free(j);
}

void video_judge_screen(struct video_judge *j)
{
	const struct pixmap *screen = canvas_surface(j->device->canvas, 0);

	video_find_free(j->find);
	j->find = screen ? video_find_new(screen->width, screen->height) : NULL;
	memset(j->judged, 0, sizeof(j->judged));
}

void video_judge_forget(struct video_judge *j, const struct rect *r)
{
	if (j->find)
		video_find_forget(j->find, r);
}

/* A loop of few pictures is no film: the client has them already. */
static bool comes_again(struct video_judge *j, const struct draw_item *item)
{
	uint64_t id = ((const struct draw_copy *)item->body)->src->d.id;

	if (!item->kept[0] || rect_pixels(&item->damage) < VIDEO_TILE * VIDEO_TILE)
		return false;
	for (unsigned i = 0; i < SEEN; i++)
		if (j->seen[i] == id)
			return true;
	j->seen[j->seen_at++ % SEEN] = id;
	return false;
}

bool video_judge_painted(struct video_judge *j, const struct draw_item *item, uint64_t now)
{
	if (!j->find || comes_again(j, item))
		return false;
	video_find_painted(j->find, &item->damage, now);
	return true;
}

unsigned video_judge_look(struct video_judge *j, uint64_t now, struct rect out[VIDEO_FOUND])
{
	return j->find ? video_find_look(j->find, now, out) : 0;
}

/* The region as it was judged before, which may have been a bit larger or smaller, or the place of another. */
static struct judged *judged_at(struct video_judge *v, const struct rect *r, uint64_t now)
{
	struct judged *oldest = v->judged;

	for (struct judged *j = v->judged; j < v->judged + JUDGED; j++) {
		struct rect both = rect_meet(&j->r, r);
		uint64_t twice = 2 * rect_pixels(&both);

		if (twice >= rect_pixels(r) && twice >= rect_pixels(&j->r) && now - j->when < JUDGED_MS)
			return j;
		if (j->when < oldest->when)
			oldest = j;
	}
	*oldest = (struct judged){.when = now};
	return oldest;
}

bool video_judge_is_film(struct video_judge *v, const struct rect *r, uint64_t now)
{
	struct judged *j = judged_at(v, r, now);
	bool smooth = v->all || choose_smooth(device_surface(v->device, 0), (unsigned)r->left, (unsigned)r->top,
		(unsigned)(r->right - r->left), (unsigned)(r->bottom - r->top)), film;

	j->r = *r;
	j->when = now;
	j->yes += smooth;
	j->no += !smooth;
	film = j->yes >= YES;
	if (film || j->no >= NO) {
		video_judge_forget(v, r);
		*j = (struct judged){0};
	}
	return film;
}
