#!/usr/bin/env bats
# What spice-serve compresses, real clients decode to the pixel: each compression as a first picture (spicy-screenshot), as
# drawing commands with pictures in them while one watches, and pictures that come again from the client's cache.
load lib

setup() { material; }

# one COMPRESSION [ARGUMENT...]
one() {
	have spice-serve spicy-screenshot
	local c=$1 f
	shift
	for f in page.png noise.png tile.png; do
		serve --compress "$c" --image $f "$@"
		within 20 first_picture "$F/art/$f"
		stop serve
	done
	for f in scale region surfaces; do
		rendered $f
		{ echo wait-client; cat "$F/art/$f.draw"; } >"$F/art/live-$f.draw"
		serve --compress "$c" -g 320x240 --script "live-$f.draw" "$@"
		peer gtk "uri=spice://127.0.0.1?port=$PORT"
		peer_shows gtk "$F/art/$f.ppm" 20
		stop gtk
		stop serve
	done
}
first_picture() {
	rm -f "$T/shot.ppm"
	timeout -k 1 10 spicy-screenshot -o "$T/shot.ppm" -h 127.0.0.1 -p "$PORT" >"$T/shot.log" 2>&1 3>&- &&
		same "$T/shot.ppm" "$1" ${2:+"$2"} >"$T/same.log"
}

@test "auto" { one auto; }
@test "off" { one off; }
@test "quic" { one quic; }
@test "lz" { one lz; }
@test "glz" { one glz; }
@test "glz in zlib" { one glz --zlib always; }
@test "lz4" { one lz4; }
@test "auto-lz" { one auto-lz; }
@test "auto-glz" { one auto-glz; }

@test "JPEG within its tolerance" {
	have spice-serve spicy-screenshot
	serve --jpeg always --compress quic --image smooth.png
	within 20 first_picture "$F/art/smooth.png" 6
	! same "$T/shot.ppm" "$F/art/smooth.png" >/dev/null || false # or it was none
}

# 200 pictures in turn, of which the client's cache holds some: they go and come again.
@test "pictures that come again, from the client's cache or anew" {
	have spice-serve spice-view spice-dump
	for i in $(seq 20); do
		python3 - "$HERE" "$F/art/again$i.png" "$i" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
import pixels
i = int(sys.argv[3])
pixels.write_png(sys.argv[2], (64, 64, [[0xff000000 | (x * i * 7 & 255) << 16 | (y * 3 & 255) << 8 | i
	for x in range(64)] for y in range(64)]))
END
	done
	{
		echo wait-client
		for i in $(seq 20); do echo "image $((i * 9)) $((i * 5)) again$i.png"; done
		echo repeat 10
		for i in $(seq 20); do echo "image $((200 - i * 7)) $((i * 6)) again$i.png"; done
		echo end
	} >"$F/art/again.draw"
	python3 "$HERE/render.py" "$F/art/again.draw" 320x240 "$F/art/again.ppm"
	for c in quic glz; do
		serve --compress $c -g 320x240 --stats --script again.draw
		peer gtk "uri=spice://127.0.0.1?port=$PORT"
		peer_shows gtk "$F/art/again.ppm" 20
		# 220 pictures of 16 KiB were drawn, 20 were sent
		within 10 saw '"display":\{"in":[0-9]+,"out":([0-9]{4,5}|[12][0-9]{5})\}' "$T/serve.log"
		stop gtk
		stop serve
	done
}

# 90 pictures of 500x500 are more than spice-gtk's 20 Mi pixels: old ones are given up before new ones come, and sent again.
@test "more pictures than the client's cache holds" {
	have spice-serve spice-dump tshark
	python3 - "$HERE" "$F/art" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
import pixels
rows = [[0xff000000 | (x * (i + 1) & 255) << 8 | i for x in range(500)] for i in range(90)]
for i, row in enumerate(rows):
	pixels.write_png('%s/many%d.png' % (sys.argv[2], i), (500, 500, [row] * 500))
below = rows[0][:10] + rows[42][:310] # what stands there at the end, and at no other time
pixels.write_ppm(sys.argv[2] + '/many.ppm', (320, 240, [rows[0][:320]] * 10 + [below] * 230))
END
	{ # not so fast that the pipe collapses and no picture is sent as such
		echo wait-client
		for i in $(seq 0 89); do echo "image 0 0 many$i.png"; echo wait 20; done
		for i in $(seq 89 -1 0); do echo "image 0 0 many$i.png"; echo wait 20; done
		echo "image 10 10 many42.png"
	} >"$F/art/many.draw"
	serve --compress lz -g 320x240 --script many.draw
	bg cap tshark -Q -i lo -f "tcp port $PORT" -w "$T/cap.pcapng"
	within 10 test -s "$T/cap.pcapng"
	peer gtk "uri=spice://127.0.0.1?port=$PORT"
	peer_shows gtk "$F/art/many.ppm" 40
	running gtk
	stop cap
	spice-dump -m INVAL_LIST "$T/cap.pcapng" | grep -q INVAL_LIST
	spice-dump -m DRAW_COPY "$T/cap.pcapng" | grep -q FROM_CACHE
	viewer view "spice://127.0.0.1:$PORT"
	view_shows view "$F/art/many.ppm" 20
}

# The network test of the main channel tells a slow link; then auto takes JPEG and zlib, and never does else.
@test "--jpeg auto: JPEG over a slow link, exact when it rests; exact at once over a fast one" {
	have spice-serve spice-view spicy-screenshot
	serve --image smooth.png
	fast=$PORT
	bg slow python3 -u "$HERE/slow.py" "$PORT" 4000
	within 10 saw '^up' "$T/slow.log"
	PORT=$(sed -n 's/^up //p' "$T/slow.log")
	within 30 first_picture "$F/art/smooth.png" 6
	! same "$T/shot.ppm" "$F/art/smooth.png" >/dev/null || false
	peer gtk "uri=spice://127.0.0.1:$PORT" # one that stays has it exactly in the end
	peer_shows gtk "$F/art/smooth.png" 20
	running gtk
	PORT=$fast
	within 20 first_picture "$F/art/smooth.png"
}
