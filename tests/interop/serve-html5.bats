#!/usr/bin/env bats
# The JavaScript client in a headless Chromium comes in by WebSocket on spice-serve's one port; its canvas is the
# picture, and keys typed into the page arrive.
load lib

CLIENT=/usr/share/spice-html5

# canvas: what the page shows now, as $T/canvas.png.
canvas() {
	timeout 20 python3 "$HERE/cdp.py" "$(head -n 1 "$T/chromium/DevToolsActivePort")" "$1" "$T/canvas.png" \
		>>"$T/cdp.log" 2>&1
}
shows() { canvas "document.querySelector('canvas').toDataURL('image/png')" && same "$T/canvas.png" "$1"; }
evaluate() {
	timeout 20 python3 "$HERE/cdp.py" "$(head -n 1 "$T/chromium/DevToolsActivePort")" "$1"
}

# browse PORT: the client's page, served by a plain web server of its own.
browse() {
	have chromium python3
	[ -d "$CLIENT" ] || skip "spice-html5 is not installed"
	bg web python3 -u -m http.server --bind 127.0.0.1 --directory "$CLIENT" 0
	within 10 saw 'port [0-9]+' "$T/web.log"
	local web
	web=$(sed -n 's/.* port \([0-9]*\) .*/\1/p' "$T/web.log" | head -n 1)
	bg chromium chromium --headless --no-sandbox --disable-gpu --no-first-run --disable-dev-shm-usage \
		--disable-extensions --disable-background-networking --user-data-dir="$T/chromium" \
		--remote-debugging-port=0 --test-type --enable-logging=stderr \
		"http://127.0.0.1:$web/spice_auto.html?host=127.0.0.1&port=$1"
	within 30 test -s "$T/chromium/DevToolsActivePort"
}

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
