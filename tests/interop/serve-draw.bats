#!/usr/bin/env bats
# The real clients see what spice-serve draws, pixel for pixel: an independent rendering of the drawing scripts is the
# oracle. Each script goes two ways: drawn before a client comes (it gets the picture) and while one watches (it gets
# the draw commands and does the drawing).
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

live() { # SCRIPT: drawn while a client watches
	have spice-serve
	rendered "$1"
	{ echo wait-client; cat "$F/art/$1.draw"; } >"$F/art/live-$1.draw"
	serve -g 320x240 --script "live-$1.draw"
	peer gtk "uri=spice://127.0.0.1?port=$PORT"
	peer_shows gtk "$F/art/$1.ppm" 20
	! saw 'live-.*draw:[0-9]+:' "$T/serve.err"
}

@test "rops: the picture" { before rops; }
@test "rops: the commands" { live rops; }
@test "scaled, keyed, blended, ternary: the picture" { before scale; }
@test "scaled, keyed, blended, ternary: the commands" { live scale; }
@test "clip, mask, copy-bits, loops: the picture" { before region; }
@test "clip, mask, copy-bits, loops: the commands" { live region; }
@test "surfaces: the picture" { before surfaces; }
@test "surfaces: the commands" { live surfaces; }

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
	! saw '^primary' "$T/otherca.log"
	! saw '^primary' "$T/othersub.log"
}

@test "a unix socket" {
	have spice-serve spicy-screenshot
	rendered rops
	bg serve env -C "$F/art" spice-serve --unix "$T/s" -g 320x240 --script rops.draw
	within 10 test -S "$T/s"
	shot_equals "$F/art/rops.ppm" --uri="spice+unix://$T/s"
}
