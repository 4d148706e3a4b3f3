#!/usr/bin/env bats
# The JavaScript client in a headless Chromium comes in by WebSocket on spice-serve's one port; its canvas is the
# picture, and keys typed into the page arrive.
load lib

@test "the canvas is the picture" {
	have spice-serve
	material
	rendered rops
	serve -g 320x240 --script rops.draw --events "$T/events"
	browse "$PORT"
	within 40 shows "$F/art/rops.ppm"
	evaluate "for (const t of ['keydown', 'keyup']) document.querySelector('canvas').dispatchEvent(
		new KeyboardEvent(t, {keyCode: 65, code: 'KeyA', key: 'a', bubbles: true}))"
	within 10 saw '"key".*\b30\b' "$T/events"
}

# It has QUIC and LZ but no GLZ and no LZ4, which auto must find out.
@test "auto: a smooth picture and one of few colours" {
	have spice-serve
	material
	serve --image page.png
	browse "$PORT"
	within 40 shows "$F/art/page.png"
	stop chromium
	stop web
	stop serve
	serve --image tile.png
	browse "$PORT"
	within 40 shows "$F/art/tile.png"
}
