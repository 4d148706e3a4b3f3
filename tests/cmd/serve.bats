# The command line of spice-serve: help, usage, exit statuses, readiness, signals, addresses.
load helper

@test "--help, --usage and --version print on stdout and end with 0" {
	explains spice-serve
}

@test "usage errors end with 64" {
	refuses 64 spice-serve --nonsense
	refuses 64 spice-serve --password x
	grep -q -- --password-f refused.err
	refuses 64 spice-serve --password=x
	refuses 64 spice-serve a-word
	refuses 64 spice-serve --demo --y4m
	refuses 64 spice-serve --script - --image x.png
	for p in abc -1 65536 4294967396 '' 1x; do refuses 64 spice-serve "--port=$p"; done
	refuses 64 spice-serve -g 0x5
	refuses 64 spice-serve -g 640
	refuses 64 spice-serve -g 99999x99999
	refuses 64 spice-serve --raw 0x0
	refuses 64 spice-serve --delay soon
	refuses 64 spice-serve --compress zip
	refuses 64 spice-serve --max-clients 0
	refuses 64 spice-serve --max-clients 65
	refuses 64 spice-serve --limit clients=65
	refuses 64 spice-serve --limit nonsense=1
	refuses 64 spice-serve --limit clients
	refuses 64 spice-serve --ready-fd x
	refuses 64 spice-serve --ready-fd 77
	refuses 64 spice-serve --stats --events -
	refuses 64 spice-serve --no-auth --ticket-file f
	refuses 64 spice-serve --cert only.pem
}

@test "argc 0 ends with 64 or has a name made for it, and says nothing secret" {
	run -64 python3 -c "
import ctypes, os
os.environ['SPICE_PASSWORD'] = 'CANARY'
libc = ctypes.CDLL(None)
path = b'$BUILD/bin/spice-serve'
libc.execv(path, (ctypes.c_char_p * 3)(None, b'--nonsense', None)) if False else \
	libc.execv(path, (ctypes.c_char_p * 3)(b'', b'--nonsense', None))"
	[[ $output != *CANARY* ]]
}

@test "bad data ends with 65" {
	echo "no picture" >x.png
	refuses 65 spice-serve -p 0 --image x.png
	head -c 100 /dev/urandom >x.ppm
	refuses 65 spice-serve -p 0 --image x.ppm
	echo "nonsense 1 2" >s
	refuses 65 spice-serve -p 0 --strict --script s
	grep -q '^spice-serve: s:1: ' refused.err
}

@test "a line that can't be done is said and passed over without --strict" {
	printf 'nonsense\nfill 0 0 10 10 #ff0000\n' >s
	serve -g 10x10 --script s
	view --screenshot x.ppm "$at"
	grep -q '^spice-serve: s:1: ' err
	[ "$(tail -c 3 x.ppm | od -An -tx1 | tr -d ' ')" = ff0000 ]
}

@test "missing input ends with 66" {
	refuses 66 spice-serve -p 0 --script none
	refuses 66 spice-serve -p 0 --image none.png
	refuses 66 spice-serve -p 0 --ticket-file none
	refuses 66 spice-serve -p 0 --pki-dir none
}

@test "an address that is taken ends with 69" {
	serve
	refuses 69 spice-serve -p "${at#*:}"
	serve --unix "$PWD/sock"
	refuses 69 spice-serve --unix "$PWD/sock"
	[ -S sock ]
}

@test "row 2, CVE-2010-2792: what stands in a unix socket's place is left alone" {
	echo keep >file
	ln -s file link
	mkdir dir
	mkfifo fifo
	for p in file link dir fifo; do refuses 69 spice-serve --unix "$PWD/$p"; done
	[ "$(cat file)" = keep ] && [ -L link ] && [ -d dir ] && [ -p fifo ]
}

@test "a stale unix socket of ours is replaced, mode 0600" {
	python3 -c "import socket; s = socket.socket(socket.AF_UNIX); s.bind('sock')"
	umask 0
	serve --unix "$PWD/sock"
	[ "$(stat -c %a sock)" = 600 ]
	grep -qx "listening spice+unix:$PWD/sock" out
	view --screenshot x.ppm "spice+unix://$PWD/sock"
	kill "$server"
	gone "$server"
	[ ! -e sock ]
}

@test "a unix path that is too long is refused" {
	refuses 69 spice-serve --unix "/tmp/$(printf 'x%.0s' {1..108})" ||
		refuses 64 spice-serve --unix "/tmp/$(printf 'x%.0s' {1..108})" ||
		refuses 78 spice-serve --unix "/tmp/$(printf 'x%.0s' {1..108})"
}

@test "output that can't be made ends with 73" {
	refuses 73 spice-serve -p 0 --listen-file none/at
	refuses 73 spice-serve -p 0 --events none/e
	[ "$(ls)" = "$(printf 'refused.err\nrefused.out')" ]
}

@test "X-26: a full or closed stdout ends with 74" {
	run -74 bash -c 'spice-serve --help >/dev/full'
	run -74 bash -c 'spice-serve -p 0 >/dev/full'
	run -74 bash -c 'spice-serve -p 0 >&-'
	run -74 bash -c 'spice-serve --version >/dev/full'
}

@test "D-1: beyond loopback only with tickets and TLS" {
	pki pki
	echo secret-ticket >tickets
	for a in 0.0.0.0 ::; do
		refuses 78 spice-serve -p 0 --addr $a
		refuses 78 spice-serve -p 0 --addr $a --no-auth
		refuses 78 spice-serve -p 0 --addr $a --ticket-file tickets
		refuses 78 spice-serve -p 0 --addr $a --pki-dir pki
		refuses 78 spice-serve -p 0 --addr $a --pki-dir pki --no-auth
	done
	refuses 78 spice-serve --tls-port 0
	for a in 127.0.0.1 127.0.0.2 localhost; do
		serve --addr $a
		kill "$server"
		gone "$server"
	done
	serve --addr 0.0.0.0 --insecure-open
	grep -q insecure-open err
	kill "$server"
	gone "$server"
}

@test "D-1: a plain connection to an open port needs TLS" {
	pki pki
	echo secret-ticket >tickets
	echo secret-ticket >pw
	serve --addr 0.0.0.0 --pki-dir pki --ticket-file tickets
	port=$(sed -n 's/^listening spice .*:\([0-9]*\)$/\1/p' out)
	refuses 77 spice-view --password-file pw --screenshot x.ppm "spice://127.0.0.1:$port"
	view --password-file pw --ca-file pki/ca-cert.pem --screenshot x.ppm "spice+tls://127.0.0.1:$port"
}

# inherit ADDRESS ARGS...: becomes spice-serve with a listening socket as descriptor 3, as socket activation does it.
inherit() {
	cat >activate.py <<'END'
import os, socket, sys
s = socket.socket(socket.AF_INET)
s.bind((sys.argv[1], 0))
s.listen(8)
print("port", s.getsockname()[1], flush=True)
os.dup2(s.fileno(), 3)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execvp("spice-serve", ["spice-serve"] + sys.argv[2:])
END
	exec python3 activate.py "$@"
}

@test "D-1: the rule holds for inherited sockets too" {
	run -78 inherit 0.0.0.0
	echo secret-ticket >tickets
	run -78 inherit 0.0.0.0 --ticket-file tickets
}

@test "an inherited socket is served" {
	mkfifo ready
	inherit 127.0.0.1 --ready-fd 9 9>ready >out 2>err &
	server=$!
	read -r _ <ready
	port=$(sed -n 's/^port //p' out)
	grep -qx "listening spice 127.0.0.1:$port" out
	view --screenshot x.ppm "127.0.0.1:$port"
	kill "$server"
	gone "$server"
}

@test "readiness: stdout, file, descriptor and sd_notify say the same" {
	python3 - <<'END' >notified 2>&1 3>&- &
import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("notify")
open("bound", "w").close()
s.settimeout(20)
print(s.recv(100).decode())
END
	notifier=$!
	until [ -e bound ]; do kill -0 $notifier; done
	NOTIFY_SOCKET=$PWD/notify serve
	gone $notifier
	[ "$(cat notified)" = READY=1 ]
	diff out at
	grep -qE '^listening spice 127\.0\.0\.1:[0-9]+$' out
	[ -z "$(ls at.* 2>/dev/null)" ]
}

@test "with --stats the lines go to stderr and stdout has JSON only" {
	serve --stats
	grep -q '^listening spice ' err
	await [ -s out ]
	python3 -c "
import json
for line in open('out'):
    o = json.loads(line)
    assert o['clients'] == 0 and o['sessions'] == []"
}

@test "SIGTERM and SIGINT end with 0 within 2 s, also with a viewer connected, and leave nothing" {
	for sig in TERM INT; do
		serve --unix "$PWD/sock" --events e
		echo 'wait 1h' >s
		viewer --script s "spice+unix://$PWD/sock"
		await grep -q ready e
		before=${EPOCHREALTIME/./}
		kill -$sig "$server"
		gone "$server"
		[ $((${EPOCHREALTIME/./} - before)) -lt 2000000 ]
		ends 69 "$viewer"
		[ ! -e sock ]
	done
}

@test "--once ends with 0 when the first client has left" {
	serve --once
	view --screenshot x.ppm "$at"
	gone "$server"
}

@test "--max-clients and --limit: one more is refused, a place that is free is given" {
	serve --max-clients 1 --events e
	echo 'wait 1h' >s
	viewer --script s "$at"
	await grep -q ready e
	run ! view -q --screenshot x.ppm "$at"
	kill "$viewer"
	ends 143 "$viewer"
	await grep -q left e
	view --screenshot x.ppm "$at"
}

@test "a picture arrives exact, pages turn" {
	picture p.ppm
	serve --image p.ppm
	view --screenshot got.ppm "$at"
	cmp p.ppm got.ppm
	printf 'P6\n64 48\n255\n' >q.ppm
	head -c 9216 /dev/zero >>q.ppm
	serve --image p.ppm --delay 500ms q.ppm
	printf 'wait-change\nwait-settle 50\ncapture 1.ppm\nwait-change\nwait-settle 50\ncapture 2.ppm\n' >turn
	view --script turn "$at"
	cmp -s 1.ppm p.ppm && cmp 2.ppm q.ppm || { cmp 1.ppm q.ppm && cmp 2.ppm p.ppm; }
}

@test "raw frames on stdin" {
	mkfifo frames
	python3 -c "open('frames', 'wb').write(bytes([1, 2, 3, 0]) * 8)" 3>&- &
	serve --raw 4x2 <frames
	echo 'P6
4 2
255' >want
	python3 -c "open('want', 'ab').write(bytes([3, 2, 1]) * 8)"
	view --settle 200 --screenshot got.ppm "$at"
	cmp want got.ppm
}

@test "P-D: no secret in argv, environment or messages" {
	echo SPCANARY-ticket >tickets
	SPICE_PASSWORD=SPCANARY-env serve -v -v --ticket-file tickets
	SPICE_PASSWORD=SPCANARY-ticket view -v -v --screenshot x.ppm "$at"
	! grep -aq SPCANARY "/proc/$server/cmdline" "/proc/$server/environ" out err at || false
}

@test "--stats: a reader that stands still stops nobody" {
	local end
	mkfifo stats ready
	exec 8<>stats
	timeout 1 cat /dev/zero >&8 || true # the pipe is full
	spice-serve -p 0 --listen-file at --ready-fd 9 -g 64x48 --stats 9>ready >&8 2>err 3>&- 8<&- &
	server=$!
	read -r _ <ready
	at=$(sed -n 's/^listening spice \(127[^ ]*\)$/\1/p' at)
	end=$((SECONDS + 4)) # some lines are due in that time
	while [ $SECONDS -lt $end ]; do
		view --screenshot picture.ppm "$at"
	done
	# once it reads again, lines come, and whole ones
	timeout 10 sed -u 's/^\x00*//; 3q' <&8 >lines
	[ "$(grep -c '^{"clients":.*}$' lines)" = 3 ]
	kill "$server"
	ends 0 "$server"
}
