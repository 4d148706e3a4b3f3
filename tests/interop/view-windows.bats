#!/usr/bin/env bats
# spice-view's windows show the monitors of libspice-server's display, and ask it for what their user makes of them.
load lib

setup() {
	have xdotool import convert spice-view
	screen 1280x1024
}

# window NAME: waits for a visible window of this name; prints its number.
window() { timeout 20 xdotool search --sync --onlyvisible --name "^$1\$"; }

# looks WINDOW PICTURE: exactly so.
looks() { import -window "$1" "$T/window.png" 3>&- && same "$T/window.png" "$2" >"$T/same.log" 2>&1; }

@test "two monitors: a window each; sized, closed, and one monitor again" {
	export AGENT=1
	libspice 2
	tell srv fill copy 'heads 2'
	libspice_shot
	convert "$T/ref.ppm" -crop 400x600+0+0 +repage "$T/left.png"
	convert "$T/ref.ppm" -crop 400x600+400+0 +repage "$T/right.png"
	stop view
	bg windows spice-view --title peer "spice://127.0.0.1:$(sed -n 's/^up //p' "$T/srv.log")"
	left=$(window peer)
	right=$(window 'peer \(2\)')
	xdotool windowmove "$left" 20 20 windowmove "$right" 700 20
	within 20 looks "$left" "$T/left.png"
	within 20 looks "$right" "$T/right.png"
	xdotool windowsize "$right" 300 500
	within 10 saw '^wish 400x600\+0\+0 300x500\+400\+0$' "$T/srv.log"
	xdotool windowsize "$left" 350 450
	within 10 saw '^wish 350x450\+0\+0 300x500\+350\+0$' "$T/srv.log"
	tell srv 'heads 1'
	within 10 missing "$right"
	tell srv 'heads 2'
	right=$(window 'peer \(2\)')
	timeout 20 xdotool windowactivate --sync "$right" key alt+F4
	within 10 missing "$right"
	within 10 saw '^wish 400x600\+0\+0 0x0\+' "$T/srv.log" # the server's last word counts again
	running windows
}
missing() { ! xdotool getwindowgeometry "$1" >/dev/null 2>&1; }

@test "two display channels: a window each, asked for together" {
	export AGENT=1 SECOND=1
	libspice 2
	tell srv fill copy
	libspice_shot
	stop view
	convert -size 800x600 xc:'#9f9f9f' "$T/plain.png"
	bg windows spice-view --title peer "spice://127.0.0.1:$(sed -n 's/^up //p' "$T/srv.log")"
	one=$(window peer)
	two=$(window 'peer \(2\)')
	timeout 20 xdotool windowactivate --sync "$two" # they overlap
	within 20 looks "$two" "$T/plain.png"
	timeout 20 xdotool windowactivate --sync "$one"
	within 20 looks "$one" "$T/ref.ppm"
	xdotool windowsize "$two" 300 500
	within 10 saw '^wish 800x600\+0\+0 300x500\+800\+0$' "$T/srv.log"
	xdotool mousemove --window "$two" 10 10 # nothing that ends the session
	timeout 20 xdotool windowactivate --sync "$one" key alt+F4
	within 10 missing "$one"
	within 10 saw '^wish 0x0\+0\+0 300x500\+0\+0$' "$T/srv.log"
	running windows
}
