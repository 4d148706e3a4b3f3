#!/usr/bin/env bats
# The real clients see what spice-serve draws, pixel for pixel. Each script goes two ways: drawn before a client comes (it
# gets the picture) and while one watches (it gets the draw commands and does the drawing). The oracle is an independent
# rendering of the script; where that does not know the commands (lines, text, composite) it is our own canvas, and the
# client's drawing the other opinion.
load lib

setup() { material; }

# shot_equals PICTURE ARGUMENT...: spicy-screenshot's picture becomes equal to it within the deadline.
shot_equals() {
	local want=$1 end=$((SECONDS + 20))
	shift
	have spicy-screenshot
	until rm -f "$T/shot.ppm" && timeout -k 1 10 spicy-screenshot -o "$T/shot.ppm" "$@" >"$T/shot.log" 2>&1 3>&- &&
		same "$T/shot.ppm" "$want" >"$T/same.log"; do
		[ $SECONDS -le $end ] || { cat "$T/same.log" >&2; return 1; }
		pause
	done
}

before() { # SCRIPT: drawn before anybody watches
	have spice-serve spicy-screenshot
	rendered "$1"
	serve -g 320x240 --script "$1.draw"
	shot_equals "$F/art/$1.ppm" -h 127.0.0.1 -p "$PORT"
	peer gtk "uri=spice://127.0.0.1?port=$PORT"
	peer_shows gtk "$F/art/$1.ppm" 20
}

# watched SCRIPT: live-SCRIPT is drawn, as far as it begins with or has a wait-client, while a client watches.
watched() {
	serve -g 320x240 --script "live-$1.draw"
	peer gtk "uri=spice://127.0.0.1?port=$PORT"
	peer_shows gtk "$F/art/$1.ppm" 20
	! saw 'draw:[0-9]+:' "$T/serve.err" || false
}

live() { # SCRIPT: drawn while a client watches
	have spice-serve
	rendered "$1"
	{ echo wait-client; cat "$F/art/$1.draw"; } >"$F/art/live-$1.draw"
	watched "$1"
}

# on_canvas SCRIPT: $F/art/SCRIPT.ppm becomes what our canvas has, seen by a viewer that gets pixels only.
on_canvas() {
	have spice-serve spice-view spicy-screenshot
	[ -s "$F/art/$1.ppm" ] && return
	serve -g 320x240 --script "$1.draw"
	timeout -k 1 20 spice-view --screenshot "$F/art/$1.part.ppm" "spice://127.0.0.1:$PORT" 3>&-
	stop serve
	! saw 'draw:[0-9]+:' "$T/serve.err" || false
	mv "$F/art/$1.part.ppm" "$F/art/$1.ppm"
}

like_canvas() { # SCRIPT: drawn while a client watches; another sees the same picture afterwards
	on_canvas "$1"
	{ echo wait-client; cat "$F/art/$1.draw"; } >"$F/art/live-$1.draw"
	watched "$1"
	shot_equals "$F/art/$1.ppm" -h 127.0.0.1 -p "$PORT"
}

sent_then_used() { # SCRIPT: a client gets the pixels of its surfaces, and draws with them then
	on_canvas "$1"
	sed 's/^# the screen$/wait-client/' "$F/art/$1.draw" >"$F/art/live-$1.draw"
	[ "$(grep -c '^wait-client$' "$F/art/live-$1.draw")" = 1 ]
	watched "$1"
}

@test "rops: the picture" { before rops; }
@test "rops: the commands" { live rops; }
@test "scaled, keyed, blended, ternary: the picture" { before scale; }
@test "scaled, keyed, blended, ternary: the commands" { live scale; }
@test "clip, mask, copy-bits, loops: the picture" { before region; }
@test "clip, mask, copy-bits, loops: the commands" { live region; }
@test "surfaces: the picture" { before surfaces; }
@test "surfaces: the commands" { live surfaces; }

@test "lines, solid and dashed" { like_canvas stroke; }
@test "curves" { like_canvas curve; }
@test "text of one and four bits" { like_canvas text; }
# Drawn by spice-gtk, glyphs of eight bits would stand one row too low under a row of what lies behind them in memory
# (channels.md, "Text"): they come as pixels.
@test "text of eight bits" { like_canvas text8; }
@test "composite: every operator, with and without masks" { like_canvas composite; }
@test "composite onto ARGB: the same" { like_canvas composite-argb; }
@test "composite onto ARGB: the surface is sent, then used" { sent_then_used composite-argb; }
@test "surfaces of 32, 16 and 8 bits: every command on each" { like_canvas formats; }
@test "surfaces of 32, 16 and 8 bits: sent, then used" { sent_then_used formats; }
@test "surfaces of 32, 16 and 8 bits drawn on one another" { like_canvas mixed; }
@test "surfaces of 32, 16 and 8 bits drawn on one another: sent, then used" { sent_then_used mixed; }
@test "a surface of one bit: fills, a source, a mask" { like_canvas bits; }
@test "a surface of one bit: sent, then used" { sent_then_used bits; }

@test "a PNG by --image arrives exactly" {
	have spice-serve spicy-screenshot
	serve --image page.png
	shot_equals "$F/art/page.png" -h 127.0.0.1 -p "$PORT"
}

@test "a ticket: the right one opens, a wrong one is refused" {
	have spice-serve spicy-screenshot
	rendered rops
	echo geheim >"$T/tickets"
	chmod 600 "$T/tickets"
	serve -g 320x240 --script rops.draw --ticket-file "$T/tickets"
	shot_equals "$F/art/rops.ppm" -h 127.0.0.1 -p "$PORT" -w geheim
	rm -f "$T/shot.ppm"
	run timeout -k 1 10 spicy-screenshot -o "$T/shot.ppm" -h 127.0.0.1 -p "$PORT" -w falsch 3>&-
	[ ! -e "$T/shot.ppm" ]
	[[ $output == *"channel event: 23"* ]]
}

@test "TLS: CA and host name, CA and host-subject, wrong CA, wrong subject" {
	have spice-serve
	rendered rops
	certificates
	serve -g 320x240 --script rops.draw --pki-dir "$PKI"
	peer name host=localhost "tls-port=$PORT" "ca-file=$PKI/ca-cert.pem"
	peer_shows name "$F/art/rops.ppm" 20
	peer subject host=127.0.0.1 "tls-port=$PORT" "ca-file=$PKI/ca-cert.pem" "cert-subject=$SUBJECT"
	peer_shows subject "$F/art/rops.ppm" 20
	peer otherca host=localhost "tls-port=$PORT" "ca-file=$PKI/other-ca-cert.pem"
	within 10 saw 'error-tls' "$T/otherca.log"
	peer othersub host=localhost "tls-port=$PORT" "ca-file=$PKI/ca-cert.pem" cert-subject=CN=wrong
	within 10 saw 'error-tls' "$T/othersub.log"
	! saw '^primary' "$T/otherca.log" || false
	! saw '^primary' "$T/othersub.log" || false
}

@test "a unix socket" {
	have spice-serve spicy-screenshot
	rendered rops
	bg serve env -C "$F/art" spice-serve --unix "$T/s" -g 320x240 --script rops.draw
	within 10 test -S "$T/s"
	shot_equals "$F/art/rops.ppm" --uri="spice+unix://$T/s"
}
