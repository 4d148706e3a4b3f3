# The command line of spice-view: help, usage, exit statuses, pictures, scripts.
load helper

@test "--help, --usage and --version print on stdout and end with 0" {
	explains spice-view
}

@test "usage errors end with 64" {
	refuses 64 spice-view
	refuses 64 spice-view --nonsense localhost
	refuses 64 spice-view --info localhost otherhost
	refuses 64 spice-view --password x localhost
	refuses 64 spice-view --password=x localhost
	refuses 64 spice-view --info --screenshot x.png localhost
	refuses 64 spice-view --screenshot x.gif localhost
	refuses 64 spice-view --timeout soon --info localhost
	refuses 64 spice-view --retry -1 --info localhost
	refuses 64 spice-view --settle x --screenshot x.png localhost
	refuses 64 spice-view --display x --info localhost
	refuses 64 spice-view --rate 0 --type /dev/null localhost
	refuses 64 spice-view --preferred-compression zip --info localhost
	refuses 64 spice-view --password-fd 77 --info localhost
	refuses 64 spice-view --scale=huge localhost
}

@test "row 42: a SERVER that can't be understood ends with 64" {
	for u in spice://h:4294967396 spice://h:-80 spice://h: spice://h:0 spice://h:65536 'spice://h?x=1' spice:// \
		'spice://h:1?port=2' 'spice://%zz' http://h h:99999 '[::1' spice+unix:// spice+unix://relative; do
		refuses 64 spice-view --info "$u"
	done
}

@test "bad data ends with 65" {
	echo "nonsense" >x.vv
	refuses 65 spice-view --info x.vv
	printf '[virt-viewer]\ntype=vnc\nhost=h\nport=1\n' >x.vv
	refuses 65 spice-view --info x.vv
	head -c 70000 /dev/zero >x.vv
	refuses 65 spice-view --info x.vv || refuses 66 spice-view --info x.vv
	for line in nonsense 'key' 'key no-such-key' 'move 1' 'move a b' 'type "open' 'wait soon' 'expect' 'expect p.ppm much' 'expect p.ppm 101'; do
		echo "$line" >s
		refuses 65 spice-view --script s localhost
		grep -q '^spice-view: s:1: ' refused.err
	done
}

@test "missing input ends with 66" {
	refuses 66 spice-view --info none.vv
	refuses 66 spice-view --info ./none
	refuses 66 spice-view --script none localhost
	refuses 66 spice-view --type none localhost
}

@test "a host that is not found ends with 68" {
	refuses 68 spice-view --info no-such-host.invalid
}

@test "nobody there, or gone, ends with 69" {
	refuses 69 spice-view --info 127.0.0.1:1
	refuses 69 spice-view --info spice+unix:///nonexistent/sock
	listener "c.close()"
	refuses 69 spice-view --info "$peer_at"
}

@test "output that can't be made ends with 73, a full disk with 74" {
	serve
	refuses 73 spice-view --screenshot none/x.png "$at"
	run -74 bash -c "spice-view --screenshot - $at >/dev/full"
	run -74 bash -c "spice-view --info $at >/dev/full"
	run -74 bash -c "spice-view --info $at >&-"
}

@test "a server that says nothing is a time-out, 75" {
	listener "c.recv(100000); s.accept()"
	refuses 75 spice-view --timeout 300ms --info "$peer_at"
}

@test "a server that talks something else is a protocol error, 76" {
	listener "c.sendall(b'HTTP/1.0 400 Bad Request\r\n\r\n' * 20); c.recv(100000); c.recv(1)"
	refuses 76 spice-view --info "$peer_at"
	listener "c.sendall(b'REDQ' + b'\xff' * 60); c.recv(100000); c.recv(1)"
	refuses 76 spice-view --info "$peer_at"
}

@test "row 54, CVE-2011-1775: nothing is sent before the certificate is verified" {
	pki pki
	listener "
import ssl
x = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
x.load_cert_chain('pki/server-cert.pem', 'pki/server-key.pem')
n = 0
try:
    t = x.wrap_socket(c, server_side=True)
    n = len(t.recv(1000))
except (ssl.SSLError, OSError):
    pass
print('received', n)"
	SPICE_PASSWORD=SPCANARY refuses 77 spice-view --info "spice+tls://$peer_at"
	gone "$peer"
	grep -qx 'received 0' peer_out
}

@test "--retry waits for a server that comes later" {
	serve --unix "$PWD/first"
	spice-view --retry 20s --screenshot x.ppm "spice+unix://$PWD/later" 2>view.err 3>&- &
	viewer=$!
	await grep -q . view.err
	serve --unix "$PWD/later"
	gone "$viewer"
	[ -s x.ppm ]
	[ "$(wc -l <view.err)" = 1 ]
}

@test "--retry says once that nobody listens, and at the end what went wrong then" {
	run -69 --separate-stderr view --retry 700ms --screenshot x.ppm "spice+unix://$PWD/never"
	[ "$(wc -l <<<"$stderr")" = 1 ]
	echo secret-ticket >tickets
	spice-view --retry 20s --screenshot x.ppm "spice+unix://$PWD/closed" 2>view.err 3>&- &
	viewer=$!
	await grep -q . view.err
	serve --unix "$PWD/closed" --ticket-file tickets
	rc=0
	wait "$viewer" || rc=$?
	[ $rc = 77 ]
	[ "$(wc -l <view.err)" = 2 ]
	[[ $(tail -n 1 view.err) == *refused* ]]
}

@test "--view-only and a script that types contradict each other" {
	printf 'key a\n' >s
	refuses 64 spice-view --view-only --script s localhost
}

@test "pictures: PNG, PPM, JPEG by ending, PPM on stdout, whole or not at all" {
	picture p.ppm
	serve --image p.ppm
	for f in x.png x.ppm x.jpg x.jpeg; do view --screenshot $f "$at"; done
	[ "$(head -c 4 x.png | tail -c 3)" = PNG ]
	[ "$(head -c 2 x.jpg | od -An -tx1 | tr -d ' ')" = ffd8 ]
	cmp p.ppm x.ppm
	view --screenshot - "$at" | cmp p.ppm -
	serve --image x.png
	view --screenshot - "$at" | cmp p.ppm -
}

@test "--info in words and in JSON" {
	serve --name "a machine" -g 320x200
	view --info "$at" >info
	grep -qx 'name a machine' info
	grep -qx 'geometry 320x200' info
	for c in display inputs cursor; do grep -qF "channel $c[0]" info; done
	[ "$(view --info --json "$at" | tee json | wc -l)" = 1 ]
	python3 -c "
import json
o = json.load(open('json'))
assert o['name'] == 'a machine' and (o['width'], o['height']) == (320, 200)
assert 'display[0]' in o['channels'] and isinstance(o['common_capabilities'], list)"
}

@test "C-8: a name with control characters is printed harmless" {
	serve --name $'evil\e]0;x\a\xc2\x9b\r\xe2\x80\xae'
	view --info "$at" >info
	! LC_ALL=C grep -qP '[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80\xae' info || false
	view --info --json "$at" >json
	! LC_ALL=C grep -qP '[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80\xae' json || false
	python3 -c "import json; json.load(open('json'))"
}

@test "a script: keys and pointer arrive, in order" {
	serve --events e
	printf 'move 10 20\nclick\nkey shift+a\nwheel 1\ndrag 30 40\ntype "b"\n' >s
	view --script s "$at"
	await grep -q '"event":"left"' e
	grep -oE '"(code|button|x)":[0-9]+.*' e >got
	cat >want <<'END'
"x":10,"y":20}
"button":1,"down":true}
"button":1,"down":false}
"code":42,"down":true}
"code":30,"down":true}
"code":30,"down":false}
"code":42,"down":false}
"button":5,"down":true}
"button":5,"down":false}
"button":1,"down":true}
"x":30,"y":40}
"button":1,"down":false}
"code":48,"down":true}
"code":48,"down":false}
END
	diff want got
}

@test "--type types a file or stdin, exactly once" {
	serve --events e
	printf 'aB' | view --type - "$at"
	await grep -q '"event":"left"' e
	[ "$(grep -c '"event":"key"' e)" = 6 ]
}

@test "--view-only sends nothing" {
	serve --events e
	printf 'capture x.ppm\n' >s
	view --view-only --script s "$at"
	await grep -q '"event":"left"' e
	! grep -qE '"event":"(key|button|motion|position|locks)"' e || false
}

@test "expect: equal pictures pass, others end with 1 and say the line" {
	picture p.ppm
	serve --image p.ppm
	printf 'expect p.ppm\n' >s
	view --script s "$at"
	python3 -c "
d = bytearray(open('p.ppm', 'rb').read())
d[-1] ^= 1
open('q.ppm', 'wb').write(d)"
	printf '# one pixel differs\nexpect q.ppm\n' >s
	refuses 1 spice-view --script s "$at"
	grep -q '^spice-view: s:2: ' refused.err
	printf 'expect q.ppm 1%%\n' >s
	view --script s "$at"
	printf 'expect none.ppm\n' >s
	refuses 66 spice-view --script s "$at"
}

@test "wait-change without a change ends with 75 and says the line; wait-settle ends" {
	picture p.ppm
	serve --image p.ppm
	printf 'wait-settle 50\nwait-change\n' >s
	refuses 75 spice-view --timeout 2s --script s "$at"
	grep -q '^spice-view: s:2: ' refused.err
}

@test "a script on stdin" {
	picture p.ppm
	serve --image p.ppm
	printf 'capture x.ppm\nexpect x.ppm\n' | view --script - "$at"
	cmp p.ppm x.ppm
}

@test "a job that a signal cuts short ends with 128+N within 2 s" {
	serve --events e
	echo 'wait 1h' >s
	for sig in TERM:143 INT:130; do
		rm -f e.seen
		seen=$(grep -c ready e || true)
		python3 - "$at" 3>&- <<'END' &
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp("spice-view", ["spice-view", "--script", "s", sys.argv[1]])
END
		viewer=$!
		await bash -c "[ \$(grep -c ready e) -gt $seen ]"
		before=${EPOCHREALTIME/./}
		kill "-${sig%:*}" "$viewer"
		ends "${sig#*:}" "$viewer"
		[ $((${EPOCHREALTIME/./} - before)) -lt 2000000 ]
	done
}

@test "D-5: delete-this-file removes the file that was read, and only then" {
	serve
	vv="[virt-viewer]\ntype=spice\nhost=127.0.0.1\nport=${at#*:}\n"
	printf "$vv" >keep.vv
	view --info keep.vv >info
	[ -e keep.vv ]
	printf "${vv}delete-this-file=1\n" >go.vv
	view --info go.vv >info
	[ ! -e go.vv ]
	printf "${vv}delete-this-file=1\n" >target
	ln -s target link.vv
	view --info link.vv >info
	[ -e target ] && [ -L link.vv ]
}

@test "file:// as desktops name files" {
	serve
	mkdir 'a b'
	printf '[virt-viewer]\ntype=spice\nhost=127.0.0.1\nport=%s\ndelete-this-file=1\n' "${at#*:}" >'a b/x.vv'
	refuses 66 spice-view --info "file://$PWD/a b/none.vv"
	refuses 64 spice-view --info "file://elsewhere$PWD/a%20b/x.vv"
	refuses 64 spice-view --info 'file:///%zz'
	view --info "file://localhost$PWD/a%20b/x.vv" >info
	[ ! -e 'a b/x.vv' ]
	[ -z "$(ls -A 'a b')" ]
}

@test "a file for a newer viewer says where to get it" {
	printf '[virt-viewer]\ntype=spice\nhost=h\nport=1\nversion=99.0\nnewer-version-url=https://h.example/get\n' >x.vv
	refuses 65 spice-view --info x.vv
	grep -q 'https://h.example/get' refused.err
}

@test "eight viewers see the same picture" {
	picture p.ppm
	serve --image p.ppm
	pids=()
	for i in 1 2 3 4 5 6 7 8; do
		spice-view --screenshot $i.ppm "$at" 3>&- &
		pids+=($!)
	done
	for p in "${pids[@]}"; do gone "$p"; done
	for i in 1 2 3 4 5 6 7 8; do cmp p.ppm $i.ppm; done
}

@test "colours: none in messages that go to a file" {
	run ! spice-view --info 127.0.0.1:1
	[[ $output != *$'\e'* ]]
}
