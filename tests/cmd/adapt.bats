# What is sent depends on what the client's link carries: lossless at once, or lossy first and exact when it rests, GLZ
# deflated or plain; --stats says which, and why.
load helper

# scene: a photograph and a page of text, drawn once somebody looks; all.ppm is what they make
scene() {
	python3 - <<'END'
import math, random
random.seed(4)
w, h = 640, 320
def photo(x, y):
    return (int(128 + 100 * math.sin(x / 37) + random.randrange(12)), int(128 + 90 * math.cos(y / 41)),
        int(128 + 80 * math.sin((x + y) / 67) + random.randrange(6)))
def page(x, y):
    return (20, 20, 60) if (x // 2 * 7 + y // 3 * 13) % 11 < 3 and y % 20 > 5 else (250, 250, 240)
def save(name, w, h, px):
    open(name, "wb").write(b"P6\n%d %d\n255\n" % (w, h) + px)
screen = bytearray(3 * w * h)
for name, left, pw, ph, at in ("photo.ppm", 0, 320, 240, photo), ("page.ppm", 320, 300, 300, page):
    px = bytes(v & 255 for y in range(ph) for x in range(pw) for v in at(x, y))
    save(name, pw, ph, px)
    for y in range(ph):
        screen[3 * (w * y + left):3 * (w * y + left + pw)] = px[3 * pw * y:3 * pw * (y + 1)]
save("all.ppm", w, h, screen)
END
	printf '%s\n' wait-client 'image 0 0 photo.ppm' 'image 320 0 page.ppm' 'wait 600000' >draw
}

# look ADDRESS: a viewer that captures when it is told to
look() {
	rm -f act
	mkfifo act
	exec 8<>act
	spice-view --script - "$1" <act 3>&- &
	viewer=$!
}
# exact: it shows all.ppm
exact() {
	rm -f shot.ppm
	echo 'capture shot.ppm' >&8
	await test -s shot.ppm
	cmp -s all.ppm shot.ppm
}
# stats REGEX: the latest line says so
stats() { tail -n 1 out | grep -qE "$1"; }

@test "a thin link: JPEG first, GLZ deflated, and exact in the end" {
	scene
	serve -g 640x320 --script draw --stats -v
	relay --rate 3000 --delay 5 "$at"
	look "$through"
	await stats '"link":\{"kbit":[0-9]+,"latency_us":[0-9]+,"slow":true.*"lossy":\{"on":true,"why":"link"\},"zlib":\{"on":true,"why":"link"\}'
	await stats '"images":\{.*"JPEG":[1-9]'
	await stats '"images":\{.*"ZLIB_GLZ_RGB":[1-9]'
	grep -qE 'the link carries [0-9]+ kbit/s: it is slow' err
	grep -q 'pictures lossy first (link), GLZ deflated (link)' err
	await stats '"inexact":0,"mended":[1-9]'
	await exact
}

@test "a fast link: lossless" {
	scene
	serve -g 640x320 --script draw --stats
	relay --rate 200000 "$at"
	look "$through"
	await stats '"slow":false.*"lossy":\{"on":false,"why":"link"\},"zlib":\{"on":false,"why":"link"\},"images":\{[^}]*QUIC'
	await exact
	run ! stats '"JPEG"|"ZLIB'
}

@test "a unix socket: as it is" {
	scene
	serve --unix "$PWD/sock" -g 640x320 --script draw --stats
	look "spice+unix://$PWD/sock"
	await stats '"lossy":\{"on":false,"why":"socket"\}.*"BITMAP":'
	await exact
}

@test "options go before what is measured" {
	scene
	serve -g 640x320 --script draw --stats --jpeg never --zlib always
	relay --rate 3000 "$at"
	look "$through"
	await stats '"slow":true.*"lossy":\{"on":false,"why":"option"\},"zlib":\{"on":true,"why":"option"\},"images":\{[^}]*QUIC'
	await exact
}
