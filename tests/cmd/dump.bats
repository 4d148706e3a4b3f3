# The command line of spice-dump: help, usage, exit statuses, filters, and what broken or hostile captures do.
load helper

setup_file() {
	export root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	for c in handshake fullhdr xspice-agent; do
		xz -dc "$root/tests/captures/$c.pcap.xz" >"$BATS_FILE_TMPDIR/$c.pcap"
	done
}

# make NAME: runs the Python text on stdin, with mkpcap; it leaves the bytes of the capture in `out`.
make_capture() {
	{ echo "from mkpcap import *; c = Conversation()"; cat; echo "open('$1', 'wb').write(out)"; } |
		PYTHONPATH=$root/tests/tools PYTHONDONTWRITEBYTECODE=1 python3 -
}

caps() { echo "$BATS_FILE_TMPDIR/$1.pcap"; }

# survives FILE: ends with 0 or 65 within a second, in both ways to read.
survives() {
	local rc
	for o in --json --check; do
		rc=0
		timeout 5 spice-dump $o "$1" >/dev/null 2>&1 || rc=$?
		[ $rc = 0 ] || [ $rc = 65 ] || { echo "status $rc: spice-dump $o $1"; return 1; }
	done
}

@test "a picture of 20 MB is read; a message that claims more than 64 MiB is passed over" {
	make_capture large.pcap <<'END'
c.mss = 60000
link(c, 2)
w, h = 2560, 2048
body = struct.pack("<IiiiiB", 0, 0, 0, h, w, 0) + struct.pack("<IiiiiHB", 57, 0, 0, h, w, 8, 1) + struct.pack("<Bii", 0, 0, 0) + struct.pack("<I", 0)
body += struct.pack("<QBBII", 1, 0, 0, w, h) + struct.pack("<BBIIII", 8, 4, w, h, 4 * w, 0) + bytes(4 * w * h)
c.server(message(304, body))
c.server(message(102, b""))
c.end()
out = pcap(c.packets())
END
	spice-dump --check large.pcap
	spice-dump -m DRAW_COPY large.pcap | grep -q 'size=20971'
	make_capture claims.pcap <<'END'
link(c, 2)
c.server(struct.pack("<HI", 304, (64 << 20) + 1) + bytes(1000))
c.end()
out = pcap(c.packets())
END
	run -65 spice-dump --check claims.pcap
	[[ $output == *"too large to hold"* ]]
}

@test "--help, --usage and --version print on stdout and end with 0" {
	explains spice-dump
}

@test "usage errors end with 64" {
	f=$(caps fullhdr)
	refuses 64 spice-dump
	refuses 64 spice-dump "$f" "$f"
	refuses 64 spice-dump --nonsense "$f"
	refuses 64 spice-dump -c kitchen "$f"
	refuses 64 spice-dump -c main,kitchen "$f"
	refuses 64 spice-dump -m DRAW_HORSE "$f"
	refuses 64 spice-dump --direction up "$f"
	refuses 64 spice-dump -x --no-payload "$f"
}

@test "a server is no capture: 64, and it says so" {
	for s in localhost localhost:5900 spice://localhost spice+unix:///tmp/x '[::1]:5900'; do
		refuses 64 spice-dump "$s"
		grep -q 'not servers' refused.err
	done
}

@test "missing files end with 66, what is no capture with 65" {
	refuses 66 spice-dump nowhere.pcap
	refuses 66 spice-dump nowhere/at/all
	refuses 66 spice-dump .
	echo "no capture at all, but long enough to have a header" >text.pcap
	refuses 65 spice-dump text.pcap
	: >empty.pcap
	refuses 65 spice-dump empty.pcap
	refuses 65 spice-dump - # stdin is empty
	make_capture link.pcap <<<'out = pcap([b"x"], link=105)'
	refuses 65 spice-dump link.pcap
}

@test "a line a message, and a file named like a server is a file" {
	cp "$(caps fullhdr)" localhost
	spice-dump localhost >o 2>e
	[ ! -s e ]
	grep -qE '^[0-9]+\.[0-9]{6} 1 main\[0\] in INIT size=32 session_id=[0-9]+ ' o
	grep -qE ' display\[0\] in DRAW_COPY size=[0-9]+ base=\{surface_id=0 box=' o
	! grep -qvE '^[0-9]+\.[0-9]{6} [0-9]+ [a-z]+\[[0-9]+\] (in|out) [A-Z_a-z:]+ size=[0-9]+' o || false
}

@test "filters: channel, message, direction; several and again" {
	f=$(caps xspice-agent)
	spice-dump -c inputs,agent "$f" >o
	[ "$(cut -d' ' -f3 o | sort -u | xargs)" = 'agent[0] inputs[0]' ]
	spice-dump -c inputs -c agent "$f" | cmp - o
	[ "$(spice-dump -m CLIPBOARD_GRAB,CLIPBOARD "$f" | cut -d' ' -f5 | sort | uniq -c | xargs)" = '2 CLIPBOARD 3 CLIPBOARD_GRAB' ]
	spice-dump --direction out "$f" >o
	[ "$(cut -d' ' -f4 o | sort -u)" = out ]
	[ "$(spice-dump --direction in "$f" | cut -d' ' -f4 | sort -u)" = in ]
}

@test "JSON, with and without payload, and hex" {
	f=$(caps xspice-agent)
	spice-dump --json -m FILE_XFER_DATA "$f" >with
	spice-dump --json --no-payload -m FILE_XFER_DATA "$f" >without
	python3 - <<'END'
import json
a, b = json.load(open("with")), json.load(open("without"))
assert a["channel"] == "agent" and a["dir"] == "out" and a["size"] == 20012
assert len(a["body"]["data"]) == 40000 and "data" not in b["body"] and b["body"]["size"] == 20000
END
	spice-dump --json -x -m KEY_MODIFIERS "$f" | grep -q '"hex":"0000"\|"hex":"00000000"'
	spice-dump -x -m FILE_XFER_START "$f" | grep -qF '[vdagent-file-xf'
}

@test "--stat and --check" {
	f=$(caps fullhdr)
	spice-dump --stat "$f" >o
	head -n 1 o | grep -qE '^channel +dir +name +count +bytes$'
	grep -qE '^display +in +DRAW_COPY +205 +[0-9]+$' o
	spice-dump --stat --json "$f" | python3 -c 'import json, sys
rows = [json.loads(l) for l in sys.stdin]
assert any(r["name"] == "DRAW_COPY" and r["count"] == 205 for r in rows)'
	spice-dump --check "$f" >o
	[ ! -s o ]
	spice-dump --check --stat "$f" | grep -q DRAW_COPY
}

@test "stdin is read as it comes" {
	mkfifo in out
	timeout 20 spice-dump - <in >out 3>&- &
	exec 5>in 6<out
	cat "$(caps fullhdr)" >&5
	read -r line <&6 # while the capture is still open
	[[ $line = *' main[0] out LINK_HEADER '* ]]
	exec 5>&-
	cat <&6 >/dev/null
	exec 6<&-
	wait $!
}

@test "a reader that has seen enough, and a full disk" {
	f=$(caps handshake)
	(set -o pipefail; spice-dump -x "$f" 2>e | head -n 1 >/dev/null)
	[ ! -s e ]
	run -74 bash -c "spice-dump '$f' >/dev/full"
	run -74 bash -c "spice-dump --stat '$f' >/dev/full"
}

@test "a capture cut anywhere reads up to there" {
	f=$(caps fullhdr)
	size=$(stat -c %s "$f")
	spice-dump "$f" >whole
	for n in 1 23 24 25 40 41 1000 4097 $((size / 2)) $((size - 1)); do
		head -c $n "$f" >cut.pcap
		survives cut.pcap
		[ $n -lt 24 ] || spice-dump cut.pcap 2>/dev/null | grep -v ' CUT ' >part || true
		[ $n -lt 24 ] || head -n "$(wc -l <part)" whole | cmp - part
	done
	head -c $((size - 1)) "$f" >cut.pcap
	run -65 --separate-stderr spice-dump --check cut.pcap
	[[ $stderr = *'the capture ends here'* ]]
}

@test "flipped bits end with 0 or 65" {
	f=$(caps fullhdr)
	for seed in $(seq 60); do
		python3 - "$f" "$seed" <<'END'
import random, sys
random.seed(int(sys.argv[2]))
b = bytearray(open(sys.argv[1], "rb").read()[:30000])
for _ in range(random.choice([1, 8, 64])):
    b[random.randrange(len(b))] ^= 1 << random.randrange(8)
open("bent.pcap", "wb").write(b)
END
		survives bent.pcap
	done
}

@test "classic pcap of both byte orders, nanoseconds, pcapng, IPv6, other link layers" {
	make_capture a.pcap <<<'link(c); c.server(message(4, bytes(12))); c.end(); out = pcap(c.packets())'
	spice-dump a.pcap | cut -d' ' -f2- >want
	grep -q ' in PING size=12 id=0 timestamp=0 data=\[0\]' want
	make_capture b.pcap <<<'link(c); c.server(message(4, bytes(12))); c.end(); out = pcap(c.packets(), order=">")'
	make_capture c.pcap <<<'link(c); c.server(message(4, bytes(12))); c.end(); out = pcap(c.packets(), magic=0xa1b23c4d)'
	make_capture d.pcap <<<'link(c); c.server(message(4, bytes(12))); c.end(); out = pcapng(c.packets())'
	make_capture e.pcap <<<'c = Conversation(v6=True); link(c); c.server(message(4, bytes(12))); c.end(); out = pcap(c.packets())'
	make_capture f.pcap <<<'link(c); c.server(message(4, bytes(12))); c.end(); out = pcap([f[14:] for f in c.packets()], link=101)'
	make_capture g.pcap <<<'link(c); c.server(message(4, bytes(12))); c.end(); out = pcap([bytes([2, 0, 0, 0]) + f[14:] for f in c.packets()], link=0)'
	make_capture h.pcap <<<'link(c); c.server(message(4, bytes(12))); c.end(); out = pcap([bytes(14) + f[12:] for f in c.packets()], link=113)'
	make_capture i.pcap <<<'link(c); c.server(message(4, bytes(12))); c.end(); out = pcap([f[12:14] + bytes(18) + f[14:] for f in c.packets()], link=276)'
	make_capture j.pcap <<<'link(c); c.server(message(4, bytes(12))); c.end(); out = pcap([f[:12] + b"\x81\0\0\5" * 3 + f[12:] for f in c.packets()])'
	for f in b c d e f g h i j; do
		spice-dump $f.pcap | cut -d' ' -f2- | diff want - || { echo "$f differs"; return 1; }
	done
}

@test "WebSocket and HTTP CONNECT are read through, TLS is one stretch" {
	make_capture ws.pcap <<'END'
def frame(who, data):
    out = b""
    for i in range(0, len(data), 50): # borders anywhere, some with long lengths, a ping between
        part = data[i:i + 50]
        mask = bytes([1, 2, 3, 4 + i % 7])
        n = bytes([len(part)]) if i % 3 else bytes([126, 0, len(part)])
        if who == 0:
            out += b"\x82" + bytes([n[0] | 128]) + n[1:] + mask + bytes(b ^ mask[k % 4] for k, b in enumerate(part))
            out += b"\x89\x80" + mask
        else:
            out += b"\x82" + n + part
    return out
c.client(b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n")
c.server(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
link(c, wrap=frame)
c.server(frame(1, message(4, bytes(100))))
c.end()
out = pcap(c.packets())
END
	spice-dump ws.pcap >o
	grep -q ' main\[0\] in PING size=100 ' o
	spice-dump --check ws.pcap
	make_capture proxy.pcap <<'END'
c.client(b"CONNECT vm:5900 HTTP/1.0\r\n\r\n")
c.server(b"HTTP/1.0 200 OK\r\n\r\n")
link(c)
c.server(message(4, bytes(100)))
c.end()
out = pcap(c.packets())
END
	spice-dump --check proxy.pcap
	spice-dump proxy.pcap | grep -q ' main\[0\] in PING size=100 '
	make_capture tls.pcap <<'END'
c.client(b"\x16\x03\x01" + bytes(300)); c.server(b"\x16\x03\x03" + bytes(900)); c.end()
out = pcap(c.packets())
END
	spice-dump --check tls.pcap
	[ "$(spice-dump tls.pcap | cut -d' ' -f2-6 | xargs)" = '1 - out TLS size=303 1 - in TLS size=903' ]
}

@test "what is no SPICE is passed over" {
	make_capture http.pcap <<'END'
c.client(b"GET / HTTP/1.1\r\n\r\n"); c.server(b"HTTP/1.1 200 OK\r\n\r\nREDQ"); c.end()
d = Conversation(cport=40001, sport=22); d.server(b"SSH-2.0-x\r\n"); d.client(b"SSH-2.0-y\r\n"); d.end()
out = pcap(c.packets() + d.packets())
END
	[ -z "$(spice-dump http.pcap)" ]
	spice-dump --check http.pcap
}

@test "2^30 capability words are (truncated), and quick" {
	make_capture words.pcap <<<'c.client(mess(words=1 << 30)); out = pcap(c.packets())'
	timeout 1 spice-dump words.pcap | grep -qF '(truncated)'
	timeout 1 spice-dump --json words.pcap | grep -qF '(truncated)'
}

@test "text of a peer is escaped" {
	make_capture name.pcap <<'END'
name = b"\x1b[31mred\n\r\0\x9b\xe2\x80\xae\\\"\xff"
link(c); c.server(message(113, struct.pack("<I", len(name)) + name)); c.end(); out = pcap(c.packets())
END
	spice-dump --check name.pcap
	for o in '' --json; do
		spice-dump $o name.pcap >o
		[ "$(wc -l <o)" = "$(spice-dump --stat name.pcap | awk 'NR > 1 { n += $4 } END { print n }')" ]
		! grep -qP '[^\x20-\x7e]' <(LC_ALL=C grep NAME o | tr -d '\357\277\275') || false
	done
	spice-dump name.pcap | grep -qF '\x1b[31mred\x0a\x0d\x00'
}

@test "sub-messages: lists in lists and lists that name themselves are refused, quickly" {
	make_capture lists.pcap <<'END'
link(c, channel=2)
def sub(number, body): return struct.pack("<HI", number, len(body)) + body
inval = struct.pack("<HBQ", 1, 1, 5)
c.server(message(8, struct.pack("<HI", 1, 6) + sub(105, inval)))               # good
c.server(message(8, struct.pack("<HI", 1, 0) + sub(105, inval)))               # names the list
nest = struct.pack("<H", 0)
for _ in range(1000): nest = struct.pack("<HI", 1, 6) + sub(8, nest)
c.server(message(8, nest))                                                     # LIST in LIST
c.server(message(8, struct.pack("<H", 65535) + struct.pack("<I", 262142) * 65535 + sub(105, inval)))
c.end()
out = pcap(c.packets())
END
	run -65 timeout 2 spice-dump --check lists.pcap
	[ "$(grep -c "bad:LIST" <<<"$output")" = 3 ]
	[ "$(spice-dump -m INVAL_LIST lists.pcap | head -n 1 | cut -d' ' -f5,6)" = 'sub:INVAL_LIST size=11' ]
	make_capture full.pcap <<'END'
link(c, channel=2, caps=1)
c.server(full(102, bytes(8), sub_list=4) + full(102, bytes(8), sub_list=7) + full(102, b"\0\1\0\1\0\0\0", sub_list=1))
c.server(full(102, struct.pack("<HIHBQHI", 105, 24, 1, 1, 5, 1, 0), serial=9, sub_list=17))
c.end()
out = pcap(c.packets())
END
	run -65 spice-dump --check full.pcap
	[ "$(grep -c "bad:MARK" <<<"$output")" = 3 ] # bytes of nothing, a list without room, one that names itself
}

@test "a lost segment is said, the next message is read" {
	make_capture lost.pcap <<'END'
link(c)
for i in range(9): c.server(message(4, bytes([i]) + bytes(11)))
c.end()
f = c.packets()
out = pcap(f[:10] + f[11:])
END
	run -65 spice-dump --check lost.pcap
	[[ ${lines[0]} = *' LOST size=18 '* ]]
	[ "$(spice-dump -m PING lost.pcap | wc -l)" = 8 ]
}

@test "unknown messages, malformed ones and unread bytes are not understood" {
	make_capture bad.pcap <<'END'
link(c)
c.server(message(999, b"??") + message(103, bytes(31)) + message(103, bytes(33)) + message(4, bytes(12)))
c.end()
out = pcap(c.packets())
END
	run -65 spice-dump --check bad.pcap
	[[ ${lines[0]} = *' bad:UNKNOWN size=2 '* ]]
	[[ ${lines[1]} = *' bad:INIT size=31 '*'why="malformed"' ]]
	[[ ${lines[2]} = *' bad:INIT size=33 '* ]]
	[ "${#lines[@]}" = 3 ]
	spice-dump bad.pcap | grep -q ' in PING '
}

@test "hostile packets and files (row 79)" {
	PYTHONPATH=$root/tests/tools PYTHONDONTWRITEBYTECODE=1 python3 - <<'END'
from mkpcap import *
c = Conversation(); link(c); c.server(message(4, bytes(12))); c.end()
f = c.packets()
n = 0
def put(b):
    global n
    open("hostile%d.pcap" % n, "wb").write(b); n += 1
def rec(caplen, length, data): return struct.pack("<IIII", 1, 0, caplen, length) + data
head = pcap([])
for snap in (0, 1, 0x7fffffff, 0xffffffff):
    put(head[:16] + struct.pack("<I", snap) + head[20:] + pcap(f)[24:])
put(head + rec(0xffffffff, 100, f[0]))
put(head + rec(262145, 262145, bytes(262145)))
put(head + rec(len(f[0]), 4, f[0]) + rec(len(f[0]), 0, f[0]) + rec(0, 1500, b""))
for i in range(len(f)):
    g = f[i]
    for b in (0x40, 0x41, 0x4f, 0x60, 0, 0xff): put(pcap(f[:i] + [g[:14] + bytes([b]) + g[15:]] + f[i + 1:]))
    for b in (0, 0x10, 0xf0): put(pcap(f[:i] + [g[:46] + bytes([b]) + g[47:]] + f[i + 1:]))
    for b in (0, 19, 21, 39, 0xffff): put(pcap(f[:i] + [g[:16] + struct.pack("!H", b) + g[18:]] + f[i + 1:]))
    for k in range(0, len(g), 7): put(pcap(f[:i] + [g[:k]] + f[i + 1:]))
put(pcap([x[:12] + b"\x81\0\0\1" * 100 + x[12:] for x in f]))
ng = bytearray(pcapng(f))
for at, v in ((4, 0), (4, 4), (4, 29), (4, 0xffffffff), (32, 0), (32, 7), (72, 4), (72, 13)):
    b = bytearray(ng); b[at:at + 4] = struct.pack("<I", v); put(bytes(b))
END
	for f in hostile*.pcap; do
		rc=0
		timeout 5 spice-dump --check "$f" >/dev/null 2>&1 || rc=$?
		[ $rc = 0 ] || [ $rc = 65 ] || { echo "status $rc: $f"; return 1; }
	done
}

@test "a standard input that can't be read ends with 66 and says so" {
	rc=0
	spice-dump - <&- 2>err || rc=$?
	[ "$rc" = 66 ]
	grep -q "^spice-dump: -: ." err
}
