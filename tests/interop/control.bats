#!/usr/bin/env bats
# The control socket beside QEMU's: the same requests, the same answers; and the same events of a viewer.
load lib

# ask SOCKET FILE: what is answered to the lines of the file, one after the other.
ask() {
	timeout 60 python3 - "$1" "$2" <<'END'
import json, re, socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(20)
s.connect(sys.argv[1])
f = s.makefile('rb')
assert b'"QMP": {"version": {"qemu": {' in f.readline()
for line in open(sys.argv[2], 'rb'):
	s.sendall(line)
	while True:
		answer = f.readline()
		if b'"event": ' not in answer:
			break
	if not answer:
		break
	# of broken JSON QEMU says what is wrong; we do not quote it
	print(re.sub(r'JSON parse error, [^"]*(\\"[^"]*)*', 'JSON parse error', answer.decode()), end='')
END
}

servers() {
	have spice-serve
	port=$(free_port)
	qemu "addr=127.0.0.1,port=$port,password-secret=s0" -object secret,id=s0,data=geheim
	: >"$T/tickets"
	bg serve spice-serve -p 0 --listen-file "$T/listen" --control "$T/ctl" --ticket-file "$T/tickets"
	within 10 listening
}

@test "requests, right and wrong, are answered alike" {
	servers
	cat >"$T/asks" <<'END'
{"execute": "query-spice"}
{"execute": "qmp_capabilities"}
{"execute": "qmp_capabilities"}
{"execute": "query-status", "id": {"a": [1, null, "x"]}}
{"execute": "nosuch", "id": "x"}
{"execute": "query-status", "arguments": {"a": 1}}
{"execute": "query-status", "arguments": []}
{"execute": "query-status", "control": 1}
{"execute": 1}
{"id": 1}
[]
1
nonsense
{"a": 1, "a": 2}
{"execute": "set_password", "arguments": {}}
{"execute": "set_password", "arguments": {"protocol": "spice"}}
{"execute": "set_password", "arguments": {"protocol": "spice", "password": 1}}
{"execute": "set_password", "arguments": {"protocol": "other", "password": "x"}}
{"execute": "set_password", "arguments": {"protocol": "vnc", "password": "x"}}
{"execute": "set_password", "arguments": {"protocol": "spice", "password": "geheim12", "connected": "maybe"}}
{"execute": "set_password", "arguments": {"protocol": "spice", "password": "geheim12", "extra": 1}}
{"execute": "set_password", "arguments": {"protocol": "spice", "password": "geheim12", "connected": "fail"}}
{"execute": "expire_password", "arguments": {"protocol": "spice"}}
{"execute": "expire_password", "arguments": {"protocol": "spice", "time": 30}}
{"execute": "expire_password", "arguments": {"protocol": "spice", "time": "soon"}}
{"execute": "expire_password", "arguments": {"protocol": "spice", "time": "never"}}
{"execute": "set_password", "arguments": {"protocol": "spice", "password": ""}}
{"execute": "set_password", "arguments": {"protocol": "spice", "password": "0123456789012345678901234567890123456789012345678901234567890"}}
{"execute": "screendump", "arguments": {"filename": "/nonexistent/a"}}
{"execute": "screendump", "arguments": {"filename": ""}}
{"execute": "screendump", "arguments": {"filename": "/tmp/x", "head": 0}}
{"execute": "screendump", "arguments": {"filename": "/tmp/x", "device": "nosuch"}}
{"execute": "screendump", "arguments": {"filename": "/tmp/x", "format": "gif"}}
{"execute": "screendump", "arguments": {"filename": "/tmp/x", "head": 1.5}}
END
	ask "$T/qmp" "$T/asks" >"$T/theirs"
	ask "$T/ctl" "$T/asks" >"$T/ours"
	[ "$(wc -l <"$T/ours")" = "$(wc -l <"$T/asks")" ]
	diff "$T/theirs" "$T/ours"
}

@test "the same client is let in by both, until its password ends" {
	servers
	at=127.0.0.1:$(sed -n 's/^listening spice 127.0.0.1:\([0-9]*\)$/\1/p' "$T/listen")
	cat >"$T/set" <<'END'
{"execute": "qmp_capabilities"}
{"execute": "set_password", "arguments": {"protocol": "spice", "password": "neues-wort"}}
END
	cat >"$T/end" <<'END'
{"execute": "qmp_capabilities"}
{"execute": "expire_password", "arguments": {"protocol": "spice", "time": "now"}}
END
	for where in "$T/qmp 127.0.0.1:$port" "$T/ctl $at"; do
		read -r socket server <<<"$where"
		ask "$socket" "$T/set"
		peer_at() { SPICE_PASSWORD=neues-wort timeout 20 spice-view --screenshot "$T/x.ppm" "$server"; }
		peer_at
		ask "$socket" "$T/end"
		rc=0
		peer_at || rc=$?
		[ "$rc" = 77 ]
	done
}
