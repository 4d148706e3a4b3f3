"""Pictures without libraries: PPM (P6, 8 bit) and PNG (8 bit, not interlaced) read and written by hand.

A picture is (width, height, rows); a row is a list of 0xAARRGGBB words, alpha 255 where the file has none.
Called as a program it compares, or looks one picture up in another:
    pixels.py diff A B [TOLERANCE]   how many pixels differ, and where the first one is; 1 if any does
    pixels.py find BIG SMALL         "X Y" of SMALL in BIG, exact; 1 if it is nowhere
    pixels.py raw FILE WxH PICTURE   the number of the BGRx frame in FILE that PICTURE shows; 1 if none
    pixels.py png IN OUT             any picture as PNG
"""
import struct
import sys
import zlib


def read_ppm(data):
	fields, at = [], 2
	while len(fields) < 3:
		while data[at:at + 1].isspace():
			at += 1
		if data[at:at + 1] == b'#':
			at = data.index(b'\n', at)
			continue
		end = at
		while not data[end:end + 1].isspace():
			end += 1
		fields.append(int(data[at:end]))
		at = end
	w, h, top = fields
	if top != 255:
		raise ValueError('only 8 bit PPM')
	at += 1
	if len(data) < at + w * h * 3:
		raise ValueError('PPM cut short')
	rows = []
	for y in range(h):
		line = data[at + y * w * 3:at + (y + 1) * w * 3]
		rows.append([0xff000000 | r << 16 | g << 8 | b
			for r, g, b in zip(line[0::3], line[1::3], line[2::3])])
	return w, h, rows


def paeth(a, b, c):
	pa, pb, pc = abs(b - c), abs(a - c), abs(a + b - 2 * c)
	return a if pa <= pb and pa <= pc else b if pb <= pc else c


def unfilter(kind, line, above, step):
	for i, v in enumerate(line):
		a = line[i - step] if i >= step else 0
		b = above[i]
		c = above[i - step] if i >= step else 0
		line[i] = (v + (0, a, b, (a + b) >> 1, paeth(a, b, c))[kind]) & 255
	return line


def read_png(data):
	at, packed, palette = 8, b'', b''
	while at < len(data):
		size, kind = struct.unpack('>I4s', data[at:at + 8])
		body = data[at + 8:at + 8 + size]
		if kind == b'IHDR':
			w, h, depth, colour, _, _, interlaced = struct.unpack('>IIBBBBB', body)
		elif kind == b'PLTE':
			palette = body
		elif kind == b'IDAT':
			packed += body
		at += 12 + size
	if depth != 8 or interlaced:
		raise ValueError('only 8 bit PNG that is not interlaced')
	step = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
	plain = zlib.decompress(packed)
	above, rows = bytearray(w * step), []
	for y in range(h):
		start = y * (w * step + 1)
		line = bytearray(plain[start + 1:start + 1 + w * step])
		if plain[start]:
			unfilter(plain[start], line, above, step)
		above = line
		part = [line[i::step] for i in range(step)]
		if colour == 3:
			part = [[palette[3 * v + i] for v in part[0]] for i in range(3)]
		elif colour in (0, 4):
			part = [part[0]] * 3 + part[1:]
		if len(part) == 3:
			part.append([255] * w)
		rows.append([a << 24 | r << 16 | g << 8 | b for r, g, b, a in zip(*part)])
	return w, h, rows


def read(name):
	with open(name, 'rb') as f:
		data = f.read()
	if data[:2] == b'P6':
		return read_ppm(data)
	if data[:8] == b'\x89PNG\r\n\x1a\n':
		return read_png(data)
	raise ValueError(name + ': neither PPM nor PNG')


def packed_row(row):
	out = bytearray(len(row) * 3)
	out[0::3] = bytes(v >> 16 & 255 for v in row)
	out[1::3] = bytes(v >> 8 & 255 for v in row)
	out[2::3] = bytes(v & 255 for v in row)
	return out


def write_ppm(name, picture):
	w, h, rows = picture
	with open(name, 'wb') as f:
		f.write(b'P6\n%d %d\n255\n' % (w, h))
		for row in rows:
			f.write(packed_row(row))


def write_png(name, picture, alpha=False):
	w, h, rows = picture

	def chunk(kind, body):
		return struct.pack('>I', len(body)) + kind + body + struct.pack('>I', zlib.crc32(kind + body))
	lines = b''.join(b'\0' + (b''.join(struct.pack('>I', (v << 8 | v >> 24) & 0xffffffff) for v in row)
		if alpha else bytes(packed_row(row))) for row in rows)
	with open(name, 'wb') as f:
		f.write(b'\x89PNG\r\n\x1a\n' +
			chunk(b'IHDR', struct.pack('>IIBBBBB', w, h, 8, 6 if alpha else 2, 0, 0, 0)) +
			chunk(b'IDAT', zlib.compress(lines)) + chunk(b'IEND', b''))


def far(a, b, tolerance):
	return any(abs((a >> s & 255) - (b >> s & 255)) > tolerance for s in (0, 8, 16))


def diff(name_a, name_b, tolerance=0):
	wa, ha, a = read(name_a)
	wb, hb, b = read(name_b)
	if (wa, ha) != (wb, hb):
		print('sizes differ: %dx%d and %dx%d' % (wa, ha, wb, hb))
		return 1
	bad = [(x, y) for y in range(ha) if a[y] != b[y] for x in range(wa) if far(a[y][x], b[y][x], tolerance)]
	if not bad:
		return 0
	x, y = bad[0]
	xs, ys = [p[0] for p in bad], [p[1] for p in bad]
	print('%d of %d pixels differ, the first at %d,%d (#%06x and #%06x), all within %d,%d to %d,%d' % (
		len(bad), wa * ha, x, y, a[y][x] & 0xffffff, b[y][x] & 0xffffff,
		min(xs), min(ys), max(xs), max(ys)))
	return 1


def find(name_big, name_small):
	bw, bh, big = read(name_big)
	w, h, small = read(name_small)
	big, small = [bytes(packed_row(r)) for r in big], [bytes(packed_row(r)) for r in small]
	key = max(range(h), key=lambda y: len(set(small[y][i:i + 3] for i in range(0, w * 3, 3))))
	for y in range(key, bh - (h - 1 - key)):
		at = big[y].find(small[key])
		while at >= 0:
			if at % 3 == 0 and all(big[y - key + i][at:at + w * 3] == small[i] for i in range(h)):
				print(at // 3, y - key)
				return 0
			at = big[y].find(small[key], at + 1)
	print('not found')
	return 1


def raw(name, size, picture):
	w, h = map(int, size.split('x'))
	pw, ph, rows = read(picture)
	if (w, h) != (pw, ph):
		print('the picture is %dx%d' % (pw, ph))
		return 1
	wanted = b''.join(bytes(packed_row(r)) for r in rows)
	with open(name, 'rb') as f:
		number = 0
		while True:
			frame = f.read(w * h * 4)
			if len(frame) < w * h * 4:
				break
			rgb = bytearray(w * h * 3)
			rgb[0::3], rgb[1::3], rgb[2::3] = frame[2::4], frame[1::4], frame[0::4]
			if rgb == wanted:
				print(number)
				return 0
			number += 1
	print('none of %d frames' % number)
	return 1


def main(args):
	if args[0] == 'diff':
		return diff(args[1], args[2], int(args[3]) if len(args) > 3 else 0)
	if args[0] == 'find':
		return find(args[1], args[2])
	if args[0] == 'raw':
		return raw(args[1], args[2], args[3])
	if args[0] == 'png':
		return write_png(args[2], read(args[1]))
	return 64


if __name__ == '__main__':
	sys.exit(main(sys.argv[1:]))
