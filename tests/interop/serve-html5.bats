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

# One command is a desktop in a browser: spice-serve serves the page, too.
@test "--web: page and picture from one port" {
	have spice-serve python3
	[ -d "$HTML5" ] || skip "spice-html5 is not installed"
	material
	rendered rops
	serve -g 320x240 --script rops.draw --web "$HTML5" --events "$T/events"
	browse_at "http://127.0.0.1:$PORT/"
	within 40 shows "$F/art/rops.ppm"
	evaluate "for (const t of ['keydown', 'keyup']) document.querySelector('canvas').dispatchEvent(
		new KeyboardEvent(t, {keyCode: 65, code: 'KeyA', key: 'a', bubbles: true}))"
	within 10 saw '"key".*\b30\b' "$T/events"
}

@test "--web: the demo" {
	have spice-serve python3
	[ -d "$HTML5" ] || skip "spice-html5 is not installed"
	serve --demo --web "$HTML5" --events "$T/events"
	browse_at "http://localhost:$PORT/"
	within 40 saw '"ready"' "$T/events"
}

@test "--web by TLS, with a ticket: in clear a browser is sent to https" {
	have spice-serve python3
	[ -d "$HTML5" ] || skip "spice-html5 is not installed"
	certificates
	material
	rendered rops
	echo geheim >"$T/tickets"
	rm -f "$T/listen"
	bg serve env -C "$F/art" spice-serve -p 0 --addr 0.0.0.0 --pki-dir "$PKI" --ticket-file "$T/tickets" \
		--listen-file "$T/listen" -g 320x240 --script rops.draw --web "$HTML5"
	within 10 listening
	PORT=$(sed -n 's/^listening http 0.0.0.0://p' "$T/listen")
	browse_at "http://127.0.0.1:$PORT/spice_auto.html?password=geheim" --ignore-certificate-errors
	within 40 shows "$F/art/rops.ppm"
	[ "$(evaluate location.protocol)" = https: ]
	! saw geheim "$T/serve.err" || false
}

@test "a page from elsewhere is not let in, but for --web-origin" {
	have spice-serve
	material
	rendered rops
	serve -g 320x240 --script rops.draw
	browse "$PORT"
	within 40 shows "$F/art/rops.ppm" # ports may differ
	web=$(evaluate location.host)
	open="new Promise(r => { const w = new WebSocket('ws://127.0.0.1:$PORT/', 'binary');
		w.onopen = () => r('open'); w.onerror = () => r('refused'); })"
	stop chromium
	browse_at "http://localhost:${web#*:}/spice.css"
	within 10 evaluate location.host
	[ "$(evaluate "$open")" = refused ]
	port=$PORT
	stop chromium
	stop serve
	serve -g 320x240 --script rops.draw -p "$port" --web-origin localhost
	browse_at "http://localhost:${web#*:}/spice.css"
	within 10 evaluate location.host
	[ "$(evaluate "$open")" = open ]
}
