#!/usr/bin/env bats
# spice-view to a real QEMU by ways around: a real HTTP proxy, socat.
load lib

# tinyproxy [LINE...]: further lines of its configuration; sets PROXY.
tinyproxy() {
	have tinyproxy
	PROXY=$(free_port)
	printf '%s\n' "Port $PROXY" 'Listen 127.0.0.1' 'Timeout 60' 'MaxClients 20' 'Allow 127.0.0.1' "$@" >"$T/conf"
	bg proxy tinyproxy -d -c "$T/conf"
	within 10 python3 -c "import socket; socket.create_connection(('127.0.0.1', $PROXY)).close()"
}

shows_screen() {
	rm -f "$T/view.ppm"
	timeout -k 1 20 spice-view --screenshot "$T/view.ppm" "$@" 3>&-
	same "$T/view.ppm" "$T/screen.ppm"
}

@test "QEMU behind tinyproxy: plain, TLS, with a login" {
	have spice-view tinyproxy
	certificates
	port=$(free_port) secure=$(free_port)
	qemu "addr=127.0.0.1,port=$port,tls-port=$secure,x509-dir=$PKI,disable-ticketing=on"
	still
	tinyproxy
	shows_screen --proxy "http://127.0.0.1:$PROXY" "spice://127.0.0.1:$port"
	SPICE_PROXY=127.0.0.1:$PROXY shows_screen --ca-file "$PKI/ca-cert.pem" "spice+tls://localhost:$secure"
	run timeout -k 1 20 spice-view --proxy "127.0.0.1:$PROXY" --info "spice://127.0.0.1:$(free_port)" 3>&-
	[ "$status" = 69 ]
	stop proxy
	tinyproxy 'BasicAuth me geheim'
	shows_screen --proxy "http://me:geheim@127.0.0.1:$PROXY" "spice://127.0.0.1:$port"
	run timeout -k 1 20 spice-view --proxy "http://me:falsch@127.0.0.1:$PROXY" --info "spice://127.0.0.1:$port" 3>&-
	[ "$status" = 77 ]
}

@test "socat as a --connect-command to QEMU" {
	have spice-view socat
	port=$(free_port)
	qemu "addr=127.0.0.1,port=$port,disable-ticketing=on"
	still
	shows_screen --connect-command 'exec socat - "TCP:$SPICE_HOST:$SPICE_PORT"' "spice://127.0.0.1:$port"
}
