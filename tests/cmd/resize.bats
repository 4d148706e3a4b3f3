# Displays that clients ask for: spice-serve plays the guest's agent, spice-view's script asks it.
load helper

size() { head -c 20 "$1" | sed -n 2p; }

@test "the demo takes the size that is asked for" {
	serve --demo --events events
	# the demo always changes: what only the new size has is waited for
	printf '%s\n' 'resize 1111x555' 'wait-change 1030 0 80 500' 'capture a.ppm' \
		'resize 800x600' 'wait-change 0 560 800 40' 'capture b.ppm' >act
	view --script act "$at"
	[ "$(size a.ppm)" = "1111 555" ]
	[ "$(size b.ppm)" = "800 600" ]
	grep -q '"event":"resize",.*"monitors":\[{"x":0,"y":0,"width":1111,"height":555}\]}$' events
	[ "$(grep -c '"event":"resize"' events)" = 2 ]
	# a newcomer sees it so, and one with no more to say than this leaves nothing unsaid
	echo 'resize 640x480' >act
	view --script act "$at"
	await grep -q '"width":640,"height":480' events
	view --screenshot c.ppm "$at"
	[ "$(size c.ppm)" = "640 480" ]
}

@test "very small and very large: the demo lives on" {
	serve --demo
	printf '%s\n' 'resize 1x1' wait-change 'resize 16384x16384' 'resize 2x1000' 'wait-change 0 500 2 100' \
		'capture a.ppm' >act
	view --script act "$at"
	[ "$(size a.ppm)" = "2 1000" ]
	kill "$server"
	ends 0 "$server"
}

@test "a script is not changed by it: the event tells" {
	echo 'fill 0 0 40 30 #ff0000' >draw
	serve -g 40x30 --script draw --events events
	printf '%s\n' 'resize 50x60' 'wait 50' 'capture a.ppm' >act
	view --script act "$at"
	[ "$(size a.ppm)" = "40 30" ]
	grep -q '"event":"resize",.*"width":50,"height":60' events
}

@test "nobody to ask: 69; --agent off, other sources, clients that may only look" {
	picture p.ppm
	echo 'resize 50x60' >act
	serve --image p.ppm
	refuses 69 spice-view --script act "$at"
	grep -q '^spice-view: act:1: resize: ' refused.err
	serve --demo --agent off
	refuses 69 spice-view --script act "$at"
	view --info "$at" | grep -q '^agent no'
	echo 'secret view-only' >tickets
	serve --demo --ticket-file tickets
	SPICE_PASSWORD=secret refuses 69 spice-view --script act "$at"
	refuses 64 spice-serve --agent perhaps
	refuses 64 spice-view --resize perhaps localhost
	echo 'resize 0x5' >act
	refuses 65 spice-view --script act localhost
}

@test "--heads: displays side by side; a client that asks for another size has all of them in mind" {
	serve --demo --heads 3 -g 200x150 --events events
	view --screenshot a.ppm "$at"
	[ "$(size a.ppm)" = "600 150" ]
	printf '%s\n' 'resize 320x240' 'wait-change 650 0 70 150' 'capture b.ppm' >act
	view --script act "$at"
	[ "$(size b.ppm)" = "720 240" ]
	grep -q '"monitors":\[{"x":0,"y":0,"width":320,"height":240},{"x":320,"y":0,"width":200,"height":150},{"x":520,' events
	picture p.ppm
	serve --image p.ppm --heads 3
	view --screenshot c.ppm "$at"
	cmp p.ppm c.ppm
	serve --heads 2
	view --screenshot d.ppm "$at"
	[ "$(size d.ppm)" = "2048 768" ]
	for n in 0 17 x; do refuses 64 spice-serve --heads $n; done
	refuses 64 spice-serve --heads 16 -g 1025x100
}

@test "--display: one head of several, as a picture and for a script" {
	printf '%s\n' 'fill 0 0 320 200 #204060' 'fill 160 30 20 10 #ff8000' 'monitors 0,0,150,200 150,20,170,180' \
		'wait-input' 'repeat 1000' 'fill 150 20 5 5 #ffffff' 'wait 20' 'fill 150 20 5 5 #ffff00' 'wait 20' end >draw
	serve -g 320x200 --script draw --events events
	view --screenshot all.ppm "$at"
	view --screenshot one.ppm --display 0 "$at"
	view --screenshot two.ppm --display 1 "$at"
	[ "$(size all.ppm) $(size one.ppm) $(size two.ppm)" = "320 200 150 200 170 180" ]
	python3 - <<'END'
def read(name):
    head, size, most, px = open(name, "rb").read().split(b"\n", 3)
    return [int(v) for v in size.split()] + [px]
w, h, all = read("all.ppm")
for name, x, y in ("one.ppm", 0, 0), ("two.ppm", 150, 20):
    pw, ph, px = read(name)
    assert px == b"".join(all[3 * (w * (y + i) + x):3 * (w * (y + i) + x + pw)] for i in range(ph)), name
END
	printf '%s\n' 'expect two.ppm' 'move 3 4' 'key x' 'wait-change 0 0 5 5' 'capture changed.ppm' >act
	view --script act --display 1 "$at"
	grep -q '"position".*"x":153,"y":24' events
	[ "$(tail -c +16 changed.ppm | head -c 2 | od -An -tx1)" = " ff ff" ]
	# a head that is not there is waited for
	refuses 75 spice-view --screenshot three.ppm --display 2 --timeout 1 "$at"
}
