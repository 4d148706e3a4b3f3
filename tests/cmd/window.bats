#!/usr/bin/env bats
# spice-view's window on an X server of our own: what it shows, what its user's keys and mouse become,
# and how it ends. There is no window manager but where a test starts one.

setup() {
	for p in Xvfb xdotool import compare; do
		command -v "$p" >/dev/null || skip "$p is not installed"
	done
	cd "$BATS_TEST_TMPDIR" || return
	unset SDL_VIDEODRIVER WAYLAND_DISPLAY
	# what SDL and the libraries below it keep until the end is not ours
	printf 'leak:%s\n' libdbus libSDL2 libX11 libxcb libXi libXext libXcursor libXrender >leaks
	export LSAN_OPTIONS=suppressions=$PWD/leaks:print_suppressions=0
	pids=()
	mkfifo display
	Xvfb -displayfd 5 -screen 0 1024x768x24 -nolisten tcp 5>display 2>xvfb.log 3>&- &
	xvfb=$!
	pids+=("$xvfb")
	read -r number <display
	export DISPLAY=:$number
}

teardown() {
	for p in "${pids[@]}"; do kill "$p" 2>/dev/null || true; done
}

# seen FILE REGEX: waits until a line of a file matches
seen() {
	timeout 20 grep -m 1 -qE "$2" <(tail -n +1 -F "$1" 2>/dev/null)
}

# serve SCRIPT-LINE...: a server that draws these; its address is $server
serve() {
	printf '%s\n' "$@" 'wait 600000' >draw.txt
	rm -f serve.out events # what an earlier one wrote says nothing of this one
	spice-serve --port 0 -g 320x200 --script draw.txt --events events >serve.out 2>serve.err 3>&- &
	serve=$!
	pids+=("$serve")
	seen serve.out '^listening spice 127'
	server=$(sed -nE 's/^listening spice (127[^ ]*)$/\1/p' serve.out)
}

# view OPTION...: a viewer whose window has the focus
view() {
	spice-view --title window-test "$@" "$server" 2>view.err 3>&- &
	view=$!
	pids+=("$view")
	window=$(timeout 20 xdotool search --sync --onlyvisible --name '^window-test$')
	timeout 20 xdotool windowfocus --sync "$window"
}

# manager: a window manager; what it decides on focus and place is not ours to say
manager() {
	command -v openbox >/dev/null || skip "openbox is not installed"
	openbox --sm-disable --startup 'echo ready' >openbox.log 2>&1 3>&- &
	pids+=("$!")
	seen openbox.log '^ready'
}

# second: the viewer's second window, $second, beside the first
second() {
	second=$(timeout 20 xdotool search --sync --onlyvisible --name '^window-test \(2\)$')
	timeout 20 xdotool windowmove --sync "$second" 700 500
}

# gone WINDOW: it goes
gone() {
	local i
	for i in $(seq 1000); do xwininfo -id "$1" >/dev/null 2>&1 || return 0; done
	return 1
}

# is WINDOW WxH: it comes to have that size
is() {
	local i
	for i in $(seq 1000); do
		[ "$(xdotool getwindowgeometry --shell "$1" | sed -n 's/^WIDTH=//p;s/^HEIGHT=/x/p' | tr -d '\n')" != "$2" ] ||
			return 0
	done
	return 1
}

# ends STATUS: the viewer ends by itself with it
ends() {
	local rc=0
	timeout 30 tail -f --pid="$view" /dev/null || { echo 'still there'; cat view.err serve.err; return 1; }
	wait "$view" || rc=$?
	[ "$rc" = "$1" ] || { echo "status $rc instead of $1"; cat view.err serve.err; return 1; }
}

# shows FILE [WINDOW]: the window comes to look exactly so
shows() {
	local i differ
	for i in $(seq 60); do
		import -window "${2:-$window}" shot.png
		differ=$(compare -metric AE "$1" shot.png null: 2>&1) && [ "$differ" = 0 ] && return
	done
	echo "$differ pixels differ from $1"
	return 1
}

picture=('fill 0 0 320 200 #204060' 'fill 10 20 100 50 #ff8000' 'fill 200 100 33 77 #00ff80')

@test "the picture, pixel by pixel, also what is drawn later" {
	serve "${picture[@]}" 'wait-input' 'fill 50 60 17 19 #ffffff'
	view
	spice-view --screenshot before.png "$server"
	shows before.png
	xdotool key x
	seen events '"event":"key"'
	convert before.png -fill '#ffffff' -draw 'rectangle 50,60 66,78' after.png
	shows after.png
}

@test "keys, clicks and positions arrive" {
	serve "${picture[@]}"
	view
	xdotool key --window 0 a shift+Up
	xdotool mousemove --window "$window" 123 45 click 3 click 4
	seen events '"position".*"x":123,"y":45'
	seen events '"button":4,"down":false'
	run grep -oE '"(code|button)":[0-9]+,"down":[a-z]+' events
	[ "$output" = '"code":30,"down":true
"code":30,"down":false
"code":42,"down":true
"code":57416,"down":true
"code":42,"down":false
"code":57416,"down":false
"button":3,"down":true
"button":3,"down":false
"button":4,"down":true
"button":4,"down":false' ] || { echo "$output"; false; }
}

@test "a scaled window keeps the shape and maps the pointer back" {
	serve "${picture[@]}"
	view --scale=nearest
	xdotool windowsize --sync "$window" 640 420
	spice-view --screenshot one.png "$server"
	convert one.png -sample 200% -background black -gravity center -extent 640x420 two.png
	shows two.png
	xdotool mousemove --window "$window" 301 111
	seen events '"position".*"x":150,"y":50'
}

@test "a window that its user sizes: the guest is asked for that size, once; not with --resize off, not scaled" {
	serve "${picture[@]}"
	view
	xdotool windowsize --sync "$window" 500 333
	seen events '"resize".*"width":500,"height":333'
	kill "$view"
	ends 0
	for o in --resize=off --scale; do
		view "$o"
		xdotool windowsize --sync "$window" 640 420
		xdotool mousemove --window "$window" 10 10 key z
		seen events '"code":44,"down":false'
		spice-view --script <(echo 'wait 1s') "$server" # longer than a window rests
		kill "$view"
		ends 0
	done
	[ "$(grep -c '"resize"' events)" = 1 ]
}

@test "a hot key is for the window and not for the server" {
	serve "${picture[@]}"
	view --hotkeys secure-attention=ctrl+f5
	xdotool key ctrl+F5
	seen events '"code":57427,"down":false'
	xdotool key b
	seen events '"code":48,"down":false'
	run grep -c '"code":63,' events
	[ "$output" = 0 ]
}

@test "hot keys of a .vv file: one is another, one is off, one stays" {
	serve "${picture[@]}"
	printf '[virt-viewer]\ntype=spice\nhost=127.0.0.1\nport=%s\n%s\n' "${server#*:}" \
		$'secure-attention=Ctrl+Alt+Ins\ntoggle-fullscreen=\nusb-device-reset=ctrl+r' >"$BATS_TEST_TMPDIR/x.vv"
	server=$BATS_TEST_TMPDIR/x.vv
	view
	xdotool key ctrl+alt+Insert # is ctrl+alt+del to the server
	seen events '"code":57427,"down":false'
	xdotool key shift+F11 # goes to the server
	seen events '"code":87,"down":false'
	xdotool key shift+F12 # does not
	xdotool key b
	seen events '"code":48,"down":false'
	run grep -cE '"code":(57426|88),' events
	[ "$output" = 0 ]
}

@test "looking only: nothing is sent" {
	serve "${picture[@]}"
	view --view-only
	xdotool mousemove --window "$window" 100 100 click 1 key a
	kill "$view"
	ends 0
	seen events '"event":"left"'
	run grep -cE '"(key|button|position|motion)"' events
	[ "$output" = 0 ]
}

@test "what is held is let go when the window loses the keyboard" {
	serve "${picture[@]}"
	view
	xdotool keydown c
	seen events '"code":46,"down":true'
	xdotool windowfocus 0x1 2>/dev/null || true
	xdotool windowunmap "$window"
	seen events '"code":46,"down":false'
	xdotool keyup c
}

@test "the window closed by its user: 0" {
	manager
	serve "${picture[@]}"
	view
	for i in $(seq 1000); do # the manager has its own idea of who has the focus
		[ "$(xdotool getactivewindow 2>/dev/null)" != "$window" ] || break
	done
	xdotool key --clearmodifiers alt+F4
	ends 0
}

heads=("${picture[@]}" 'monitors 0,0,150,200 150,20,170,180')

@test "a window a head: its part of the picture, its pointer; it goes and comes with its head" {
	serve "${heads[@]}" 'wait-input' 'fill 200 60 17 19 #ffffff' 'wait-input' 'monitors 0,0,320,200' \
		'wait-input' 'monitors 0,0,100,200 100,0,50,40'
	view
	second
	spice-view --screenshot all.png "$server"
	convert all.png -crop 150x200+0+0 +repage one.png
	convert all.png -crop 170x180+150+20 +repage two.png
	shows one.png
	shows two.png "$second"
	xdotool mousemove --window "$second" 23 45
	seen events '"position".*"x":173,"y":65'
	timeout 20 xdotool windowfocus --sync "$second" key x
	seen events '"code":45,"down":false'
	convert two.png -fill '#ffffff' -draw 'rectangle 50,40 66,58' drawn.png
	shows drawn.png "$second"
	xdotool key y
	gone "$second"
	is "$window" 320x200
	spice-view --screenshot all.png "$server"
	shows all.png
	timeout 20 xdotool windowfocus --sync "$window" key z
	second
	is "$window" 100x200
	is "$second" 50x40
	convert all.png -crop 50x40+100+0 +repage two.png
	shows two.png "$second"
}

@test "--display: the window of one head" {
	serve "${heads[@]}"
	view --display 1
	spice-view --screenshot all.png "$server"
	convert all.png -crop 170x180+150+20 +repage two.png
	shows two.png
	[ "$(xdotool search --onlyvisible --name window-test | wc -l)" = 1 ]
	xdotool mousemove --window "$window" 5 6
	seen events '"position".*"x":155,"y":26'
}

@test "two windows: each is sized for itself, the guest is asked for both, and for one when the other is closed" {
	manager
	serve "${heads[@]}"
	view
	second
	xdotool windowsize --sync "$second" 222 111
	seen events '"monitors":\[{"x":0,"y":0,"width":150,"height":200},{"x":150,"y":0,"width":222,"height":111}\]'
	xdotool windowsize --sync "$window" 333 111
	seen events '"monitors":\[{"x":0,"y":0,"width":333,"height":111},{"x":333,"y":0,"width":222,"height":111}\]'
	timeout 20 xdotool windowactivate --sync "$second" key shift+F11
	is "$second" 1024x768
	is "$window" 333x111
	seen events '"monitors":\[{"x":0,"y":0,"width":333,"height":111},{"x":333,"y":0,"width":1024,"height":768}\]'
	xdotool key shift+F11
	is "$second" 222x111
	xdotool key alt+F4
	gone "$second"
	seen events '"monitors":\[{"x":0,"y":0,"width":333,"height":111}\]'
	for i in $(seq 1000); do
		[ "$(xdotool getactivewindow 2>/dev/null)" != "$window" ] || break
	done
	xdotool key a
	seen events '"code":30,"down":false'
	xdotool key alt+F4
	ends 0
}

@test "the server gone: 69; the display gone: 69" {
	serve "${picture[@]}"
	view
	kill "$serve"
	ends 69
	serve "${picture[@]}"
	view
	kill -9 "$xvfb"
	ends 69
	grep -q 'display has gone' view.err
}

# SDL would wait for ever for a window that is never mapped, or never unmapped.
@test "the display gone while the window is about to be shown: 69" {
	for i in 1 2 3 4 5; do
		rm -f display
		mkfifo display
		Xvfb -displayfd 5 -screen 0 1024x768x24 -nolisten tcp 5>display 2>xvfb.log 3>&- &
		xvfb=$!
		pids+=("$xvfb")
		read -r number <display
		serve "${picture[@]}"
		DISPLAY=:$number spice-view --title window-test "$server" 2>view.err 3>&- &
		view=$!
		pids+=("$view")
		seen events '"event":"joined"'
		kill -9 "$xvfb"
		ends 69
		kill "$serve"
	done
}

@test "the display gone while the viewer is about to leave: it leaves, as told or because of that" {
	local rc=0
	serve "${picture[@]}"
	view
	kill -STOP "$xvfb"
	kill "$view"
	kill -9 "$xvfb"
	timeout 30 tail -f --pid="$view" /dev/null
	wait "$view" || rc=$?
	[ "$rc" = 0 ] || [ "$rc" = 69 ]
}

@test "no display: 69; bad options: 64" {
	run spice-view --hotkeys no-such-action=f1 127.0.0.1:1
	[ "$status" = 64 ]
	run spice-view --scale=sideways 127.0.0.1:1
	[ "$status" = 64 ]
	DISPLAY=:9321 run spice-view 127.0.0.1:1
	[ "$status" = 69 ]
	[[ $output == *"no display"* ]]
}
