# The control socket: QMP as QEMU speaks it, its commands and events; whose it is, and what one can make it hold (row 72,
# L-23).
load helper

# qmp COMMAND [KEY=VALUE ...]: the answer's value, or the error.
qmp() {
	timeout 20 python3 "$BATS_TEST_DIRNAME/../interop/qmp.py" ctl "$@"
}

# asks TEXT...: lines to a new connection; prints all that comes until it has answered as many, or closed.
asks() {
	timeout 30 python3 - "$@" <<'END'
import json, socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect('ctl')
f = s.makefile('rb')
print(f.readline().decode(), end='')
for text in ('{"execute": "qmp_capabilities"}',) + tuple(sys.argv[1:]):
	s.sendall(text.encode() + b'\n')
	for line in f:
		print(line.decode(), end='')
		if b'"event"' not in line:
			break
END
}

# listens: events go to ./seen from now on.
listens() {
	rm -f hold seen
	mkfifo hold
	socat -t 10 - UNIX-CONNECT:ctl <hold >seen 3>&- &
	exec 8>hold
	echo '{"execute":"qmp_capabilities"}' >&8
	await grep -q '"return"' seen
}

enter() {
	run "-$1" --separate-stderr env SPICE_PASSWORD="$2" timeout 20 spice-view --screenshot x.ppm "$at"
}

@test "the socket is its owner's, goes with the server, and knows its commands" {
	serve --control ctl
	[ "$(stat -c %a ctl)" = 600 ]
	qmp query-version | grep -q '"package": "spiceutils '
	qmp query-status | grep -q '"running": true'
	[ "$(qmp query-name)" = '{"name": "spice-serve"}' ]
	for c in set_password expire_password query-spice screendump quit query-commands qmp_capabilities; do
		qmp query-commands | grep -q "\"$c\""
	done
	for c in client_migrate_info migrate migrate_cancel human-monitor-command; do
		run -1 qmp "$c"
		[[ $output == *CommandNotFound* ]]
	done
	kill "$server"
	ends 0 "$server"
	[ ! -e ctl ]
}

@test "set_password and expire_password set one ticket beside the file's" {
	echo file-secret >tickets
	serve --control ctl --ticket-file tickets
	[ "$(qmp set_password protocol=spice password=first-secret)" = '{}' ]
	enter 0 first-secret
	enter 0 file-secret
	qmp set_password protocol=spice password=second-secret
	enter 77 first-secret
	enter 0 second-secret
	qmp expire_password protocol=spice time=now
	enter 77 second-secret
	enter 0 file-secret
	qmp expire_password protocol=spice time=+60
	enter 0 second-secret
	run -1 qmp set_password protocol=spice "password=$(printf '%061d' 0)"
	[[ $output == *"Could not set password"* ]]
	enter 0 second-secret
	qmp expire_password protocol=spice time=nonsense
	enter 77 second-secret
	qmp expire_password protocol=spice time=never
	enter 0 second-secret
	kill -HUP "$server"
	enter 0 second-secret
}

@test "row 53, CVE-2011-0011: an empty password lets nobody in" {
	: >tickets
	serve --control ctl --ticket-file tickets
	enter 77 ""
	qmp set_password protocol=spice password=some-secret
	enter 0 some-secret
	qmp set_password protocol=spice 'password=""'
	enter 77 ""
	enter 77 some-secret
}

@test "a password that ends in 2 s is good before and not after" {
	: >tickets
	serve --control ctl --ticket-file tickets
	qmp set_password protocol=spice password=some-secret
	qmp expire_password protocol=spice time=+2
	enter 0 some-secret
	refused() { ! SPICE_PASSWORD=some-secret timeout 20 spice-view -q --screenshot x.ppm "$at" 2>/dev/null; }
	await refused
	enter 77 some-secret
}

@test "without tickets there is no password to set" {
	serve --control ctl
	run -1 qmp set_password protocol=spice password=some-secret
	[[ $output == *"Could not set password"* ]]
	run -1 qmp set_password protocol=vnc password=some-secret
	enter 0 ""
}

@test "connected: keep, fail, disconnect" {
	: >tickets
	serve --control ctl --ticket-file tickets --events e
	qmp set_password protocol=spice password=some-secret
	mkfifo script
	SPICE_PASSWORD=some-secret spice-view --script - "$at" <script 3>&- &
	viewer=$!
	exec 7>script
	await grep -q '"event":"ready"' e
	qmp set_password protocol=spice password=next-secret connected=keep
	run -1 qmp set_password protocol=spice password=last-secret connected=fail
	enter 0 next-secret
	enter 77 last-secret
	kill -0 "$viewer"
	qmp set_password protocol=spice password=last-secret connected=disconnect
	ends 69 "$viewer"
	qmp query-spice | grep -q '"channels": \[\]'
	qmp set_password protocol=spice password=any-secret connected=fail
	enter 0 any-secret
	exec 7>&-
}

@test "query-spice: who is there, by which channels" {
	pki pki
	: >tickets
	serve --control ctl --ticket-file tickets --pki-dir pki -p 0 --tls-port 0 --events e
	qmp set_password protocol=spice password=some-secret
	qmp query-spice >q
	for part in '"auth": "spice"' '"enabled": true' '"migrated": false' '"channels": []' '"mouse-mode": "client"' \
		"\"port\": ${at#*:}" "\"tls-port\": ${tls_at#*:}" '"host": "127.0.0.1"'; do
		grep -qF "$part" q
	done
	mkfifo script
	SPICE_PASSWORD=some-secret spice-view --ca-file pki/ca-cert.pem --script - "spice+tls://$tls_at" <script 3>&- &
	viewer=$!
	exec 7>script
	await grep -q '"event":"ready"' e
	qmp query-spice | python3 -c '
import json, sys
c = json.load(sys.stdin)["channels"]
assert {x["channel-type"] for x in c} >= {1, 2}, c
assert len({x["connection-id"] for x in c}) == 1
assert all(x["tls"] and x["host"] == "127.0.0.1" and x["family"] == "ipv4" and x["channel-id"] == 0 for x in c)'
	exec 7>&-
	gone "$viewer"
}

@test "events of connections, as QEMU tells them" {
	echo file-secret >tickets
	serve --control ctl --ticket-file tickets
	listens
	enter 77 wrong-secret
	await grep -q SPICE_DISCONNECTED seen
	! grep -q SPICE_INITIALIZED seen || false
	enter 0 file-secret
	await eval '[ "$(grep -c SPICE_DISCONNECTED seen)" = "$(grep -c SPICE_CONNECTED seen)" ]'
	python3 - "${at#*:}" <<'END'
import json, sys
port, order, kind = sys.argv[1], {}, {}
for line in open('seen'):
	e = json.loads(line)
	if 'event' not in e:
		continue
	s, c = e['data']['server'], e['data']['client']
	assert s['host'] == '127.0.0.1' and s['port'] == port and s['family'] == 'ipv4', e
	order.setdefault(c['port'], []).append(e['event'][6:])
	if e['event'] == 'SPICE_INITIALIZED':
		assert s['auth'] == 'spice' and c['tls'] is False and c['channel-id'] == 0, e
		kind[c['channel-type']] = c['connection-id']
assert set(kind) >= {1, 2} and len(set(kind.values())) == 1, kind
whole = ['CONNECTED', 'INITIALIZED', 'DISCONNECTED']
assert sorted(order.values())[0] == ['CONNECTED', 'DISCONNECTED'], order
assert sorted(order.values())[1:] == [whole] * len(kind), order
END
	exec 8>&-
}

@test "a unix socket: its path is the port" {
	serve --unix sock --control ctl
	listens
	view --screenshot x.ppm "spice+unix://$PWD/sock"
	await grep -q SPICE_DISCONNECTED seen
	grep -q '"server": {"auth": "none", "port": "sock", "family": "unix", "host": "localhost"}' seen
	qmp query-spice | grep -q '"host": "sock"'
	exec 8>&-
}

@test "screendump is what a viewer sees" {
	picture p.ppm
	serve --control ctl --image p.ppm --heads 2
	view --screenshot all.ppm --display 0 "$at"
	[ "$(qmp screendump filename=a.ppm)" = '{}' ]
	[ "$(head -c 2 a.ppm)" = P6 ]
	qmp screendump filename=left.ppm device=qxl0 head=0
	cmp left.ppm all.ppm
	qmp screendump filename=b.png format=png
	[ "$(head -c 4 b.png | tail -c 3)" = PNG ]
	for wrong in "filename=/nonexistent/a" "filename=." "filename=x head=0" "filename=x device=other" \
		"filename=x device=qxl0 head=2" "filename=x device=qxl0 head=-1" "filename=x format=gif"; do
		run -1 qmp screendump $wrong
		[[ $output == *'"desc"'* ]]
	done
	[ ! -e x ]
	mkfifo pipe
	run -1 qmp screendump filename=pipe
}

@test "quit, SIGTERM: the event SHUTDOWN, and 0" {
	serve --control ctl
	listens
	[ "$(qmp quit)" = '{}' ]
	ends 0 "$server"
	await grep -q '"SHUTDOWN", "data": {"guest": false, "reason": "host-qmp-quit"}' seen
	exec 8>&-
	serve --control ctl
	listens
	kill "$server"
	ends 0 "$server"
	await grep -q '"SHUTDOWN", "data": {"guest": false, "reason": "host-signal"}' seen
	exec 8>&-
}

@test "X-30: a client that leaves before its answer harms nobody" {
	serve --control ctl
	for i in 1 2 3; do
		python3 - <<'END'
import socket
s = socket.socket(socket.AF_UNIX)
s.connect('ctl')
s.sendall(b'{"execute":"qmp_capabilities"}{"execute":"screendump","arguments":{"filename":"left.png","format":"png"}}')
s.close()
END
	done
	await test -s left.png
	qmp query-status
	run -0 asks '{"execute":"nosuch","id":"a"}' 'nonsense' '{"execute":"query-status","id":[1]}'
	[[ $output == *'{"id": "a", "error": {"class": "CommandNotFound"'*'JSON parse error'*'"id": [1]'* ]]
}

@test "row 72, CVE-2022-23613: a line of 64 KiB is read, one byte more ends the connection" {
	serve --control ctl
	timeout 30 python3 - <<'END'
import socket
def ask(text):
	s = socket.socket(socket.AF_UNIX)
	s.connect('ctl')
	f = s.makefile('rb')
	f.readline()
	s.sendall(b'{"execute":"qmp_capabilities"}\n')
	f.readline()
	try:
		s.sendall(text)
		return f.readline()
	except OSError:
		return b''
line = b'{"execute":"query-name"'
fits = line + b' ' * (65536 - len(line) - 1) + b'}'
assert b'return' in ask(fits + b'\n')
assert ask(line + b' ' * (65537 - len(line) - 1) + b'}\n') == b''
assert ask(b'{"a":"' + b'x' * 70000) == b''
assert b'parse error' in ask(b'{"a":"\0"}\n')
assert b'parse error' in ask(b'{"id":' + b'[' * 17 + b']' * 17 + b'}\n')
END
	qmp query-status
}

@test "L-23: 8 connections, 100 requests a second" {
	serve -v --control ctl
	timeout 60 python3 - <<'END'
import socket, time
def client():
	s = socket.socket(socket.AF_UNIX)
	s.connect('ctl')
	s.settimeout(10)
	return s, s.makefile('rb')
held = [client() for _ in range(8)]
assert all(b'QMP' in f.readline() for _, f in held)
assert client()[1].readline() == b''
s, f = held.pop()
f.close()
s.close()
end = time.monotonic() + 10
while True:
	s, f = client()
	if f.readline() or time.monotonic() > end:
		break
s.sendall(b'{"execute":"qmp_capabilities"}\n' + b'{"execute":"query-name"}\n' * 199)
began = time.monotonic()
for _ in range(100):
	assert b'return' in f.readline()
first = time.monotonic() - began
for _ in range(100):
	assert b'return' in f.readline()
second = time.monotonic() - began
assert first < 0.7 and 0.3 < second < 3, (first, second)
END
}

@test "row 72: another user is sent away before a byte is read" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	serve -v --control ctl
	chmod 777 . ctl
	python3 - <<'END'
import os, socket
os.setresgid(65534, 65534, 65534)
os.setresuid(65534, 65534, 65534)
s = socket.socket(socket.AF_UNIX)
s.connect('ctl')
try:
	s.sendall(b'{"execute":"qmp_capabilities"}{"execute":"quit"}')
	assert s.recv(100) == b''
except OSError:
	pass
END
	await grep -q "user 65534 is refused" err
	qmp query-status
}

@test "row 2, CVE-2010-2792: what stands in the socket's place is left alone: 69" {
	mkfifo fifo
	mkdir dir
	echo text >file
	ln -s file link
	for p in fifo dir file link; do
		refuses 69 spice-serve -p 0 --control $p
		[ -e $p ]
	done
	[ "$(cat file)" = text ]
	listener "
u = socket.socket(socket.AF_UNIX)
u.bind('live')
u.listen(1)
c.sendall(b'.')
c.recv(1)"
	exec 6<>"/dev/tcp/${peer_at%:*}/${peer_at#*:}"
	head -c 1 <&6
	refuses 69 spice-serve -p 0 --control live
	exec 6>&-
	refuses 64 spice-serve -p 0 --control "$(printf '%0200d' 0)"
}

@test "row 25, CVE-2020-25652: 200 control connections with 64 descriptors: no spinning, and it recovers" {
	rm -f ready
	mkfifo ready
	(ulimit -n 64; exec spice-serve -p 0 --listen-file at --ready-fd 9 --control ctl 9>ready >out 2>err 3>&-) &
	server=$!
	read -r _ <ready
	timeout 60 python3 - "$server" <<'END'
import os, select, socket, sys, time
def cpu():
	t = open('/proc/%s/stat' % sys.argv[1]).read().rsplit(')', 1)[1].split()
	return (int(t[11]) + int(t[12])) / os.sysconf('SC_CLK_TCK')
held, live = [], []
for _ in range(200):
	s = socket.socket(socket.AF_UNIX)
	s.setblocking(False)
	try:
		s.connect('ctl')
		live.append(s)
	except BlockingIOError:
		pass
	held.append(s)
before, end = cpu(), time.monotonic() + 3
while (left := end - time.monotonic()) > 0: # whatever it says meanwhile is taken
	for s in select.select(live, [], [], left)[0]:
		try:
			said = s.recv(65536)
		except OSError:
			said = b''
		if not said:
			live.remove(s)
assert cpu() - before <= 0.1, cpu() - before
END
	qmp query-status
}

@test "C-2: a password that was set stands nowhere" {
	: >tickets
	serve -vv --control ctl --ticket-file tickets
	qmp set_password protocol=spice password=SPCANARY-31337
	enter 0 SPCANARY-31337
	run -1 qmp set_password protocol=spice password=SPCANARY-31337 connected=SPC
	asks '{"execute":"set_password","arguments":{"protocol":"spice","password":"SPCANARY-31337"' >said || true
	! grep -qa SPCANARY err out "/proc/$server/cmdline" "/proc/$server/environ" || false
	python3 - "$server" <<'END'
import re, sys
hits = 0
with open('/proc/%s/maps' % sys.argv[1]) as maps, open('/proc/%s/mem' % sys.argv[1], 'rb') as mem:
	for line in maps:
		m = re.match(r'([0-9a-f]+)-([0-9a-f]+) rw', line)
		if m and '[v' not in line:
			a, b = (int(x, 16) for x in m.groups())
			mem.seek(a)
			try:
				hits += mem.read(b - a).count(b'SPCANARY-31337')
			except OSError:
				pass
assert hits == 0, hits
END
}
