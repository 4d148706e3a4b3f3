#!/usr/bin/env bats
# What spice-ticket makes, with the real programs: QEMU serves its certificates and takes its tickets, remote-viewer and
# spicy believe the one and open its connection files, and what it says of a server is what they do.
load lib
bats_require_minimum_version 1.5.0

ticket() {
	have spice-ticket
	timeout -k 1 20 spice-ticket "$@" 3>&-
}

# pki TYPE: an authority, another, and a server's certificate with this kind of key, by the names of localhost.
pki() {
	ticket ca "$T/pki" >/dev/null
	ticket ca "$T/other" >/dev/null
	ticket cert "$T/pki" --key-type "$1" --host localhost --host 127.0.0.1 --subject "$NAME" >/dev/null
	CA=$T/pki/ca-cert.pem
}
NAME='C=XX,O=Lab\, Inc,CN=spice.example.test'

# tls_qemu TYPE: QEMU with that certificate; sets PORT, its screen is $T/screen.ppm.
tls_qemu() {
	pki "$1"
	PORT=$(free_port)
	qemu "addr=127.0.0.1,tls-port=$PORT,x509-dir=$T/pki,disable-ticketing=on"
	still
}

# enters STATUS SECRET: what a viewer with this secret gets.
enters() {
	local rc=0
	SPICE_PASSWORD=$2 timeout -k 1 20 spice-view -q --screenshot "$T/view.ppm" "spice://127.0.0.1:$PORT" 3>&- || rc=$?
	[ "$rc" = "$1" ]
}

windows() {
	have Xvfb openbox import
	screen 1024x768
	# spicy scales unless its settings say otherwise.
	export XDG_CONFIG_HOME=$T/config
	mkdir -p "$XDG_CONFIG_HOME/spicy"
	printf '[general]\nresize-guest=false\nscaling=false\n' >"$XDG_CONFIG_HOME/spicy/settings"
}

# shows NAME COMMAND...: this program's window shows QEMU's screen.
shows() {
	bg "$@"
	within 30 found "$T/screen.ppm"
	running "$1"
	stop "$1"
}

# by_gtk TYPE: spice-gtk believes by name, address and subject, and refuses another CA and another subject.
by_gtk() {
	tls_qemu "$1"
	peer name host=localhost "tls-port=$PORT" "ca-file=$CA"
	peer_shows name "$T/screen.ppm" 20
	stop name
	peer address host=127.0.0.1 "tls-port=$PORT" "ca-file=$CA"
	peer_shows address "$T/screen.ppm" 20
	stop address
	subject=$(ticket subject "$T/pki/server-cert.pem")
	[ "$subject" = "$NAME" ]
	peer subject host=127.0.0.1 "tls-port=$PORT" "ca-file=$CA" "cert-subject=$subject"
	peer_shows subject "$T/screen.ppm" 20
	stop subject
	peer otherca host=localhost "tls-port=$PORT" "ca-file=$T/other/ca-cert.pem"
	within 10 saw 'error-tls' "$T/otherca.log"
	peer othersub host=localhost "tls-port=$PORT" "ca-file=$CA" "cert-subject=O=Lab,CN=spice.example.test"
	within 10 saw 'error-tls' "$T/othersub.log"
}

@test "QEMU and spice-gtk: a certificate of ecdsa" { by_gtk ecdsa; }
@test "QEMU and spice-gtk: a certificate of rsa" { by_gtk rsa; }

@test "remote-viewer and spicy: by CA and host-subject" {
	have remote-viewer spicy
	tls_qemu ecdsa
	windows
	shows name remote-viewer --spice-ca-file="$CA" "spice://localhost?tls-port=$PORT"
	shows subject remote-viewer --spice-ca-file="$CA" --spice-host-subject="$NAME" "spice://127.0.0.1?tls-port=$PORT"
	shows spicy spicy --spice-ca-file="$CA" --spice-host-subject="$NAME" -h 127.0.0.1 -s "$PORT"
}

@test "verify says what spice-gtk does" {
	have spice-view
	tls_qemu rsa
	u="spice://localhost?tls-port=$PORT"
	run -0 ticket verify --ca-file "$CA" "spice+tls://localhost:$PORT"
	[[ $output == *"subject $NAME"* && $output == *"check_chain ok"* && $output == *"accepted yes"* ]]
	run -77 ticket verify --ca-file "$T/other/ca-cert.pem" "spice+tls://localhost:$PORT"
	[[ $output == *"check_chain refused: "* && $output == *"accepted no"* ]]
	run -77 ticket verify --ca-file "$CA" --host-subject CN=wrong "spice+tls://localhost:$PORT"
	[[ $output == *"check_subject refused: "* ]]
}

@test "verify: QEMU's channels in clear; who is there stays" {
	have spice-view
	pki ecdsa
	PORT=$(free_port) tls=$(free_port)
	qemu "addr=127.0.0.1,port=$PORT,tls-port=$tls,x509-dir=$T/pki,tls-channel=main,tls-channel=inputs,disable-ticketing=on"
	still
	viewer view --ca-file "$CA" "spice://localhost:$PORT?tls-port=$tls"
	view_shows view "$T/screen.ppm" 20
	run -0 ticket verify --ca-file "$CA" "spice://localhost:$PORT?tls-port=$tls"
	[[ $output == *"in_clear display cursor"*"tls_only main inputs"* ]]
	run -77 ticket verify "localhost:$PORT"
	[[ $output == *"main wants TLS"* ]]
	view_shows view "$T/screen.ppm" 10
	running view
}

@test "remote-viewer opens the .vv: TLS, subject, ticket" {
	have remote-viewer
	pki ecdsa
	PORT=$(free_port)
	qemu "addr=127.0.0.1,tls-port=$PORT,x509-dir=$T/pki,password-secret=s0" -object secret,id=s0,data=alt
	still
	windows
	ticket set --control "$T/qmp" >"$T/pw"
	ticket vv --host 127.0.0.1 --tls-port "$PORT" --ca-file "$CA" --host-subject "$NAME" --password-file "$T/pw" \
		--title 'a title' -o "$T/x.vv"
	shows viewer remote-viewer "$T/x.vv"
	[ -e "$T/x.vv" ]
	run -0 timeout -k 1 20 spice-view --screenshot "$T/view.ppm" "$T/x.vv" 3>&-
	same "$T/view.ppm" "$T/screen.ppm"
}

@test "set and revoke: QEMU's password changes as it runs" {
	have spice-view
	PORT=$(free_port)
	echo given-secret >"$T/given"
	qemu "addr=127.0.0.1,port=$PORT,password-secret=s0" -object secret,id=s0,data=old-secret
	still
	enters 0 old-secret
	new=$(ticket set --control "$T/qmp")
	enters 0 "$new"
	enters 77 old-secret
	[ "$(ticket set --control "$T/qmp" --password-file "$T/given")" = given-secret ]
	enters 0 given-secret
	enters 77 "$new"
	[[ "$(ticket list --control "$T/qmp")" == *"ticket yes"* ]]
	# who is in stays
	SPICE_PASSWORD=given-secret viewer view "spice://127.0.0.1:$PORT"
	view_shows view "$T/screen.ppm" 20
	ticket revoke --all --control "$T/qmp"
	ticket revoke --all --control "$T/qmp"
	view_shows view "$T/screen.ppm" 10
	enters 77 given-secret
	again=$(ticket set --control "$T/qmp")
	enters 0 "$again"
}

@test "set: QEMU's expiry holds to the second" {
	have spice-view
	PORT=$(free_port)
	qemu "addr=127.0.0.1,port=$PORT,password-secret=s0" -object secret,id=s0,data=old-secret
	still
	before=$EPOCHREALTIME
	s=$(ticket set --control "$T/qmp" --valid 5s)
	after=$EPOCHREALTIME
	# by microseconds: what ended while the ticket was good got in, what began when it was not did not
	first=$((${before/./} + 4000000)) last=$((${after/./} + 6000000)) in=0 out=0
	until [ $out -ge 3 ]; do
		begun=${EPOCHREALTIME/./}
		if enters 0 "$s"; then entered=1; else entered=0; fi
		ended=${EPOCHREALTIME/./}
		if [ "$ended" -lt $first ]; then
			[ $entered = 1 ]
			in=$((in + 1))
		fi
		if [ "$begun" -gt $last ]; then
			[ $entered = 0 ]
			out=$((out + 1))
		fi
	done
	[ $in -ge 3 ]
	enters 77 "$s"
}

@test "a server that asks nobody: 78, and nobody is thrown out" {
	have spice-view
	PORT=$(free_port)
	qemu "addr=127.0.0.1,port=$PORT,disable-ticketing=on"
	still
	viewer view "spice://127.0.0.1:$PORT"
	view_shows view "$T/screen.ppm" 20
	run -78 ticket revoke --all --control "$T/qmp"
	run -78 ticket set --control "$T/qmp"
	[[ $output == *"Could not set password"* ]]
	view_shows view "$T/screen.ppm" 10
	running view
}

@test "a QEMU without SPICE, and one that is talking to somebody else: 78, 75" {
	have qemu-system-x86_64 socat
	bg bare qemu-system-x86_64 -M none -display none -nodefaults -qmp "unix:$T/qmp,server=on,wait=off"
	within 10 test -S "$T/qmp"
	run -78 ticket set --control "$T/qmp"
	[[ $output == *"SPICE is not in use"* ]]
	bg_fed holder socat - "UNIX-CONNECT:$T/qmp"
	within 10 saw QMP "$T/holder.log"
	run -75 ticket set --control "$T/qmp" --timeout 500ms
}
