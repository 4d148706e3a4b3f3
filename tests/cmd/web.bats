# Files for browsers beside SPICE, and which pages may open a WebSocket.
load helper

site() {
	mkdir -p www
	echo page >www/index.html
	head -c 3000000 /dev/urandom >www/big
	echo secret >secret
	ln -s ../secret www/out
}

# fetch URL OPTION...: the body on stdout; fails where the status is not 200.
fetch() {
	python3 - "$@" <<'END'
import ssl, sys, urllib.request
context = ssl.create_default_context(cafile=sys.argv[2] if len(sys.argv) > 2 else None)
sys.stdout.buffer.write(urllib.request.urlopen(sys.argv[1], timeout=10, context=context).read())
END
}

@test "files and SPICE on one port, and the lines say so" {
	site
	picture p.ppm
	serve --image p.ppm --web www
	grep -qx "listening http $at" at
	[ "$(fetch "http://$at/")" = page ]
	fetch "http://$at/big" | cmp - www/big
	! fetch "http://$at/out" 2>/dev/null || false
	! fetch "http://$at/../secret" 2>/dev/null || false
	for a in "$at" "ws://$at/"; do
		view --screenshot x.ppm "$a"
		cmp p.ppm x.ppm
	done
}

@test "by TLS: on the port for all, and on the one for TLS" {
	site
	pki pki
	serve -p 0 --tls-port 0 --pki-dir pki --web www
	grep -qx "listening https $tls_at" at
	[ "$(fetch "https://$at/" pki/ca-cert.pem)" = page ]
	[ "$(fetch "https://$tls_at/" pki/ca-cert.pem)" = page ]
	[ "$(fetch "http://$at/")" = page ]
}

@test "where TLS is needed a browser in clear is sent to it" {
	site
	pki pki
	echo geheim >tickets
	serve --addr 0.0.0.0 --pki-dir pki --ticket-file tickets --web www
	port=$(sed -n 's/^listening http 0.0.0.0://p' at)
	[ "$(fetch "http://127.0.0.1:$port/" pki/ca-cert.pem)" = page ]
	python3 -c "
import http.client
c = http.client.HTTPConnection('127.0.0.1', $port)
c.request('GET', '/big')
r = c.getresponse()
assert r.status == 301 and r.getheader('Location') == 'https://127.0.0.1:$port/big', r.status"
}

@test "pages from elsewhere open no WebSocket, but for --web-origin" {
	site
	serve --web www --web-origin friend.example --web-origin other.example
	python3 - "$at" <<'END'
import socket, sys
host, port = sys.argv[1].split(":")
def status(origin):
    c = socket.create_connection((host, int(port)))
    c.sendall(("GET / HTTP/1.1\r\nHost: %s:%s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n" % (host, port, origin)).encode())
    return int(c.recv(100).split()[1])
for origin, want in (("", 101), ("Origin: http://127.0.0.1:8000\r\n", 101), ("Origin: https://friend.example\r\n", 101),
        ("Origin: http://other.example:1\r\n", 101), ("Origin: http://evil.example\r\n", 403), ("Origin: null\r\n", 403)):
    assert status(origin) == want, (origin, status(origin))
END
}

@test "readers that take nothing cost little, and hold nobody up" {
	site
	head -c 50000000 /dev/zero >www/big
	picture p.ppm
	serve --image p.ppm --web www
	before=$(awk '/VmRSS/ { print $2 }' "/proc/$server/status")
	python3 - "$at" >readers 3>&- <<'END' &
import signal, socket, sys
host, port = sys.argv[1].split(":")
held = []
for i in range(24):
    c = socket.socket()
    c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    c.connect((host, int(port)))
    c.sendall(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
    held.append(c)
    assert c.recv(12) == b"HTTP/1.1 200"
print("up", flush=True)
signal.pause()
END
	await grep -q up readers
	view --screenshot x.ppm "$at"
	cmp p.ppm x.ppm
	after=$(awk '/VmRSS/ { print $2 }' "/proc/$server/status")
	[ $((after - before)) -lt 16384 ]
}

@test "a folder that is none ends with 66" {
	refuses 66 spice-serve -p 0 --web ./none
	touch file
	refuses 66 spice-serve -p 0 --web file
}

@test "a password in a page's address is not logged" {
	site
	serve -vv --web www
	fetch "http://$at/?password=SPCANARY" >page
	grep -q 'web: 200 /' err
	! grep -q SPCANARY err || false
}
