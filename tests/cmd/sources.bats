# The sources of spice-serve: the drawing script's flow, video on stdin, the demo scene, events.
load helper

# colour FILE X Y: the pixel of a PPM, as rrggbb.
colour() {
	python3 - "$@" <<'END'
import sys
data = open(sys.argv[1], 'rb').read()
w, h = map(int, data.split(None, 3)[1:3])
x, y = map(int, sys.argv[2:])
at = len(data) - 3 * w * h + 3 * (y * w + x)
print(data[at:at + 3].hex())
END
}

shot() { # FILE
	rm -f "$1"
	view --settle 150 --screenshot "$1" "$at"
}

@test "a script on stdin is drawn as it comes" {
	mkfifo lines
	exec 8<>lines
	serve -g 32x32 --script - --events e <lines
	echo 'fill 0 0 32 32 #102030' >&8
	await sees 102030
	echo 'fill 0 0 32 32 #405060' >&8
	await sees 405060
	printf 'fill 0 0 32 32 #7080' >&8
	printf '90\nquit\n' >&8
	gone "$server"
	exec 8>&-
}
sees() {
	shot s.ppm && [ "$(colour s.ppm 5 5)" = "$1" ]
}

@test "what stdin is stays as it was, for others who share it" {
	mkfifo lines
	exec 8<>lines
	serve -g 32x32 --script - <&8
	python3 -c 'import os, sys; sys.exit(not os.get_blocking(8))'
	exec 8>&-
}

@test "stdin is read once: a film can't have it beside another or the script" {
	mkfifo film
	exec 8<>film
	printf 'video 0 0 -\nvideo 8 8 -\n' >s
	serve -g 32x32 --script s <&8
	await grep -q 's:2: stdin is read already' err
	kill "$server"
	ends 0 "$server"
	serve -g 32x32 --script - <&8
	printf 'video 0 0 -\n' >&8
	await grep -q ':1: stdin is read already' err
	exec 8>&-
}

@test "repeat, nested and of no turns; a missing end is said" {
	cat >s <<'END'
fill 0 0 64 64 #000000
fill 0 0 4 1 #ffffff
repeat 0
fill 0 0 64 64 #ff0000
repeat 2
quit
end
end
repeat 3
  copy-bits 0 0 4 1 8 0
  repeat 2
    invers 20 20 1 1
    invers 21 20 1 1
    invers 21 20 1 1
  end
  invers 30 30 2 2
end
repeat 2
invers 40 40 1 1
END
	serve -g 64x64 --script s
	shot s.ppm
	[ "$(colour s.ppm 8 0)" = ffffff ]
	[ "$(colour s.ppm 20 20)" = 000000 ]
	[ "$(colour s.ppm 30 30)" = ffffff ]
	[ "$(colour s.ppm 40 40)" = ffffff ]
	grep -q '^spice-serve: s:18: repeat without end' err
}

@test "wait-client and at count from the first client, quit ends with 0" {
	printf 'wait-client\nfill 0 0 8 8 #ff0000\nat 300\nquit\n' >s
	serve -g 8x8 --script s --events e
	view --screenshot s.ppm "$at"
	gone "$server"
	grep -q '"event":"ready"' e
}

@test "wait-input goes on at a key, and at a button" {
	printf 'wait-input\nfill 0 0 8 8 #00ff00\nwait-input\nquit\n' >s
	serve -g 8x8 --script s --events e
	printf 'key a\nwait 300\nmove 3 4\nclick\nwait 5000\n' >v
	viewer -q --script v "$at"
	gone "$server"
	wait "$viewer" || true
	grep -q '"event":"key","client":[0-9]*,"code":30,"down":true' e
	grep -q '"event":"position","client":[0-9]*,"x":3,"y":4' e
	grep -q '"event":"button","client":[0-9]*,"button":1,"down":true' e
}

@test "lines that can't be done are said by file and line, and passed over" {
	cat >s <<'END'
repeat 3
fill 1 2 3
end
beep 440 100
fill 0 0 8 8 green
image 0 0 none.png
on 7
rop3 0 0 8 8 p.ppm #ffffff 256
text 0 0 "not closed
end
nonsense
fill 0 0 8 8 #123456 # the rest is a comment
fill 0 0 8 8 #123456 more
END
	picture p.ppm
	serve -g 8x8 --script s
	shot s.ppm
	[ "$(colour s.ppm 7 7)" = 123456 ]
	[ "$(sed -n 's/^spice-serve: s:\([0-9]*\): .*/\1/p' err | paste -sd ' ')" = "2 4 5 6 7 8 9 10 11 13" ]
	refuses 65 spice-serve -p 0 --strict --script s
	[ "$(wc -l <refused.err)" = 1 ]
}

@test "a line of 100 kB is refused, the next one is not" {
	{ head -c 100000 /dev/zero | tr '\0' x; printf '\nfill 0 0 8 8 #0000ff\n'; } >s
	serve -g 8x8 --script s
	shot s.ppm
	[ "$(colour s.ppm 0 0)" = 0000ff ]
	grep -q '^spice-serve: s:1: the line is too long' err
}

@test "a loop of many turns comes to its end" {
	printf 'repeat 100000\nfill 0 0 8 8 #ff0000\ninvers 0 0 8 8\nend\nquit\n' >s
	serve -g 8x8 --script s
	gone "$server"
}

y4m() { # CHROMA BYTES-OF-A-FRAME: two frames of 16x16, the second of full white
	printf 'YUV4MPEG2 W16 H16 F25:1 Ip C%s\nFRAME\n' "$1"
	head -c "$2" /dev/zero
	printf 'FRAME\n'
	head -c 256 /dev/zero | tr '\0' '\353'
	head -c $(($2 - 256)) /dev/zero | tr '\0' '\200'
}

@test "y4m in 420, 422, 444 and mono; the last frame stays" {
	for c in 420:384 420jpeg:384 422:512 444:768 mono:256; do
		y4m "${c%:*}" "${c#*:}" >film
		serve --y4m <film
		await whitened
		kill "$server"
		gone "$server"
	done
}
whitened() {
	shot s.ppm && [ "$(colour s.ppm 3 3)" = ffffff ]
}

@test "films of a script play beside it, under their clip" {
	y4m 420 384 >film
	printf 'junk' >bad
	cat >s <<'END'
video 4 6 film
clip 40 0 8 64
video 40 6 film
noclip
video 0 0 bad
video 0 0 none
fill 30 30 4 4 #ff0000
END
	serve -g 64x64 --script s
	await filmed
	[ "$(colour s.ppm 3 6)" = 000000 ]
	[ "$(colour s.ppm 19 21)" = ffffff ]
	[ "$(colour s.ppm 20 21)" = 000000 ]
	[ "$(colour s.ppm 47 6)" = ffffff ]
	[ "$(colour s.ppm 48 6)" = 000000 ]
	[ "$(colour s.ppm 31 31)" = ff0000 ]
	grep -q '^spice-serve: bad: no YUV4MPEG2 header' err
	grep -q '^spice-serve: s:6: none can' err
}
filmed() {
	shot s.ppm && [ "$(colour s.ppm 4 6)" = ffffff ] && [ "$(colour s.ppm 40 6)" = ffffff ]
}

@test "y4m that is none ends with 65" {
	for h in '' 'P6 16 16' 'YUV4MPEG2 W16' 'YUV4MPEG2 W16 H16 It' 'YUV4MPEG2 W16 H16 C420p10' \
		'YUV4MPEG2 W0 H16' 'YUV4MPEG2 W99999 H16' 'YUV4MPEG2X W1 H1'; do
		run -65 timeout 20 spice-serve -p 0 --y4m < <(echo "$h")
	done
	run -65 timeout 20 spice-serve -p 0 --y4m </dev/null
	run -65 timeout 20 spice-serve -p 0 --y4m < <(printf 'YUV4MPEG2 W16 H16\nFRAMED\n')
}

@test "raw with a rate: the last of many frames is what stays" {
	python3 -c "
import sys
for i in range(12):
    sys.stdout.buffer.write(bytes([i * 20, 0, 0, 0]) * 100)" >frames
	serve --raw 10x10@50 <frames
	await blue
}
blue() {
	shot s.ppm && [ "$(colour s.ppm 9 9)" = 0000dc ]
}

@test "raw with a rate: a frame that is late is shown, though none comes after it" {
	mkfifo frames
	exec 8<>frames
	serve --raw 10x10@20 --events e <frames
	python3 -c 'import sys; sys.stdout.buffer.write(bytes([90, 0, 0, 0]) * 100)' >&8
	await sees 00005a
	python3 -c 'import sys; sys.stdout.buffer.write(bytes([200, 0, 0, 0]) * 100)' >&8
	await sees 0000c8
	exec 8>&-
}

@test "raw refuses what is no size" {
	for w in '' 10 10x 10x10@ 10x10@0 10x10@x 0x10 20000x10 16384x16384; do
		refuses 64 spice-serve -p 0 "--raw=$w"
	done
}

@test "the demo's first picture is always the same, and keys and clicks change it" {
	serve --demo -g 640x480
	view --screenshot a.ppm "$at"
	kill "$server"
	gone "$server"
	serve -g 640x480 --events e
	view --screenshot b.ppm "$at"
	cmp a.ppm b.ppm
	printf 'type "hello"\nmove 150 350\nclick\nwait 100\ncapture c.ppm\n' >v
	view --script v "$at"
	grep -q '"event":"key","client":[0-9]*,"code":35,"down":true' e
	grep -q '"event":"button"' e
	# the notes' caret has moved, and letters stand where it was
	! cmp -s <(python3 -c "
d = open('b.ppm', 'rb').read()[-640*480*3:]
print(d[(388 * 640 + 90) * 3:(388 * 640 + 140) * 3].hex())") <(python3 -c "
d = open('c.ppm', 'rb').read()[-640*480*3:]
print(d[(388 * 640 + 90) * 3:(388 * 640 + 140) * 3].hex())")
}

@test "words of --compress, --jpeg and --zlib; options that contradict each other" {
	for o in --compress --jpeg --zlib; do
		refuses 64 spice-serve $o nonsense
		grep -q 'is not one of auto, ' refused.err
	done
	refuses 64 spice-serve --strict
	refuses 64 spice-serve --y4m --password-fd 0
	refuses 64 spice-serve --delay 5s
}
