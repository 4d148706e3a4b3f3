#!/usr/bin/env bats
# spice-gtk clients ask spice-serve for another size of the display, as they ask the agent in a guest, and the demo
# follows.
load lib

setup() { material; }

asked() { saw "\"resize\",.*\"width\":$1,\"height\":$2}\\]" "$T/events"; }

@test "spice-gtk: the demo follows" {
	serve --demo --events "$T/events"
	peer client host=127.0.0.1 port="$PORT"
	within 10 saw '^agent 1$' "$T/client.log"
	within 10 saw '^primary 1024x768' "$T/client.log"
	tell client 'resize 900 500'
	within 10 asked 900 500
	within 5 saw '^primary 900x500' "$T/client.log"
	tell client 'resize 640 480'
	within 10 saw '^primary 640x480' "$T/client.log"
	# what it draws then is whole: nothing of the old size is missed
	peer_shot client "$T/shot.ppm"
	head -c 20 "$T/shot.ppm" | grep -aqx '640 480'
	running client
	running serve
}

@test "spice-gtk: no agent where nothing can follow" {
	serve --demo --agent off
	peer client host=127.0.0.1 port="$PORT"
	within 10 saw '^primary 1024x768' "$T/client.log"
	! saw '^agent 1$' "$T/client.log" || false
}

@test "remote-viewer: the demo has the size of its window" {
	have remote-viewer xdotool
	screen 1280x1024
	serve --demo --events "$T/events"
	bg client remote-viewer "spice://127.0.0.1:$PORT"
	window=$(timeout 20 xdotool search --sync --onlyvisible --name 'spice-serve|Remote Viewer' | tail -n 1)
	within 20 saw '"event":"ready"' "$T/events"
	xdotool windowsize --sync "$window" 700 600
	within 20 saw '"resize",.*"width":(6[5-9][0-9]|700),"height":5[0-9][0-9]' "$T/events"
	running client
	running serve
}

@test "spice-gtk: three heads of one surface" {
	serve --demo --heads 3 -g 320x240
	peer client host=127.0.0.1 port="$PORT"
	within 10 saw '^primary 960x240' "$T/client.log"
	within 10 saw '^monitors 3 320x240\+0\+0 320x240\+320\+0 320x240\+640\+0$' "$T/client.log"
}
