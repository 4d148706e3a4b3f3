#!/usr/bin/env bats
# Recordings of QXL commands: spice-serve --qxl-replay, and the screens of real ones after so many commands.
load helper

# Two real ones are here; BENCH_DATA/qxl (as of make bench) may have the rest that surfaces.tsv tells of.
here=$root/tests/captures/qxl

# recording [FILE]: a screen of 64x48, filled in three steps, 400 ms apart.
recording() {
	local i
	printf 'SPICE_REPLAY 1\nevent 0 1 20 1000000\n64 48 -256 32\n0 1 0 0\nbinary 0 data 0:\n'
	for i in 1 2 3; do
		printf 'event %d 0 1 %d\ndrawable\nrect bbox 0 0 48 64\ntype 0\neffect 1\nmm_time 0\nself_bitmap 0\n' \
			"$i" "$((i * 400000000))"
		printf 'rect self_bitmap_area 0 0 0 0\nsurface_id 0\n'
		printf 'surfaces_dest -1\nrect surfaces_rects 0 0 0 0\n%.0s' 1 2 3
		printf 'type 1\ntype 1\nu.color %d\nrop_descriptor 8\nflags 0\npoint 0 0\nimage 0\n' "$((i * 0x111111))"
	done
}

# shows COLOUR: the screen is 64x48 of it.
shows() {
	view "$at" --settle 300 --screenshot shot.ppm
	[ "$(head -c 11 shot.ppm | tr '\n' ' ')" = "P6 64 48 25" ]
	[ "$(tail -c +14 shot.ppm | od -An -v -tx1 -w3 | sort -u | tr -d ' ')" = "$1" ]
}

@test "a recording plays when somebody looks, and its last picture stays" {
	recording >rec
	serve --qxl-replay rec --speed max
	shows 333333
	shows 333333
}

@test "so many commands, then the picture is held; none is a black screen" {
	recording >rec
	for n in 0:000000 1:111111 2:222222 3:333333 99:333333; do
		serve --qxl-replay rec --speed max --commands "${n%:*}"
		shows "${n#*:}"
		kill "$server"
		gone "$server"
	done
}

@test "its own pace, and multiples of it" {
	recording >rec
	serve --qxl-replay rec --once
	viewer "$at" --screenshot first.ppm --settle 1000
	started=$(date +%s%N)
	gone "$viewer"
	[ $((($(date +%s%N) - started) / 1000000)) -ge 1700 ] # 800 ms of recording, and 1000 unchanged
	ends 0 "$server"
	serve --qxl-replay rec --speed 100
	shows 333333
}

@test "a recording from a pipe" {
	mkfifo pipe
	recording >rec
	(head -c 700 rec; tail -c +701 rec) >pipe 3>&- &
	serve --qxl-replay - --speed max <pipe
	shows 333333
}

@test "a recording cut short plays as far as it goes" {
	recording >rec
	head -c -5 rec >short
	serve --qxl-replay short --speed max
	shows 222222
	grep -q "short: cut short" err
	[ "$(wc -l <err)" = 1 ]
}

@test "bytes that are no recording end with 65 and one line" {
	recording >rec
	refuses 65 spice-serve -p 0 --qxl-replay /dev/null
	for bad in 'SPICE_REPLAY 2\n' 'SPICE' 'SPICE_REPLAY 1\n' 'SPICE_REPLAY 1\nevent 0 1 99 0\n' \
		'SPICE_REPLAY 1\nevent 0 1 20 0\n64 48 -256 32\nno\n'; do
		# shellcheck disable=SC2059
		printf "$bad" >bad
		refuses 65 spice-serve -p 0 --qxl-replay bad
		[ "$(wc -l <refused.err)" = 1 ]
	done
	refuses 65 spice-serve -p 0 --qxl-replay bad
	head -c 100000 /dev/urandom >bad
	refuses 65 spice-serve -p 0 --qxl-replay bad
	run -65 timeout 20 spice-serve -p 0 --qxl-replay - <bad
}

@test "a fault in the middle ends with 65 and one line, when it is come to" {
	recording >rec
	sed 's/^u.color 2236962$/u.color x/' rec >bad
	serve --qxl-replay bad --speed max
	view "$at" --settle 5000 --screenshot shot.ppm || true
	ends 65 "$server"
	grep -q "bad: event 2, byte [0-9]*: no 'u.color'" err
	[ "$(wc -l <err)" = 1 ]
}

@test "commands that no device accepts are passed over" {
	recording | sed '0,/^rop_descriptor 8/s//rop_descriptor 65535/' >odd
	serve --qxl-replay odd --speed max --commands 1
	shows 000000
	grep -q 'odd: event 1 is passed over: rop_descriptor' err
}

@test "what does not go together" {
	recording >rec
	refuses 64 spice-serve --speed 2
	refuses 64 spice-serve --commands 2
	refuses 64 spice-serve --qxl-replay rec --demo
	refuses 64 spice-serve --qxl-replay rec --speed fast
	refuses 64 spice-serve --qxl-replay rec --speed 0
	refuses 64 spice-serve --qxl-replay rec --commands -1
	refuses 64 spice-serve --qxl-replay rec -g 64x48
	refuses 64 spice-serve --qxl-replay rec --heads 2
	refuses 64 spice-serve --qxl-replay - --password-fd 0
	refuses 66 spice-serve --qxl-replay absent
}

# real NAME: the sums of a recorded desktop.
real() {
	local want rec
	command -v zstd >/dev/null || skip "zstd is not installed"
	rec=$here/$1.rec.zst
	[ -f "$rec" ] || rec=${BENCH_DATA:-}/qxl/$1.rec.zst
	[ -f "$rec" ] || skip "only with BENCH_DATA"
	want=$(sed -n "s/^$1\t\([0-9]*\)\t\([0-9a-f]*\)$/\1 \2/p" "$here/surfaces.tsv")
	[ "$(wc -l <<<"$want")" = 3 ]
	# shellcheck disable=SC2046
	zstd -dc --long=27 "$rec" | "$BUILD/tests/qxl-sums" $(cut -d' ' -f1 <<<"$want") >got
	diff got - <<<"$want"
}

@test "a real desktop: chromium" { real chromium-scroll; }
@test "a real desktop: a window is dragged" { real desktop-drag; }
@test "a real desktop: pages of a document" { real evince-pdf; }
@test "a real desktop: gears" { real glxgears300; }
@test "a real desktop: a film" { real mpv-video320; }
@test "a real desktop: a terminal scrolls" { real xterm-lslR; }

@test "a real desktop at a viewer" {
	command -v zstd >/dev/null || skip "zstd is not installed"
	serve --qxl-replay - --speed max --commands 1289 < <(zstd -dc --long=27 "$here/desktop-drag.rec.zst" 3>&-)
	view "$at" --settle 700 --screenshot shot.ppm
	python3 - shot.ppm "$here/surfaces.tsv" <<'PY'
import hashlib, sys
head, size, _, px = open(sys.argv[1], "rb").read().split(b"\n", 3)
w, h = map(int, size.split())
out = bytearray(4 * w * h)
out[0::4], out[1::4], out[2::4] = px[2::3], px[1::3], px[0::3]
for y in range(h - 8, h):
    out[4 * (y * w + w - 8):4 * (y * w + w)] = bytes(32)
assert "desktop-drag\t1289\t" + hashlib.sha256(out).hexdigest() in open(sys.argv[2]).read()
PY
}
