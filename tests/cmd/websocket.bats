# WebSocket, both of our ends: what a viewer asks for and refuses, what a server answers.
load helper

@test "ws: with and without a path shows the picture" {
	picture p.ppm
	serve --image p.ppm
	for path in "" / /spice '/spice?token=1'; do
		view --screenshot x.ppm "ws://$at$path"
		cmp p.ppm x.ppm
	done
}

@test "wss: on the TLS port and on the one for all, and as strictly as TLS is" {
	pki pki
	pki other
	picture p.ppm
	serve --image p.ppm -p 0 --tls-port 0 --pki-dir pki
	for a in "$at" "$tls_at"; do
		view --screenshot x.ppm --ca-file pki/ca-cert.pem "wss://$a/"
		cmp p.ppm x.ppm
	done
	refuses 77 spice-view --info --ca-file other/ca-cert.pem "wss://$at/"
	refuses 69 spice-view --info "ws://$tls_at/"
}

@test "the path arrives, on every channel" {
	listener "
for i in range(2):
    print(c.recv(1000).split(b'\r\n')[0].decode())
    c.close()
    if i == 0: c, _ = s.accept()"
	refuses 69 spice-view --info "ws://$peer_at/a/b?c=%2e"
	refuses 69 spice-view --info "ws://$peer_at"
	gone "$peer"
	[ "$(cat peer_out)" = $'GET /a/b?c=%2e HTTP/1.1\nGET / HTTP/1.1' ]
}

@test "a web server that is no WebSocket: 76, and its status is said" {
	for answer in '404 Not Found' '301 Moved' '403 Forbidden' '200 OK'; do
		listener "c.recv(1000); c.sendall(b'HTTP/1.1 $answer\r\nLocation: ws://localhost/\r\n\r\n'); c.recv(1)"
		refuses 76 spice-view --info "ws://$peer_at/"
		grep -q "(${answer%% *})" refused.err
	done
	listener "c.recv(1000); c.sendall(b'x' * 9000); c.recv(1)"
	refuses 76 spice-view --info "ws://$peer_at/"
}

@test "a server that never answers the request is a time-out, 75" {
	listener "c.recv(1000); c.sendall(b'HTTP/1.1 101 Switching'); s.accept()"
	refuses 75 spice-view --timeout 300ms --info "ws://$peer_at/"
}
