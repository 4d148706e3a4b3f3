# What the tests of the command lines share. Nothing here sleeps: a server is waited for by --ready-fd, an end by its
# process, and what could hang stands under `timeout`.
bats_require_minimum_version 1.5.0

root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
: "${BUILD:=$root/build}"
PATH=$BUILD/bin:$PATH
export LC_ALL=C.UTF-8
unset DISPLAY WAYLAND_DISPLAY SPICE_PASSWORD NOTIFY_SOCKET LISTEN_FDS LISTEN_PID NO_COLOR

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	server=
}

teardown() {
	local p
	for p in $(jobs -p); do
		kill -KILL "$p" 2>/dev/null || true
	done
	wait 2>/dev/null || true
}

# serve ARGS...: starts spice-serve on a free port and waits until it accepts. Sets $server (pid), $at (HOST:PORT, empty
# without a plain port); its lines are in ./at, its output in ./out and ./err.
serve() {
	local port=(-p 0)
	case " $* " in *" -p "* | *" --unix "* | *" --tls-port "*) port=() ;; esac
	rm -f ready at
	mkfifo ready
	spice-serve "${port[@]}" --listen-file at --ready-fd 9 "$@" <&0 9>ready >out 2>err 3>&- &
	server=$!
	if ! read -r _ <ready; then
		wait "$server"
		return $?
	fi
	at=$(sed -n 's/^listening spice \(127[^ ]*\)$/\1/p' at)
	tls_at=$(sed -n 's/^listening spice+tls \(127[^ ]*\)$/\1/p' at)
}

# gone PID: waits at most 5 s for the end of a child; its status.
gone() {
	timeout 5 tail -s 0.05 --pid="$1" -f /dev/null || return 99
	wait "$1"
}

# ends STATUS PID: a child ends within 5 s, with this status. (`run` has no children of ours.)
ends() {
	local rc=0
	gone "$2" || rc=$?
	[ "$rc" = "$1" ] || { echo "status $rc instead of $1"; return 1; }
}

# view ARGS...: spice-view that can't hang.
view() {
	timeout -k 2 20 spice-view "$@"
}

# viewer ARGS...: spice-view in the background; $viewer is its pid.
viewer() {
	spice-view "$@" 3>&- &
	viewer=$!
}

# await COMMAND...: waits until it succeeds, at most 10 s.
await() {
	local end=$((SECONDS + 10))
	until "$@"; do
		[ $SECONDS -lt $end ] || { echo "waited in vain for: $*"; return 1; }
	done
}

# refuses STATUS COMMAND...: the command ends with exactly this status, says why on stderr as "NAME: text", and prints
# nothing.
refuses() {
	local want=$1 rc=0
	shift
	timeout -k 2 20 "$@" >refused.out 2>refused.err </dev/null || rc=$?
	if [ "$rc" != "$want" ]; then
		echo "status $rc instead of $want: $*"
		cat refused.err
		return 1
	fi
	grep -q "^$1: ." refused.err || { echo "no reason given: $*"; return 1; }
	[ ! -s refused.out ] || { echo "printed something: $*"; return 1; }
}

# explains COMMAND: help, usage and version go to stdout, with 0; a password is no option.
explains() {
	local o
	for o in --help --usage --version; do
		"$1" $o >o 2>e && [ -s o ] && [ ! -s e ] || { echo "$1 $o"; return 1; }
	done
	grep -qE "^$1 [0-9.]+\$" o || { echo "no version of $1: $(<o)"; return 1; }
	if "$1" --help | grep -E -- '--password( |=)'; then return 1; fi
}

# pki DIR [NAME]: a CA and a server certificate for 127.0.0.1, in the file names that QEMU expects.
pki() {
	local d=$1
	mkdir -p "$d"
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/C=XX/O=Lab/CN=ca" -keyout "$d/ca-key.pem" \
		-out "$d/ca-cert.pem" 2>/dev/null
	openssl req -newkey rsa:2048 -nodes -subj "/C=XX/O=Lab/CN=${2:-server}" -keyout "$d/server-key.pem" \
		-out "$d/server.csr" 2>/dev/null
	openssl x509 -req -in "$d/server.csr" -CA "$d/ca-cert.pem" -CAkey "$d/ca-key.pem" -CAcreateserial -days 2 \
		-extfile <(echo "subjectAltName=IP:127.0.0.1,DNS:localhost") -out "$d/server-cert.pem" 2>/dev/null
	chmod 600 "$d/server-key.pem"
}

# picture FILE: a small picture with something in every corner.
picture() {
	python3 - "$1" <<'END'
import sys
w, h = 64, 48
px = bytes(b for y in range(h) for x in range(w) for b in (x * 4, y * 5, (x ^ y) & 255))
open(sys.argv[1], "wb").write(b"P6\n%d %d\n255\n" % (w, h) + px)
END
}

# listener: accepts one connection on a free port and does with it what the Python text in $1 says (`c` is the
# connection). Sets $peer (pid) and $peer_at.
listener() {
	rm -f peer_ready
	mkfifo peer_ready
	python3 -c "
import socket, sys
s = socket.socket()
s.bind(('127.0.0.1', 0))
s.listen(8)
open('peer_ready', 'w').write('127.0.0.1:%d\n' % s.getsockname()[1])
c, _ = s.accept()
$1
" >peer_out 2>&1 3>&- &
	peer=$!
	read -r peer_at <peer_ready
}

# relay OPTION... TARGET: badlink; sets $relay (pid), $through (its address) and descriptor 7 (its further lines).
relay() {
	rm -f lines
	mkfifo lines
	"$BUILD/tests/badlink" "$@" >lines 2>relay.err 3>&- &
	relay=$!
	exec 7<lines
	read -r -t 10 -u 7 _ through
	through=127.0.0.1:$through
}

end_relay() {
	kill "$relay"
	wait "$relay" 2>/dev/null || true
	exec 7<&-
}
