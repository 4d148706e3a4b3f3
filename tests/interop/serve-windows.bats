#!/usr/bin/env bats
# remote-viewer and spicy show spice-serve's picture in their windows, and what is typed and clicked there arrives.
load lib

setup() {
	material
	have Xvfb openbox xdotool import
	screen 1024x768
	# spicy scales unless its settings say otherwise.
	export XDG_CONFIG_HOME=$T/config
	mkdir -p "$XDG_CONFIG_HOME/spicy"
	printf '[general]\ngrab-keyboard=true\ngrab-mouse=true\nresize-guest=false\nscaling=false\n' \
		>"$XDG_CONFIG_HOME/spicy/settings"
	rendered rops
}

# The pointer goes in, a click grabs it (in server mouse mode), the next one is the machine's.
poke() {
	xdotool mousemove $((X + 100)) $((Y + 80)) click 1
	xdotool mousemove $((X + 120)) $((Y + 90)) click 1 click 1
	xdotool key a key shift+b
}
# Keys are pressed again until they arrive: a window takes the focus when it likes.
arrived() {
	saw "$1" "$T/events" && return
	poke
	saw "$1" "$T/events"
}

# window_of CLIENT...: of this program, connected to spice-serve.
window_of() {
	bg client "$@"
	within 30 found "$F/art/rops.ppm"
	within 20 arrived '"key".*\b30\b'
	within 20 arrived '"button".*\b1\b'
	within 20 arrived '"key".*\b48\b'
	running client
}

@test "remote-viewer" {
	have remote-viewer spice-serve
	serve -g 320x240 --script rops.draw --events "$T/events"
	window_of remote-viewer "spice://127.0.0.1:$PORT"
}

@test "spicy" {
	have spicy spice-serve
	serve -g 320x240 --script rops.draw --events "$T/events"
	window_of spicy -h 127.0.0.1 -p "$PORT"
}
