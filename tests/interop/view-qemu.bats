#!/usr/bin/env bats
# spice-view shows a real QEMU's screen as QEMU itself has it, and refuses what it must, with the right exit status.
load lib

# view STATUS ARGUMENT...: spice-view --screenshot ends with this status.
view() {
	local want=$1
	shift
	have spice-view
	rm -f "$T/view.ppm"
	run timeout -k 1 20 spice-view --screenshot "$T/view.ppm" "$@" 3>&-
	echo "spice-view $*: $status $output"
	[ "$status" = "$want" ]
}
view_equals() {
	view 0 "$@"
	same "$T/view.ppm" "$T/screen.ppm"
}

@test "plain TCP" {
	have spice-view
	port=$(free_port)
	qemu "addr=127.0.0.1,port=$port,disable-ticketing=on,image-compression=off"
	still
	view_equals "spice://127.0.0.1:$port"
	view_equals "127.0.0.1:$port"
}

@test "plain TCP, the server would compress" {
	have spice-view
	port=$(free_port)
	qemu "addr=127.0.0.1,port=$port,disable-ticketing=on,image-compression=auto_glz"
	still
	view_equals "spice://127.0.0.1:$port"
}

@test "unix socket" {
	have spice-view
	qemu "unix=on,addr=$T/s,disable-ticketing=on"
	still
	view_equals "spice+unix://$T/s"
}

@test "TLS: CA with host name, with host-subject; another CA, another subject" {
	have spice-view
	certificates
	port=$(free_port)
	qemu "addr=127.0.0.1,tls-port=$port,x509-dir=$PKI,disable-ticketing=on"
	still
	view_equals --ca-file "$PKI/ca-cert.pem" "spice+tls://localhost:$port"
	view_equals --ca-file "$PKI/ca-cert.pem" --host-subject "$SUBJECT" "spice+tls://127.0.0.1:$port"
	view 77 --ca-file "$PKI/other-ca-cert.pem" "spice+tls://localhost:$port"
	view 77 --ca-file "$PKI/ca-cert.pem" --host-subject CN=wrong "spice+tls://localhost:$port"
	[ ! -e "$T/view.ppm" ]
}

@test "a ticket set through QMP; a wrong one and none are 77" {
	have spice-view
	port=$(free_port)
	echo neu >"$T/right"
	echo falsch >"$T/wrong"
	qemu "addr=127.0.0.1,port=$port,password-secret=s0" -object secret,id=s0,data=alt
	qmp set_password protocol=spice password=neu connected=keep
	still
	view_equals --password-file "$T/right" "spice://127.0.0.1:$port"
	SPICE_PASSWORD=neu view 0 "spice://127.0.0.1:$port"
	view 77 --password-file "$T/wrong" "spice://127.0.0.1:$port"
	view 77 "spice://127.0.0.1:$port"
	qmp expire_password protocol=spice time=now
	view 77 --password-file "$T/right" "spice://127.0.0.1:$port"
}

@test "a wrong certificate: 77, and not one byte is sent inside TLS" {
	have spice-view
	certificates
	echo geheim >"$T/ticket"
	bg fake python3 -u "$HERE/faketls.py" "$PKI/other-server-cert.pem" "$PKI/other-server-key.pem" "$T/seen"
	within 10 saw '^up ' "$T/fake.log"
	port=$(cut -d ' ' -f 2 "$T/fake.log")
	view 77 --ca-file "$PKI/ca-cert.pem" --password-file "$T/ticket" "spice+tls://localhost:$port"
	within 5 saw 'handshake' "$T/seen"
	! saw 'bytes=[1-9]' "$T/seen" || false
	# The same server is spoken to by who trusts it, so it would have seen a byte.
	run timeout -k 1 10 spice-view --timeout 1 --screenshot "$T/view.ppm" --ca-file "$PKI/other-ca-cert.pem" \
		--password-file "$T/ticket" "spice+tls://localhost:$port" 3>&-
	within 5 saw 'bytes=[1-9]' "$T/seen"
}

@test "a certificate of another name: 77, and not one byte is sent inside TLS" {
	have spice-view
	certificates
	bg fake python3 -u "$HERE/faketls.py" "$PKI/server-cert.pem" "$PKI/server-key.pem" "$T/seen" 127.0.0.2
	within 10 saw '^up ' "$T/fake.log"
	view 77 --ca-file "$PKI/ca-cert.pem" "spice+tls://127.0.0.2:$(cut -d ' ' -f 2 "$T/fake.log")"
	within 5 saw 'handshake' "$T/seen"
	! saw 'bytes=[1-9]' "$T/seen" || false
}

@test "nobody there: dead port 69, unknown host 68, silent server 75, missing file 66" {
	have spice-view
	view 69 "spice://127.0.0.1:$(free_port)"
	view 69 "spice+unix://$T/nothing"
	view 68 spice://no-such-host.invalid:5900
	bg silent python3 -uc 'import socket
s = socket.create_server(("127.0.0.1", 0))
print("up", s.getsockname()[1])
held = []
while True: held.append(s.accept())'
	within 10 saw '^up' "$T/silent.log"
	view 75 --timeout 1 "spice://127.0.0.1:$(cut -d ' ' -f 2 "$T/silent.log")"
	view 66 "$T/nothing.vv"
}
