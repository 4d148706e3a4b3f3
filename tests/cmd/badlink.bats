# The bad network of the tests (tests/tools/badlink.c): what each of its options does; and what spice-serve and
# spice-view make of it: rows X-1, X-2 and X-6 of RELIABILITY 4 in small.
load helper

# far TEXT: runs a Python program on this side of the relay; `s` is the socket, took() the milliseconds since it
# began, take(N) reads N bytes.
far() {
	python3 - "${through#*:}" <<END
import socket, sys, time
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
s.settimeout(20)
begin = time.monotonic()
def took():
    return (time.monotonic() - begin) * 1000
def take(n):
    got = b""
    while len(got) < n:
        part = s.recv(n - len(got))
        if not part:
            break
        got += part
    return got
$1
END
}

# near: the server behind the relay, which sends 4000 bytes at once and then what it gets; sets $peer_at
near() {
	listener '
while True:
    c.sendall(bytes(range(250)) * 16)
    while True:
        try:
            b = c.recv(4096)
        except OSError:
            break
        if not b:
            break
        c.sendall(b)
    c.close()
    c, _ = s.accept()'
}

now_ms() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); }

@test "without options nothing is bad; both ends of a connection are passed on" {
	near
	relay "$peer_at"
	run far 'print(take(4000) == bytes(range(250)) * 16)
s.sendall(b"x" * 100000)
s.shutdown(socket.SHUT_WR)
print(len(take(200000)))'
	[ "$output" = $'True\n100000' ]
}

@test "--delay, --jitter, --rate and --stall take their time, in the direction that is meant" {
	near
	relay --delay 200 --direction up "$peer_at"
	run far 'take(4000); a = took(); s.sendall(b"x"); take(1); b = took() - a; print(a < 200 and 200 <= b < 400)'
	[ "$output" = True ]
	end_relay
	relay --delay 100 "$peer_at"
	run far 'take(4000); s.sendall(b"x"); take(1); print(took() >= 300)'
	[ "$output" = True ]
	end_relay
	relay --jitter 400 --seed 3 "$peer_at"
	run far 'take(4000)
times = []
for i in range(10):
    a = took(); s.sendall(b"x"); take(1); times.append(took() - a)
print(max(times) - min(times) > 50)'
	[ "$output" = True ]
	end_relay
	relay --rate 64 "$peer_at" # 8 bytes a millisecond
	run far 'take(4000); print(490 <= took() < 1000)'
	[ "$output" = True ]
	end_relay
	relay --stall-after 1000 --stall 100 --direction down "$peer_at"
	run far 'take(4000); print(300 <= took() < 1500)'
	[ "$output" = True ]
	end_relay
	relay --stall-after 1000 "$peer_at"
	run far 'a = take(1000)
s.settimeout(0.3)
try:
    s.recv(1)
except TimeoutError:
    print(len(a))'
	[ "$output" = 1000 ]
}

@test "--one-byte comes in many pieces" {
	near
	relay --one-byte "$peer_at"
	run far 'n = pieces = 0
while n < 4000:
    n += len(s.recv(4000)); pieces += 1
print(pieces > 100)'
	[ "$output" = True ]
}

@test "--cut-after-bytes ends with these bytes, by FIN or by RST; the next connection counts anew" {
	near
	relay --cut-after-bytes 1234 --direction down "$peer_at"
	for i in 1 2; do
		run far 'print(len(take(4000)))'
		[ "$output" = 1234 ]
		read -r -t 5 -u 7 line
		[ "$line" = cut ]
	done
	end_relay
	relay --cut-after-bytes 10 --direction up --rst "$peer_at"
	run far 'take(4000)
s.sendall(b"y" * 11)
try:
    while s.recv(100): pass
    print("FIN")
except ConnectionResetError:
    print("RST")'
	[ "$output" = RST ]
	end_relay
	relay --cut-after-bytes 0 "$peer_at"
	run far 'print(len(take(4000)))'
	[ "$output" = 0 ]
}

@test "nobody there: 68, 64; the server behind it gone: the client hears of it" {
	run -68 "$BUILD/tests/badlink" nowhere.invalid:1
	run -64 "$BUILD/tests/badlink" --delay -1 127.0.0.1:1
	run -64 "$BUILD/tests/badlink" --direction sideways 127.0.0.1:1
	relay 127.0.0.1:1
	run -69 spice-view --info "$through"
}

@test "a session through every kind of bad link shows the same picture" {
	picture p.ppm
	serve --image p.ppm
	view --screenshot direct.ppm "$at"
	for o in --one-byte '--delay 30 --jitter 20' '--rate 2000' '--stall-after 20000 --stall 20'; do
		relay $o "$at"
		view --screenshot "bad.ppm" "$through"
		cmp direct.ppm bad.ppm
		end_relay
	done
	serve --image p.ppm --unix "$PWD/sock"
	relay --delay 5 "unix:$PWD/sock"
	view --screenshot bad.ppm "$through"
	cmp direct.ppm bad.ppm
}

@test "X-1: the link cut after message 1 to 40 of either direction: the viewer 69, the server goes on" {
	printf '%s\n' 'repeat 100000' 'fill 0 0 50 50 #123456' 'wait 3' 'fill 0 0 50 50 #654321' 'wait 3' end >draw
	serve -g 60x60 --script draw --events events
	printf 'type "%0100d"\nwait 60s\n' 0 >act
	for d in down up; do
		for k in {1..40}; do
			relay --cut-after-msg "$k" --direction $d $([ $((k % 2)) = 0 ] || echo --rst) "$at"
			viewer --script act "$through" 2>view.err
			read -r -t 10 -u 7 line
			[ "$line" = cut ]
			cut=$(now_ms)
			ends 69 "$viewer" || { echo "$d $k"; cat view.err; return 1; }
			[ $(($(now_ms) - cut)) -lt 2500 ] || { echo "$d $k: $(($(now_ms) - cut)) ms"; return 1; }
			end_relay
		done
	done
	all_left() { [ "$(grep -c '"joined"' events)" = "$(grep -c '"left"' events)" ]; }
	await all_left
	view --screenshot x.ppm "$at"
	kill "$server"
	ends 0 "$server"
}

@test "X-2: the link cut within the handshake: the viewer 69, the server goes on" {
	picture p.ppm
	serve --image p.ppm --events events
	echo 'wait 60s' >act
	for d in down up; do
		for k in {1..760..69}; do
			relay --cut-after-bytes "$k" --direction $d $([ $((k % 2)) = 0 ] || echo --rst) "$at"
			viewer --script act "$through" 2>view.err
			ends 69 "$viewer" || { echo "$d $k"; cat view.err; return 1; }
			end_relay
		done
	done
	view --screenshot x.ppm "$at"
	kill "$server"
	ends 0 "$server"
}

@test "X-6: a viewer that takes and gives a byte at a time does not hold up the others" {
	serve -g 200x150
	relay --rate 0.8 "$at" # 100 bytes a second: far from a link within the test
	viewer --screenshot slow.ppm "$through"
	begin=$(now_ms)
	view --screenshot x.ppm "$at"
	[ $(($(now_ms) - begin)) -lt 5000 ]
	kill -0 "$viewer"
}
