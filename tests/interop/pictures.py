"""pictures.py DIR: writes the pictures that the drawing scripts use. Everything is computed, nothing is random."""
import sys
import pixels


def make(w, h, colour):
	return w, h, [[colour(x, y, w, h) for x in range(w)] for y in range(h)]


def gradient(x, y, w, h):
	return 0xff000000 | (x * 255 // (w - 1)) << 16 | (y * 255 // (h - 1)) << 8 | (x * 5 + y * 3) & 255


def smooth(x, y, w, h):
	return 0xff000080 | (x * 255 // (w - 1)) << 16 | (y * 255 // (h - 1)) << 8


def icon(x, y, w, h):
	"""A disc on the colour key #0000ff."""
	dx, dy = 2 * x - w + 1, 2 * y - h + 1
	return 0xffffc800 if dx * dx + dy * dy < w * h * 3 // 4 else 0xff0000ff


def noise(x, y, w, h):
	v = (x * 0x9e3779b1 ^ y * 0x85ebca77) & 0xffffffff
	v = (v ^ v >> 15) * 0x2c1b3c6d & 0xffffffff
	return 0xff000000 | (v ^ v >> 13) & 0xffffff


def tile(x, y, w, h):
	return (0xff2060a0, 0xffe0e040, 0xff802020, 0xff40c080)[(x // 3 + y // 2) & 3]


def ramp(x, y, w, h):
	"""Alpha from clear at the left to opaque at the right, not premultiplied."""
	return (x * 255 // (w - 1)) << 24 | 0xff8000 ^ (y * 255 // (h - 1))


def glass(x, y, w, h):
	"""Alpha from clear at the top left to opaque, colours that differ from it, not premultiplied."""
	a = (x * 255 // (w - 1) + y * 255 // (h - 1)) // 2
	return a << 24 | (255 - x * 255 // (w - 1)) << 16 | (y * 255 // (h - 1)) << 8 | (x * 37 + y * 91) & 255


def ring(x, y, w, h):
	dx, dy = 2 * x - w + 1, 2 * y - h + 1
	r = dx * dx + dy * dy
	return 0xffffffff if w * h // 4 < r < w * h else 0xff000000


def main(folder):
	for name, w, h, colour in (
			('gradient.ppm', 100, 60, gradient), ('icon.png', 48, 40, icon), ('noise.png', 64, 64, noise),
			('tile.png', 13, 7, tile), ('ring.png', 61, 45, ring), ('page.png', 320, 240, gradient),
			('smooth.png', 320, 240, smooth)):
		write = pixels.write_png if name.endswith('.png') else pixels.write_ppm
		write('%s/%s' % (folder, name), make(w, h, colour))
	pixels.write_png(folder + '/ramp.png', make(80, 50, ramp), alpha=True)
	pixels.write_png(folder + '/glass.png', make(28, 18, glass), alpha=True)
	pixels.write_ppm(folder + '/spot.ppm', make(28, 18, ring))


main(sys.argv[1])
