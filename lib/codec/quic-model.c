/* The tables of QUIC's model (quic.md 4, 6, 7, 11), made once, and what happens at the two ends of a coding: memory put
 * in order, the last words of the input read and of the output written with care. */
#include "codec/quic-model.h"

/* The low bits of table C of quic.md 6; no more than 6 are ever used. */
const uint8_t quic_draws[256] = {
	2, 23, 19, 21, 7, 18, 40, 14, 12, 32, 47, 44, 36, 6, 18, 11, 4, 19, 42, 29, 16, 63, 57, 51,
	16, 3, 5, 14, 15, 30, 20, 9, 36, 45, 3, 57, 61, 0, 8, 5, 41, 14, 43, 27, 43, 59, 31, 35,
	39, 60, 42, 38, 13, 54, 62, 1, 26, 3, 11, 61, 52, 34, 7, 48, 4, 59, 22, 12, 22, 8, 50, 4,
	10, 6, 44, 8, 11, 46, 31, 51, 53, 17, 1, 43, 46, 60, 36, 54, 10, 27, 39, 44, 22, 41, 23, 2,
	44, 0, 40, 53, 40, 48, 16, 43, 32, 28, 33, 12, 20, 2, 56, 62, 55, 58, 18, 20, 13, 55, 38, 29,
	57, 19, 49, 33, 47, 63, 59, 0, 35, 61, 19, 25, 46, 38, 60, 4, 35, 1, 26, 40, 28, 10, 5, 14,
	25, 18, 48, 49, 20, 59, 62, 34, 46, 7, 33, 52, 34, 58, 9, 29, 8, 55, 62, 60, 37, 36, 37, 50,
	6, 3, 10, 28, 48, 24, 26, 61, 57, 30, 11, 54, 2, 6, 50, 47, 7, 17, 35, 53, 32, 12, 23, 17,
	5, 21, 49, 55, 51, 45, 52, 27, 39, 25, 39, 63, 22, 24, 42, 52, 56, 38, 41, 41, 56, 32, 13, 24,
	26, 51, 27, 56, 58, 37, 24, 42, 15, 28, 17, 30, 31, 15, 16, 23, 25, 54, 33, 34, 1, 29, 31, 50,
	53, 21, 49, 15, 47, 9, 0, 58, 37, 45, 30, 13, 9, 45, 63, 21,
};

const uint16_t quic_triggers[QUIC_LEVELS + 1] = {110, 550, 900, 800, 550, 400, 350};

/* J of quic.md 7 */
const uint8_t quic_run_bits[QUIC_RUN_STATES] = {0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7,
	8, 9, 10, 11, 12, 13, 14, 15};

struct quic_family quic_families[2];
uint32_t quic_run_sums[2 * QUIC_RUN_STATES];

static void make_look(struct quic_family *f, unsigned k)
{
	for (unsigned b = 0; b < 1u << QUIC_LOOK_BITS; b++) {
		unsigned zeros = (unsigned)__builtin_clz(b << 1 | 1) - (31 - QUIC_LOOK_BITS);
		struct quic_entry entry = {.bucket = QUIC_LOOK_MISS};

		if (zeros < f->zeros[k] && zeros + 1 + k <= QUIC_LOOK_BITS) {
			unsigned low = b >> (QUIC_LOOK_BITS - zeros - 1 - k) & ((1u << k) - 1);

			entry = f->entry[zeros << k | low];
		} else if (zeros >= f->zeros[k] && f->extra[k] == k && f->escape[k] <= QUIC_LOOK_BITS) {
			entry = f->entry[f->plain[k] + (b >> (QUIC_LOOK_BITS - f->escape[k]))];
		}
		f->look[quic_place(k) + b] = entry;
	}
	f->key[k] = quic_place(k) | (uint64_t)1 << (64 - f->zeros[k]);
}

static void make_family(struct quic_family *f, unsigned depth)
{
	unsigned top = (1u << depth) - 1;

	memset(f->cost, 0xff, sizeof(f->cost));
	for (unsigned k = 0; k < depth; k++) {
		unsigned p = (1u << (depth - k)) - 1;

		f->zeros[k] = (p < QUIC_MAX_CODE - depth ? p : QUIC_MAX_CODE - depth);
		f->plain[k] = (uint32_t)f->zeros[k] << k;
		while (1u << f->extra[k] < top + 1 - f->plain[k])
			f->extra[k]++;
		f->escape[k] = f->zeros[k] + f->extra[k];
		for (unsigned s = 0; s <= top; s++) {
			unsigned bits = s - f->plain[k], len = f->escape[k];

			if (s < f->plain[k]) {
				bits = 1u << k | (s & ((1u << k) - 1));
				len = (s >> k) + 1 + k;
			}
			f->code[k][s] = (uint16_t)(bits | len << 8);
			f->cost[s][depth - 1 - k] = (uint16_t)len;
		}
	}
	for (unsigned s = 0; s <= top; s++) {
		unsigned d = quic_unfold(s, depth);

		f->bucket[s] = (uint8_t)(s < top / 2 ? 31 - (unsigned)__builtin_clz(s + 1) : depth - 1);
		f->entry[s] = (struct quic_entry){(uint8_t)d, f->bucket[s]};
		memcpy(f->difference_cost[d], f->cost[s], sizeof(f->cost[s]));
	}
	for (unsigned k = 0; k < depth; k++)
		make_look(f, k);
}

static __attribute__((constructor)) void make_families(void)
{
	make_family(&quic_families[0], 8);
	make_family(&quic_families[1], 5);
	for (unsigned i = 1; i < 2 * QUIC_RUN_STATES; i++) {
		unsigned state = i <= QUIC_RUN_STATES ? i - 1 : QUIC_RUN_STATES - 1;

		quic_run_sums[i] = quic_run_sums[i - 1] + (1u << quic_run_bits[state]);
	}
}

struct quic_scratch *quic_scratch_reset(void *scratch, unsigned depth)
{
	uintptr_t at = ((uintptr_t)scratch + QUIC_PAD - 1) & ~(uintptr_t)(QUIC_PAD - 1);
	struct quic_scratch *s = (struct quic_scratch *)at;

	memset(s->channel, 0, sizeof(s->channel));
	for (int c = 0; c < 4; c++) {
		memset(s->channel[c].best, (int)depth - 1, sizeof(s->channel[c].best));
		for (int b = 0; b < QUIC_BUCKETS; b++)
			s->channel[c].key[b] = quic_family(depth)->key[depth - 1];
	}
	for (int g = 0; g < 2; g++)
		s->group[g] = (struct quic_group){.draw = 255, .left = QUIC_LEVEL_PIXELS, .trigger = quic_triggers[0]};
	s->rows = (uint8_t *)(at + ((sizeof(*s) + QUIC_PAD - 1) & ~(size_t)(QUIC_PAD - 1)));
	return s;
}

size_t quic_scratch_size(uint32_t width)
{
	return sizeof(struct quic_scratch) + 2 * QUIC_PAD + quic_row_at(width, QUIC_ROWS);
}

/* A word at a time, and never behind the end: when that comes the last word is written over and over. */
void quic_put_careful(struct quic_writer *w, uint32_t bits, unsigned len)
{
	w->n += len;
	w->acc |= (uint64_t)bits << (-w->n & 63);
	if (w->n < 32)
		return;
	if (w->end - w->p < 4) {
		w->full = true;
		w->p -= 4;
	}
	put_le32(w->p, (uint32_t)(w->acc >> 32));
	w->p += 4;
	w->acc <<= 32;
	w->n -= 32;
}

/* The last bytes of the input move to where zeros follow them. Who goes on behind those gets them again and again, and
 * the row is refused at its end. */
void quic_refill_tail(struct quic_reader *r)
{
	if (r->in_tail) {
		r->over = true;
		r->p = r->limit;
		return;
	}
	memset(r->tail, 0, QUIC_TAIL);
	memcpy(r->tail, r->p, (size_t)(r->end - r->p));
	r->end = r->tail + (r->end - r->p);
	r->p = r->tail;
	r->limit = r->tail + QUIC_TAIL - QUIC_REFILL;
	r->in_tail = true;
}
