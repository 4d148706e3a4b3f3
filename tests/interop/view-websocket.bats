#!/usr/bin/env bats
# spice-view by WebSocket: the one that QEMU's own port speaks, and websockify in front of it.
load lib

shows_screen() {
	rm -f "$T/view.ppm"
	timeout -k 1 20 spice-view --screenshot "$T/view.ppm" "$@" 3>&-
	same "$T/view.ppm" "$T/screen.ppm"
}

@test "QEMU's port: ws, and wss inside its TLS" {
	have spice-view
	certificates
	port=$(free_port) secure=$(free_port)
	qemu "addr=127.0.0.1,port=$port,tls-port=$secure,x509-dir=$PKI,disable-ticketing=on"
	still
	shows_screen "ws://127.0.0.1:$port/"
	shows_screen --ca-file "$PKI/ca-cert.pem" "wss://localhost:$secure/"
	run timeout -k 1 20 spice-view --info --ca-file "$PKI/other-ca-cert.pem" "wss://localhost:$secure/" 3>&-
	[ "$status" = 77 ]
}

@test "websockify in front of QEMU: ws and wss, with a ticket" {
	have spice-view websockify
	certificates
	port=$(free_port) ws=$(free_port) wss=$(free_port)
	echo geheim >"$T/ticket"
	qemu "addr=127.0.0.1,port=$port,password-secret=s0" -object secret,id=s0,data=geheim
	still
	bg ws websockify "127.0.0.1:$ws" "127.0.0.1:$port"
	bg wss websockify --cert "$PKI/server-cert.pem" --key "$PKI/server-key.pem" --ssl-only \
		"127.0.0.1:$wss" "127.0.0.1:$port"
	within 10 saw 'proxying' "$T/ws.err"
	within 10 saw 'proxying' "$T/wss.err"
	shows_screen --retry 10 --password-file "$T/ticket" "ws://127.0.0.1:$ws/websockify"
	shows_screen --retry 10 --password-file "$T/ticket" --ca-file "$PKI/ca-cert.pem" "wss://localhost:$wss/"
	run timeout -k 1 20 spice-view --info "ws://127.0.0.1:$ws/" 3>&-
	[ "$status" = 77 ]
	run timeout -k 1 20 spice-view --info "ws://127.0.0.1:$wss/" 3>&-
	[ "$status" = 76 ] || [ "$status" = 69 ]
}
