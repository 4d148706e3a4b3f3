"""render.py SCRIPT WxH OUT.ppm: draws a drawing script of spice-serve and writes the screen, surface 0.

An independent renderer, the oracle of serve-draw.bats: written from the pixel rules of the protocol, one pixel at a
time, sharing nothing with the library. A surface is a list of rows of stored words; every operation works on whole
words. Pauses draw nothing, so they are passed over; a command that is not known here ends the run.
"""
import os
import shlex
import sys
import pixels

FORMATS = {'32_xrgb': 32, '32_argb': 32, '16_555': 16, '16_565': 16, '8_a': 8}
PASSED_OVER = {'wait', 'at', 'wait-client', 'wait-input', 'cursor', 'cursor-move', 'cursor-hide', 'monitors'}


def mul(a, b):
	t = a * b + 128
	return (t + (t >> 8)) >> 8


def channels(word):
	return [word >> s & 255 for s in (24, 16, 8, 0)]


def word_of(parts):
	a, r, g, b = parts
	return a << 24 | r << 16 | g << 8 | b


def argb(word, form):
	"""A stored word of a surface format as 8 bit ARGB."""
	if form == '16_555':
		parts = [word >> s & 31 for s in (10, 5, 0)]
		return word_of([255] + [v << 3 | v >> 2 for v in parts])
	if form == '16_565':
		r, g, b = word >> 11 & 31, word >> 5 & 63, word & 31
		return word_of([255, r << 3 | r >> 2, g << 2 | g >> 4, b << 3 | b >> 2])
	if form == '8_a':
		return word << 24
	return word if form == '32_argb' else word | 0xff000000


def stored(colour, form):
	"""8 bit ARGB as a word of a surface format: low bits are cut off."""
	a, r, g, b = channels(colour)
	if form == '16_555':
		return r >> 3 << 10 | g >> 3 << 5 | b >> 3
	if form == '16_565':
		return r >> 3 << 11 | g >> 2 << 5 | b >> 3
	return a if form == '8_a' else colour


class Surface:
	def __init__(self, w, h, form='32_xrgb'):
		self.w, self.h, self.form = w, h, form
		self.ones = (1 << FORMATS[form]) - 1
		self.rows = [[0] * w for _ in range(h)]


class Image:
	"""What a draw command reads: 8 bit ARGB; alpha tells whether its alpha means anything."""

	def __init__(self, w, h, rows, alpha):
		self.w, self.h, self.rows, self.alpha = w, h, rows, alpha

	def at(self, x, y):
		"""The pixel, or nothing outside."""
		return self.rows[y][x] if 0 <= x < self.w and 0 <= y < self.h else None


def rop_function(words, ones, kind_a='src', kind_b='dest'):
	"""The ropd words as a function of two stored words. kind_a and kind_b say which INVERS words concern them."""
	words = set(words.replace('_', '-').split('+'))
	not_a, not_b = 'invers-' + kind_a in words, 'invers-' + kind_b in words
	invert = ones if 'invers-res' in words else 0
	op = next((o for o in ('put', 'or', 'and', 'xor', 'blackness', 'whiteness', 'invers')
		if o in words or 'op-' + o in words), 'put')

	def rop(a, b):
		if op == 'invers':  # of what is there, whatever else is to be inverted
			return b ^ ones
		a = a ^ ones if not_a else a
		b = b ^ ones if not_b else b
		if op == 'put':
			return a ^ invert
		if op == 'or':
			return (a | b) ^ invert
		if op == 'and':
			return (a & b) ^ invert
		if op == 'xor':
			return a ^ b ^ invert
		return 0 if op == 'blackness' else ones
	return rop


def rop3_function(code, ones):
	def rop3(p, s, d):
		out = 0
		for k in range(8):
			if code >> k & 1:
				out |= (p if k & 4 else ~p) & (s if k & 2 else ~s) & (d if k & 1 else ~d)
		return out & ones
	return rop3


def scaled(image, area, w, h, smooth):
	"""src_area of an image at another size, in 1/65536 of a pixel; outside the image all is transparent black."""
	left, top, sw, sh = area
	fx, fy = 65536 * sw // w, 65536 * sh // h
	rows = []
	for j in range(h):
		v = 65536 * top + j * fy + ((fy + 1) >> 1)
		row = []
		for i in range(w):
			u = 65536 * left + i * fx + ((fx + 1) >> 1)
			row.append(bilinear(image, u - 32768, v - 32768) if smooth
				else image.at((u - 1) >> 16, (v - 1) >> 16) or 0)
		rows.append(row)
	return Image(w, h, rows, image.alpha)


def bilinear(image, u, v):
	x, y, wx, wy = u >> 16, v >> 16, u >> 9 & 127, v >> 9 & 127
	corners = [channels(image.at(x + i, y + j) or 0) for j in (0, 1) for i in (0, 1)]
	weights = [(128 - wx) * (128 - wy), wx * (128 - wy), (128 - wx) * wy, wx * wy]
	return word_of([sum(c[k] * q for c, q in zip(corners, weights)) >> 14 for k in range(4)])


class Renderer:
	def __init__(self, w, h, folder):
		self.surfaces = {0: Surface(w, h)}
		self.on = self.surfaces[0]
		self.folder = folder
		self.pictures = {}
		self.clip = self.mask = None

	# What commands need: pictures, the region, colours.

	def load(self, name):
		w, h, rows = pixels.read(os.path.join(self.folder, name))
		alpha = any(v >> 24 != 255 for row in rows for v in row)
		if alpha:
			rows = [[word_of([v >> 24] + [mul(c, v >> 24) for c in channels(v)[1:]]) for v in row]
				for row in rows]
		return Image(w, h, rows, alpha)

	def image(self, name):
		if name.startswith('@'):
			s = self.surfaces[int(name[1:])]
			rows = [[argb(v, s.form) for v in row] for row in s.rows]
			return Image(s.w, s.h, rows, s.form == '32_argb')
		return self.pictures[name] if name in self.pictures else self.load(name)

	def region(self, x, y, w, h, masked=True):
		"""The pixels of a box that a command may touch."""
		s = self.on
		for py in range(max(y, 0), min(y + h, s.h)):
			for px in range(max(x, 0), min(x + w, s.w)):
				if self.clip is not None and not any(
						cx <= px < cx + cw and cy <= py < cy + ch for cx, cy, cw, ch in self.clip):
					continue
				if masked and self.mask:
					image, mx, my, invers = self.mask
					bit = image.at(px - mx, py - my)
					if bit is None or (bit & 0xffffff == 0) != invers:
						continue
				yield px, py

	def colour(self, text):
		"""A solid colour is the stored word itself, cut to the word."""
		return int(text[1:], 16) & self.on.ones

	def paint(self, box, make, masked=True):
		"""make(x, y, destination) gives the new word, or nothing."""
		rows = self.on.rows
		for x, y in self.region(*box, masked=masked):
			new = make(x, y, rows[y][x])
			if new is not None:
				rows[y][x] = new

	def rop(self, words, *kinds):
		return rop_function(words, self.on.ones, *kinds)

	def source(self, image, x, y, sx=0, sy=0):
		"""A function from surface pixel to the word of an unscaled image there."""
		form = self.on.form

		def at(px, py):
			v = image.at(px - x + sx, py - y + sy)
			return None if v is None else stored(v, form)
		return at

	# The commands.

	def do_surface(self, number, size, form='32_xrgb'):
		w, h = map(int, size.split('x'))
		self.surfaces[int(number)] = Surface(w, h, form)

	def do_destroy(self, number):
		del self.surfaces[int(number)]

	def do_on(self, number):
		self.on = self.surfaces[int(number)]

	def do_picture(self, name, file):
		self.pictures[name] = self.load(file)

	def do_image(self, x, y, pic, *rest):
		rest, words = split_rop(rest)
		image, x, y = self.image(pic), int(x), int(y)
		w, h, sx, sy = (list(map(int, rest)) + [image.w, image.h, 0, 0][len(rest):])
		at, rop = self.source(image, x, y, sx, sy), self.rop(words)

		def make(px, py, dest):
			v = at(px, py)
			return None if v is None else rop(v, dest)
		self.paint((x, y, w, h), make)

	do_blend = do_image

	def do_opaque(self, x, y, pic, *rest):
		"""The script's opaque has no colour, so its brush is NONE: solid 0."""
		rest, words = split_rop(rest)
		image, x, y = self.image(pic), int(x), int(y)
		w, h, sx, sy = (list(map(int, rest)) + [image.w, image.h, 0, 0][len(rest):])
		at, rop = self.source(image, x, y, sx, sy), self.rop(words, 'brush', 'src')

		def make(px, py, dest):
			v = at(px, py)
			return rop(0, dest if v is None else v)
		self.paint((x, y, w, h), make)

	def do_stretch(self, x, y, w, h, pic, *rest):
		smooth = 'smooth' in rest
		area = [int(v) for v in rest if v not in ('nearest', 'smooth')]
		image, x, y, w, h = self.image(pic), int(x), int(y), int(w), int(h)
		area = area or [0, 0, image.w, image.h]
		if area[2:] != [w, h]:
			image, area = scaled(image, area, w, h, smooth), [0, 0]
		at = self.source(image, x, y, area[0], area[1])
		self.paint((x, y, w, h), lambda px, py, dest: at(px, py))

	def do_transparent(self, x, y, pic, colour):
		image, x, y = self.image(pic), int(x), int(y)
		at, low = self.source(image, x, y), self.on.ones & 0xffffff
		key = stored(int(colour[1:], 16), self.on.form) & low

		def make(px, py, dest):
			v = at(px, py)
			return None if v is None or v & low == key else v
		self.paint((x, y, image.w, image.h), make, masked=False)

	def do_alpha(self, x, y, pic, opacity):
		image, x, y, opacity = self.image(pic), int(x), int(y), int(opacity)
		form = self.on.form

		def make(px, py, dest):
			v = image.at(px - x, py - y)
			if v is None or not opacity:
				return None
			parts = channels(v if image.alpha else v | 0xff000000)
			cover = 255 - mul(parts[0], opacity)
			return stored(word_of([min(255, mul(s, opacity) + mul(d, cover))
				for s, d in zip(parts, channels(argb(dest, form)))]), form)
		self.paint((x, y, image.w, image.h), make, masked=False)

	def do_fill(self, x, y, w, h, colour, *rest):
		rop, brush = self.rop(split_rop(rest)[1], 'brush'), self.colour(colour)
		self.paint((int(x), int(y), int(w), int(h)), lambda px, py, dest: rop(brush, dest))

	def do_pattern(self, x, y, w, h, pic, *rest):
		rest, words = split_rop(rest)
		ox, oy = map(int, rest or (0, 0))
		image, rop, form = self.image(pic), self.rop(words, 'brush'), self.on.form
		self.paint((int(x), int(y), int(w), int(h)), lambda px, py, dest: rop(
			stored(image.rows[(py - oy) % image.h][(px - ox) % image.w], form), dest))

	def do_rop3(self, x, y, w, h, pic, colour, code):
		at, brush = self.source(self.image(pic), int(x), int(y)), self.colour(colour)
		rop3 = rop3_function(int(code, 0), self.on.ones)
		self.paint((int(x), int(y), int(w), int(h)), lambda px, py, dest: rop3(brush, at(px, py), dest))

	def do_blackness(self, x, y, w, h):
		self.paint((int(x), int(y), int(w), int(h)), lambda px, py, dest: 0)

	def do_whiteness(self, x, y, w, h):
		self.paint((int(x), int(y), int(w), int(h)), lambda px, py, dest: self.on.ones)

	def do_invers(self, x, y, w, h):
		self.paint((int(x), int(y), int(w), int(h)), lambda px, py, dest: dest ^ self.on.ones)

	def do_mask(self, pic, x, y, invers=''):
		self.mask = self.image(pic), int(x), int(y), invers == 'invers'

	def do_nomask(self):
		self.mask = None

	def do_clip(self, *numbers):
		numbers = list(map(int, numbers))
		self.clip = [numbers[i:i + 4] for i in range(0, len(numbers), 4)]

	def do_noclip(self):
		self.clip = None

	def do_copy_bits(self, x, y, w, h, dx, dy):
		x, y, dx, dy, s = int(x), int(y), int(dx), int(dy), self.on
		old = [row[:] for row in s.rows]

		def make(px, py, dest):
			ox, oy = px - dx + x, py - dy + y
			return old[oy][ox] if 0 <= ox < s.w and 0 <= oy < s.h else None
		self.paint((dx, dy, int(w), int(h)), make, masked=False)

	def run(self, lines):
		"""True when a quit was met."""
		at = 0
		while at < len(lines):
			name, args = lines[at]
			at += 1
			if name == 'quit':
				return True
			if name == 'repeat':
				end = matching_end(lines, at)
				if any(self.run(lines[at:end]) for _ in range(int(args[0]))):
					return True
				at = end + 1
			elif name not in PASSED_OVER:
				getattr(self, 'do_' + name.replace('-', '_'))(*args)
		return False


def split_rop(rest):
	rest = list(rest)
	if 'rop' in rest:
		i = rest.index('rop')
		return rest[:i] + rest[i + 2:], rest[i + 1]
	return rest, 'put'


def matching_end(lines, at):
	depth = 1
	while True:
		depth += (lines[at][0] == 'repeat') - (lines[at][0] == 'end')
		if not depth:
			return at
		at += 1


def words_of(line):
	"""A # begins a comment at the start of a word, unless a colour follows."""
	if line.lstrip().startswith('#'):
		return []
	return shlex.split(line)


def main(script, size, out):
	w, h = map(int, size.split('x'))
	with open(script) as f:
		lines = [words_of(line) for line in f]
	renderer = Renderer(w, h, os.path.dirname(os.path.abspath(script)))
	renderer.run([(words[0], words[1:]) for words in lines if words])
	screen = renderer.surfaces[0]
	pixels.write_ppm(out, (screen.w, screen.h, screen.rows))


if __name__ == '__main__':
	main(*sys.argv[1:])
