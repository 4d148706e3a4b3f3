# spice-ticket: certificates, ticket files, control sockets, connection files, and what a viewer would refuse.
load helper

ticket() { timeout -k 2 20 spice-ticket "$@"; }
mode() { stat -c %a "$1"; }

# Of the files under a folder, those that others may use in any way.
open_to_others() { find "$1" -type f -perm /077 | sort; }

# enter STATUS SECRET: what a viewer with this secret gets of $at.
enter() {
	run "-$1" env SPICE_PASSWORD="$2" timeout 20 spice-view --screenshot x.ppm "$at"
}

# fake TEXT: somebody at ./qmp.sock who does what the Python text says with a connection (`c`, and `f`, a file of it).
fake() {
	rm -f qmp.sock fake_ready
	mkfifo fake_ready
	python3 -c "
import json, os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind('qmp.sock')
s.listen(8)
open('fake_ready', 'w').write('up\n')
def answer(value, **more):
	request = json.loads(f.readline())
	print(json.dumps(request), flush=True)
	f.write(json.dumps({**{'return': value, 'id': request['id']}, **more}) + '\r\n')
	f.flush()
def greet():
	f.write('{\"QMP\": {\"version\": {}, \"capabilities\": [\"oob\"]}}\r\n')
	f.flush()
	answer({})
c, _ = s.accept()
f = c.makefile('rw')
$1
" >fake.out 2>fake.err 3>&- &
	read -r _ <fake_ready
}

@test "usage: which call, which words, which options: 64" {
	refuses 64 spice-ticket
	refuses 64 spice-ticket nonsense
	refuses 64 spice-ticket ca
	refuses 64 spice-ticket ca one two
	refuses 64 spice-ticket ca pki --once
	refuses 64 spice-ticket ca pki --key-type dsa
	refuses 64 spice-ticket ca pki --valid soon
	refuses 64 spice-ticket ca pki --valid 0
	refuses 64 spice-ticket ca pki --subject nonsense
	refuses 64 spice-ticket cert pki
	refuses 64 spice-ticket new --id name
	refuses 64 spice-ticket new --once
	refuses 64 spice-ticket new --ticket-file t --id "two words"
	refuses 64 spice-ticket new --pin 00
	refuses 64 spice-ticket set
	refuses 64 spice-ticket list
	refuses 64 spice-ticket list --ticket-file t --control c
	refuses 64 spice-ticket revoke --ticket-file t
	refuses 64 spice-ticket revoke name --all --ticket-file t
	refuses 64 spice-ticket revoke name --control c
	refuses 64 spice-ticket revoke name
	refuses 64 spice-ticket vv --port 1
	refuses 64 spice-ticket vv --host h
	refuses 64 spice-ticket vv --host h --port 0
	refuses 64 spice-ticket vv --host h --host i --port 1
	refuses 64 spice-ticket verify
	refuses 64 spice-ticket verify --json a b
	refuses 64 spice-ticket subject
	refuses 64 spice-ticket --password x new
	[ ! -e pki ] && [ ! -e t ]
}

@test "C-7: an authority and a server's certificate: modes, whatever the umask" {
	for mask in 000 077; do
		(
			umask $mask
			ticket ca "pki$mask" >out
			ticket cert "pki$mask" --host localhost >out
		)
		[ "$(mode "pki$mask")" = 700 ]
		[ "$(mode "pki$mask/ca-key.pem")" = 600 ]
		[ "$(mode "pki$mask/server-key.pem")" = 600 ]
		[ "$(mode "pki$mask/server-cert.pem")" = 644 ]
		[ "$(ls "pki$mask")" = "$(printf '%s\n' ca-cert.pem ca-key.pem server-cert.pem server-key.pem)" ]
	done
}

@test "openssl believes it: for servers only, for the names and addresses that were given" {
	ticket ca pki >out
	grep -q '^made yes$' out
	for type in ecdsa rsa; do
		ticket cert pki --key-type $type --host spice.example --host '*.vm.example' --host 192.0.2.7 \
			--host 2001:db8::7 >out
		grep -qx 'subject CN=spice.example' out
		grep -qx 'names DNS:spice.example DNS:\*.vm.example IP:192.0.2.7 IP:2001:db8::7' out
		openssl verify -x509_strict -CAfile pki/ca-cert.pem -purpose sslserver pki/server-cert.pem
		openssl verify -x509_strict -CAfile pki/ca-cert.pem -verify_hostname a.vm.example pki/server-cert.pem
		openssl verify -x509_strict -CAfile pki/ca-cert.pem -verify_ip 2001:db8::7 pki/server-cert.pem
		run ! openssl verify -CAfile pki/ca-cert.pem -purpose sslclient pki/server-cert.pem
		run ! openssl verify -CAfile pki/ca-cert.pem -verify_hostname else.example pki/server-cert.pem
		openssl pkey -in pki/server-key.pem -noout -text >key
		[ "$type" = rsa ] && grep -q '3072 bit' key || grep -q 'prime256v1' key
	done
	openssl x509 -in pki/ca-cert.pem -noout -text | grep -q 'CA:TRUE, pathlen:0'
	# what it signs signs nothing
	openssl x509 -in pki/server-cert.pem -noout -text | grep -q 'CA:FALSE'
}

@test "run twice, nothing changes; other names, another subject or key make a new one" {
	ticket ca pki >out
	ticket cert pki --host localhost >out
	cp -a pki before
	ticket ca pki >out
	grep -qx 'made no' out
	ticket cert pki --host localhost >out
	grep -qx 'made no' out
	diff -r pki before
	ticket cert pki --host localhost --host 127.0.0.1 >out
	grep -qx 'made yes' out
	cmp pki/server-key.pem before/server-key.pem
	run ! cmp pki/server-cert.pem before/server-cert.pem
	ticket cert pki --host localhost --host 127.0.0.1 --subject "C=XX,O=Lab\\, Inc,CN=x" >out
	grep -qx 'made yes' out
	[ "$(ticket subject pki/server-cert.pem)" = 'C=XX,O=Lab\, Inc,CN=x' ]
	ticket cert pki --host localhost --key-type rsa >out
	run ! cmp pki/server-key.pem before/server-key.pem
	# a kind of key that is not asked for is kept
	ticket cert pki --host localhost >out
	grep -qx 'made no' out
	cp -a pki/server-key.pem key
	ticket cert pki --host localhost --renew >out
	grep -qx 'made yes' out
	run ! cmp key pki/server-key.pem
	cmp pki/ca-key.pem before/ca-key.pem
	cmp pki/ca-cert.pem before/ca-cert.pem
}

@test "a certificate is renewed when two thirds of its time are gone, and one that is damaged" {
	ticket ca pki >out
	ticket cert pki --host localhost --valid 10d >out
	ticket cert pki --host localhost --valid 29d >out
	grep -qx 'made no' out
	ticket cert pki --host localhost --valid 31d >out
	grep -qx 'made yes' out
	for damage in 'nonsense' ''; do
		echo "$damage" >pki/server-cert.pem
		ticket cert pki --host localhost >out
		grep -qx 'made yes' out
		openssl verify -CAfile pki/ca-cert.pem pki/server-cert.pem
	done
	# signed by another authority of the same folder
	cp pki/server-cert.pem old
	rm pki/ca-*.pem
	ticket ca pki >out
	cp old pki/server-cert.pem
	ticket cert pki --host localhost >out
	grep -qx 'made yes' out
	openssl verify -CAfile pki/ca-cert.pem pki/server-cert.pem
}

@test "no certificate outlives its authority; a renewed authority keeps what it signed" {
	ticket ca pki --valid 5d --subject "O=Lab,CN=Root" >out
	ticket cert pki --host localhost >out 2>err
	grep -q "ends with it" err
	grep -qE 'days_left [45]' out
	cp pki/ca-cert.pem old
	ticket ca pki --renew --subject CN=other --key-type rsa >out 2>err
	grep -q "keeps the subject" err
	grep -q "keeps the key" err
	grep -qx 'made yes' out
	run ! cmp old pki/ca-cert.pem
	[ "$(ticket subject pki/ca-cert.pem)" = "O=Lab,CN=Root" ]
	openssl verify -CAfile pki/ca-cert.pem pki/server-cert.pem
}

@test "what is no authority is refused and stays as it was: 78; one that is missing: 66" {
	refuses 66 spice-ticket cert none --host localhost
	mkdir -m 700 empty
	refuses 66 spice-ticket cert empty --host localhost
	ticket ca pki >out
	ticket ca other >out
	cp -a pki half
	rm half/ca-cert.pem
	refuses 78 spice-ticket ca half
	refuses 78 spice-ticket ca half --renew
	cmp half/ca-key.pem pki/ca-key.pem
	cp -a pki mixed
	cp other/ca-key.pem mixed
	refuses 78 spice-ticket ca mixed
	refuses 78 spice-ticket cert mixed --host localhost
	cp -a pki leaf
	ticket cert leaf --host localhost >out
	mv leaf/server-cert.pem leaf/ca-cert.pem
	mv leaf/server-key.pem leaf/ca-key.pem
	refuses 78 spice-ticket cert leaf --host localhost
	[ ! -e leaf/server-key.pem ]
	echo nonsense >mixed/ca-cert.pem
	refuses 78 spice-ticket ca mixed
}

@test "C-7: a key that others can read, or a folder that they can write to, is refused: 78" {
	ticket ca pki >out
	for m in 640 620 604; do
		chmod $m pki/ca-key.pem
		refuses 78 spice-ticket cert pki --host localhost
		refuses 78 spice-ticket ca pki
	done
	chmod 600 pki/ca-key.pem
	ticket cert pki --host localhost >out
	chmod 644 pki/server-key.pem
	refuses 78 spice-ticket cert pki --host localhost
	chmod 600 pki/server-key.pem
	for m in 770 707 777; do
		chmod $m pki
		refuses 78 spice-ticket ca pki
		refuses 78 spice-ticket cert pki --host localhost
	done
}

@test "hosts that are none: 64, and nothing is made" {
	ticket ca pki >out
	for h in '' '*' '*.com' 'a b' 'a,DNS:evil' 'h\x' 'fe80::1%eth0' '[::1]' 'ünder.example' '/etc' 'a.*.b'; do
		refuses 64 spice-ticket cert pki --host "$h"
	done
	[ ! -e pki/server-key.pem ]
}

@test "row 3: nothing is written through a link" {
	ticket ca pki >out
	echo precious >target
	ln -s ../target pki/server-cert.pem
	ticket cert pki --host localhost >out
	[ "$(cat target)" = precious ]
	[ ! -L pki/server-cert.pem ]
	ln -s target tickets
	refuses 73 spice-ticket new --ticket-file tickets
	refuses 66 spice-ticket revoke --all --ticket-file tickets
	[ "$(cat target)" = precious ]
}

@test "subject: as a host-subject; what is no certificate: 65, 66" {
	ticket ca pki --subject 'C=XX,O=Back\\slash\, Inc,CN=é' >out
	[ "$(ticket subject pki/ca-cert.pem)" = 'C=XX,O=Back\\slash\, Inc,CN=é' ]
	[ "$(ticket subject --json pki/ca-cert.pem)" = '{"subject":"C=XX,O=Back\\\\slash\\, Inc,CN=é"}' ]
	refuses 65 spice-ticket subject pki/ca-key.pem
	refuses 66 spice-ticket subject none
	head -c 200 pki/ca-cert.pem >cut.pem
	refuses 65 spice-ticket subject cut.pem
	head -c 2000000 /dev/zero >big.pem
	refuses 78 spice-ticket subject big.pem
}

@test "C-6: a new ticket has 130 bits; each is another one" {
	for i in 1 2 3 4 5 6 7 8; do ticket new; done >all
	[ "$(grep -cE '^[a-z2-7]{26}$' all)" = 8 ]
	[ "$(sort -u all | wc -l)" = 8 ]
	strace -e trace=getrandom -o trace spice-ticket new >out 2>/dev/null || skip "strace is not installed"
	grep -q '26, 0) *= 26' trace
}

@test "new: spice-serve lets it in, for as long as it says" {
	s=$(ticket new --ticket-file tickets --id alice)
	v=$(ticket new --ticket-file tickets --view-only --id bob)
	o=$(ticket new --ticket-file tickets --once)
	l=$(ticket new --ticket-file tickets --valid 1h)
	[ "$(mode tickets)" = 600 ]
	serve --ticket-file tickets --events e
	enter 0 "$s"
	enter 0 "$l"
	enter 0 "$o"
	enter 77 "$o"
	grep -q '"ticket":"alice"' e
	ticket revoke alice --ticket-file tickets
	kill -HUP "$server"
	await enters_no_more "$s"
	enter 0 "$v"
}
enters_no_more() { ! SPICE_PASSWORD=$1 timeout 20 spice-view -q --screenshot x.ppm "$at" 2>/dev/null || return 1; }

@test "new: comments and other tickets stay; those that have ended and one of the same name go" {
	printf '# mine\n\nold-secret expires=1000 id=old\nother%%20secret id=other view-only\n' >tickets
	ticket new --ticket-file tickets --id alice >one
	ticket new --ticket-file tickets --id alice >two
	[ "$(sed -n 1,3p tickets)" = "$(printf '# mine\n\nother%%20secret id=other view-only\n')" ]
	[ "$(sed -n '4,$p' tickets)" = "$(cat two) id=alice" ]
}

@test "new: what is no ticket file is refused and stays: 78, 73" {
	echo "a-ticket nonsense" >tickets
	refuses 78 spice-ticket new --ticket-file tickets
	[ "$(cat tickets)" = "a-ticket nonsense" ]
	refuses 73 spice-ticket new --ticket-file none/tickets
	mkdir folder
	refuses 73 spice-ticket new --ticket-file folder
	refuses 66 spice-ticket new --ticket-file /dev/null
	printf 'secret%d\n' $(seq 4096) >full
	refuses 78 spice-ticket new --ticket-file full
	[ "$(wc -l <full)" = 4096 ]
}

@test "new: eight at once lose nothing" {
	jobs=()
	for i in 1 2 3 4 5 6 7 8; do
		ticket new --ticket-file tickets --id "t$i" >"out$i" &
		jobs+=($!)
	done
	for p in "${jobs[@]}"; do wait "$p"; done
	[ "$(wc -l <tickets)" = 8 ]
	for i in 1 2 3 4 5 6 7 8; do grep -qx "$(cat "out$i") id=t$i" tickets; done
	[ "$(ls -A | grep -c 'tickets')" = 1 ]
}

@test "a ticket file that others can read becomes 600, and that is said" {
	echo "some-secret" >tickets
	chmod 644 tickets
	ticket new --ticket-file tickets >out 2>err
	grep -q 'mode 644' err
	[ "$(mode tickets)" = 600 ]
}

@test "list: never the ticket itself; --json an object each" {
	now=$(date +%s)
	printf '# c\nfirst-secret\nsecond-secret id=b expires=%d once view-only\nthird-secret expires=1000\n' \
		$((now + 3600)) >tickets
	ticket list --ticket-file tickets >out
	[ "$(sed -n 1p out)" = "2 - never valid" ]
	[ "$(sed -n 2p out)" = "3 b $(date -u -d "@$((now + 3600))" +%FT%TZ) valid once view-only" ]
	[ "$(sed -n 3p out)" = "4 - 1970-01-01T00:16:40Z expired" ]
	ticket list --json --ticket-file tickets >json
	[ "$(sed -n 2p json)" = '{"line":3,"id":"b","expires":'$((now + 3600))',"expired":false,"once":true,"view_only":true}' ]
	run ! grep -q secret out json
	refuses 66 spice-ticket list --ticket-file none
	echo "x y" >tickets
	refuses 78 spice-ticket list --ticket-file tickets
	: >tickets
	ticket list --ticket-file tickets >out
	[ ! -s out ]
}

@test "revoke: by name, all, twice" {
	printf '# c\nfirst-secret id=a\nsecond-secret id=b\nthird-secret id=a\nfourth-secret\n' >tickets
	ticket revoke a --ticket-file tickets
	[ "$(cat tickets)" = "$(printf '# c\nsecond-secret id=b\nfourth-secret')" ]
	[ "$(mode tickets)" = 600 ]
	ticket revoke a --ticket-file tickets 2>err
	grep -q "no ticket is called 'a'" err
	ticket revoke --all --ticket-file tickets
	[ "$(cat tickets)" = "# c" ]
	ticket revoke --all --ticket-file tickets
	refuses 66 spice-ticket revoke --all --ticket-file none
}

@test "vv: spice-view reads it; 0600; a key beside the CA stays where it is" {
	ticket ca pki >out
	ticket cert pki --host 127.0.0.1 >out
	ticket new --ticket-file tickets >pw
	serve --pki-dir pki --ticket-file tickets -p 0 --tls-port 0
	cat pki/ca-key.pem pki/ca-cert.pem >both.pem
	ticket vv --host 127.0.0.1 --tls-port "${tls_at#*:}" --ca-file both.pem --password-file pw --title ' a\b' -o x.vv
	[ "$(mode x.vv)" = 600 ]
	run ! grep -q KEY x.vv
	view --screenshot x.ppm x.vv
	ticket vv --host 127.0.0.1 --tls-port "${tls_at#*:}" --ca-file pki/ca-cert.pem --host-subject CN=else \
		--password-fd 8 8<pw >y.vv
	refuses 77 spice-view --screenshot x.ppm y.vv
	[ "$(ticket vv --host h --port 5900 --title 'a b')" = \
		"$(printf '[virt-viewer]\ntype=spice\nhost=h\nport=5900\ntitle=a b')" ]
	[ "$(ticket vv --host h --port 1 --proxy http://proxy.example:3128 | tail -n 1)" = proxy=http://proxy.example:3128 ]
	[ "$(ticket vv --json --host h --port 1)" = '{"vv":"[virt-viewer]\u000atype=spice\u000ahost=h\u000aport=1\u000a"}' ]
	[ "$(ticket vv --json --host h --port 1 -o z.vv)" = '{"file":"z.vv"}' ]
}

@test "vv: what no viewer would read is not written" {
	refuses 65 spice-ticket vv --host 'a b' --port 1
	refuses 65 spice-ticket vv --host h --port 1 --title $'a\x1b[2Jb' -o x.vv
	refuses 66 spice-ticket vv --host h --port 1 --ca-file none -o x.vv
	echo nonsense >ca.pem
	refuses 78 spice-ticket vv --host h --port 1 --ca-file ca.pem -o x.vv
	printf '%061d' 0 >pw
	refuses 65 spice-ticket vv --host h --port 1 --password-file pw -o x.vv
	: >pw
	refuses 65 spice-ticket vv --host h --port 1 --password-file pw -o x.vv
	refuses 66 spice-ticket vv --host h --port 1 --password-file none -o x.vv
	refuses 73 spice-ticket vv --host h --port 1 -o none/x.vv
	[ ! -e x.vv ]
}

@test "verify: what is fine, and everything that is not, in words" {
	ticket ca pki >out
	ticket ca other >out
	ticket cert pki --host localhost --subject "O=Lab,CN=spice" >out
	serve --pki-dir pki -p 0 --tls-port 0
	port=${at#*:} u=spice+tls://localhost:${tls_at#*:}
	ticket verify --ca-file pki/ca-cert.pem "spice://localhost:$port?tls-port=${tls_at#*:}" >out
	grep -qx 'subject O=Lab,CN=spice' out
	grep -qx 'check_chain ok' out
	grep -qx 'check_host ok' out
	grep -qx 'in_clear main display inputs cursor' out
	grep -qx 'accepted yes' out
	grep -qE '^days_left 36[45]$' out
	pin=$(sed -n 's/^fingerprint //p' out)
	ticket verify --ca-file pki/ca-cert.pem --host-subject "O=Lab,CN=spice" "$u" >out
	grep -qx 'check_subject ok' out
	ticket verify --pin "$pin" "$u" >out
	grep -qx 'check_pin ok' out
	grep -q '^check_chain ignored: ' out
	run -77 --separate-stderr ticket verify --ca-file other/ca-cert.pem "spice+tls://127.0.0.1:${tls_at#*:}"
	[[ $output == *$'\n'"check_chain refused: unable to get local issuer certificate"* ]]
	[[ $output == *$'\n'"check_host refused: its certificate is not for this host name"* ]]
	[[ $output == *$'\n'"accepted no"* ]]
	[[ $stderr == "spice-ticket: "*"the server is refused"* ]]
	run -77 ticket verify --ca-file pki/ca-cert.pem --host-subject "CN=spice,O=Lab" "$u"
	[[ $output == *"check_subject refused: the subject of its certificate differs"* ]]
	run -77 ticket verify --pin "${pin/#??/00}" "$u" || run -77 ticket verify --pin "${pin/#??/11}" "$u"
	[[ $output == *"check_pin refused: its certificate is not the pinned one"* ]]
}

@test "verify: an old certificate, and one that soon will be" {
	ticket ca pki >out
	ticket cert pki --host localhost --valid 3d >out
	serve --pki-dir pki -p 0 --tls-port 0
	u=spice+tls://localhost:${tls_at#*:}
	ticket verify --ca-file pki/ca-cert.pem "$u" >out 2>err
	grep -qE 'ends in [23] days' err
	kill "$server"
	gone "$server"
	openssl req -new -key pki/server-key.pem -subj /CN=localhost -out old.csr
	openssl x509 -req -in old.csr -CA pki/ca-cert.pem -CAkey pki/ca-key.pem -set_serial 7 -days -1 \
		-extfile <(echo subjectAltName=DNS:localhost) -out pki/server-cert.pem 2>/dev/null
	serve --pki-dir pki -p 0 --tls-port 0
	run -77 ticket verify --ca-file pki/ca-cert.pem "spice+tls://localhost:${tls_at#*:}"
	[[ $output == *"check_chain refused: certificate has expired"* ]]
	[[ $output == *"days_left -"* ]]
}

@test "verify: channels in clear, and a viewer that may not take them" {
	ticket ca pki >out
	ticket cert pki --host localhost >out
	serve --pki-dir pki --tls-channels main,inputs
	port=${at#*:}
	run -77 ticket verify "localhost:$port"
	[[ $output == *"in_clear display cursor"*"tls_only main inputs"* ]]
	[[ $output == *"reason main wants TLS, and no TLS port is known"* ]]
	ticket verify --ca-file pki/ca-cert.pem "spice://localhost:$port?tls-port=$port" >out
	grep -qx 'tls_only main inputs' out
	ticket verify --ca-file pki/ca-cert.pem --json "spice://localhost:$port?tls-port=$port" >json
	grep -q '"in_clear":\["display","cursor"\],"tls_only":\["main","inputs"\]' json
	python3 -c 'import json; json.load(open("json"), object_pairs_hook=lambda p: dict(p) if len(dict(p)) == len(p) else 1 / 0)'
	kill "$server"
	gone "$server"
	serve
	run -77 ticket verify --tls-channels main "$at"
	[[ $output == *"reason main must use TLS, and no TLS port is known"* ]]
	ticket verify "$at" >out
	grep -qx 'auth spice' out
}

@test "verify: by the way that a viewer would go" {
	ticket ca pki >out
	ticket cert pki --host vm.example >out
	serve --pki-dir pki --tls-port 0
	ticket verify --connect-command "socat - TCP:$tls_at" --ca-file pki/ca-cert.pem spice+tls://vm.example:1 >out
	grep -qx 'check_host ok' out
	grep -qx 'accepted yes' out
}

@test "verify logs in nowhere: no ticket is asked of anybody, who is there stays" {
	ticket new --ticket-file tickets >pw
	serve --ticket-file tickets --events e --max-clients 1
	mkfifo hold
	SPICE_PASSWORD=$(cat pw) spice-view --script - "$at" <hold 3>&- &
	viewer=$!
	exec 7>hold
	await grep -q '"event":"ready"' e
	ticket verify "$at" >out
	grep -qx 'accepted yes' out
	echo "capture x.ppm" >&7
	exec 7>&-
	ends 0 "$viewer"
	[ -s x.ppm ]
	[ "$(grep -c '"event":"joined"' e)" = 1 ]
	refuses 64 spice-ticket verify --password-file pw "$at"
}

@test "verify: nobody there 69, no SPICE 76, silence 75, no file 66" {
	refuses 69 spice-ticket verify "127.0.0.1:$(python3 -c \
		'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
	refuses 68 spice-ticket verify no-such-host.invalid:5900
	refuses 66 spice-ticket verify none.vv
	listener "
c.recv(100)
c.sendall(b'HTTP/1.0 400 Bad\r\n\r\n')
c.recv(1)"
	refuses 76 spice-ticket verify "$peer_at"
	listener "
import time
c.recv(100)
c.recv(1000)"
	refuses 75 spice-ticket verify --timeout 300ms "$peer_at"
}

@test "set: asks as QEMU expects it, and prints the ticket" {
	fake "
greet()
f.write('{\"event\": \"STOP\", \"timestamp\": {}}\r\n')
answer({})
f.write('{\"event\": \"STOP\", \"timestamp\": {}}\r\n')
answer({})"
	ticket set --control qmp.sock --valid 90s >out
	grep -qE '^[a-z2-7]{26}$' out
	sed -n 2p fake.out | grep -qF '"execute": "set_password", "arguments": {"protocol": "spice", "password": "'"$(cat out)"'", "connected": "keep"}'
	sed -n 3p fake.out | grep -qF '"execute": "expire_password", "arguments": {"protocol": "spice", "time": "+90"}'
	fake "greet(); answer({}); answer({})"
	printf 'short\nmore\n' >pw
	ticket set --control qmp.sock --password-file pw >out 2>err
	[ "$(cat out)" = short ]
	grep -q "easily guessed" err
	grep -q '"password": "short"' fake.out
	grep -q '"time": "never"' fake.out
	fake "greet(); answer({}); answer({})"
	[ "$(ticket set --control qmp.sock --password-fd 8 --json 8< <(echo given-secret))" = \
		'{"ticket":"given-secret","valid_s":null}' ]
}

@test "set: secrets that are none: 65, 66" {
	: >pw
	refuses 65 spice-ticket set --control qmp.sock --password-file pw
	printf '%061d\n' 0 >pw
	refuses 65 spice-ticket set --control qmp.sock --password-file pw
	refuses 66 spice-ticket set --control qmp.sock --password-file none
}

@test "set, revoke, list: who answers may be anybody" {
	refuses 69 spice-ticket set --control none
	fake "c.close()"
	refuses 69 spice-ticket set --control qmp.sock
	fake "f.write('nonsense\n'); f.flush(); c.recv(1)"
	refuses 76 spice-ticket set --control qmp.sock
	fake "f.write('{\"QMQ\": 1}\n'); f.flush(); c.recv(1)"
	refuses 76 spice-ticket set --control qmp.sock
	fake "f.write('x' * 100000); f.flush(); c.recv(1)"
	refuses 76 spice-ticket set --control qmp.sock
	fake "c.recv(1)"
	refuses 75 spice-ticket set --control qmp.sock --timeout 300ms
	fake "greet(); answer({}, id=77); c.recv(1)"
	refuses 76 spice-ticket set --control qmp.sock
	fake "
greet()
f.readline()
f.write('{\"id\": 2, \"error\": {\"class\": \"GenericError\", \"desc\": \"Could not set password\\\\u001b[2J\"}}\n')
f.flush()
c.recv(1)"
	refuses 78 spice-ticket set --control qmp.sock
	grep -qF 'qmp.sock: Could not set password\x1b[2J' refused.err
	fake "greet(); f.readline(); c.shutdown(2)"
	refuses 69 spice-ticket set --control qmp.sock
}

@test "revoke and list of a control socket; a server that asks nobody keeps its clients" {
	fake "greet(); answer({'enabled': True, 'auth': 'spice', 'channels': [{}, {}]})"
	[ "$(ticket list --control qmp.sock)" = "$(printf 'ticket yes\nauth spice\nchannels 2')" ]
	fake "greet(); answer({'enabled': False})"
	[ "$(ticket list --control qmp.sock --json)" = '{"ticket":false,"auth":"none","channels":0}' ]
	fake "greet(); answer({'enabled': True, 'auth': 'spice', 'channels': []}); answer({})"
	ticket revoke --all --control qmp.sock
	grep -q '"execute": "expire_password", "arguments": {"protocol": "spice", "time": "now"}' fake.out
	fake "greet(); answer({'enabled': True, 'auth': 'none', 'channels': []}); print(f.readline())"
	refuses 78 spice-ticket revoke --all --control qmp.sock
	run ! grep -q expire_password fake.out
}

@test "set, revoke and list with spice-serve: one more ticket beside the file's, changed as it runs" {
	ticket new --ticket-file tickets --id mine >mine
	serve --ticket-file tickets --control c
	one=$(ticket set --control c)
	enter 0 "$one"
	enter 0 "$(cat mine)"
	two=$(ticket set --control c --valid 1h)
	enter 0 "$two"
	enter 77 "$one"
	[[ "$(ticket list --control c)" == *"ticket yes"*"auth spice"* ]]
	mkfifo hold
	SPICE_PASSWORD=$two spice-view --script - "$at" <hold 3>&- &
	viewer=$!
	exec 7>hold
	await is_in
	ticket revoke --all --control c
	ticket revoke --all --control c
	enter 77 "$two"
	enter 0 "$(cat mine)"
	echo "capture y.ppm" >&7
	exec 7>&-
	ends 0 "$viewer"
	[ -s y.ppm ]
}
is_in() { ! ticket list --control c | grep -qx 'channels 0'; }

@test "set: spice-serve's expiry holds to the second" {
	ticket new --ticket-file tickets >mine
	serve --ticket-file tickets --control c
	before=${EPOCHREALTIME/./}
	s=$(ticket set --control c --valid 3s)
	after=${EPOCHREALTIME/./} in=0 out=0
	until [ $out -ge 2 ]; do
		begun=${EPOCHREALTIME/./} rc=0
		SPICE_PASSWORD=$s timeout 20 spice-view -q --screenshot x.ppm "$at" || rc=$?
		ended=${EPOCHREALTIME/./}
		if [ "$ended" -lt $((before + 2900000)) ]; then
			[ $rc = 0 ]
			in=$((in + 1))
		fi
		if [ "$begun" -gt $((after + 3100000)) ]; then
			[ $rc = 77 ]
			out=$((out + 1))
		fi
	done
	[ $in -ge 2 ]
}

@test "a spice-serve that asks nobody: 78, and nobody is thrown out" {
	serve --control c
	[[ "$(ticket list --control c)" == *"ticket no"*"auth none"* ]]
	refuses 78 spice-ticket revoke --all --control c
}

@test "C-1, C-2: a secret is in no argv, environment or message, and in no file that others can read" {
	echo "SPCANARY-8d1f77" >pw
	chmod 600 pw
	fake "
greet()
pid = open('pid').read().strip()
for what in 'cmdline', 'environ':
	open('seen.' + what, 'wb').write(open('/proc/%s/%s' % (pid, what), 'rb').read())
answer({})
answer({})"
	umask 000
	(
		echo "$BASHPID" >pid
		exec timeout --foreground 20 env SPICE_PASSWORD=SPCANARY-other \
			bash -c 'echo $$ >pid; exec spice-ticket -vv set --control qmp.sock --password-file pw' \
			>set.out 2>set.err 3>&-
	)
	[ "$(cat set.out)" = SPCANARY-8d1f77 ]
	[ -s seen.cmdline ]
	run ! grep -aq 8d1f77 seen.cmdline seen.environ set.err
	ticket -vv vv --host h --port 1 --password-file pw -o x.vv 2>vv.err
	[ "$(mode x.vv)" = 600 ]
	run ! grep -q SPCANARY vv.err
	s=$(ticket -vv new --ticket-file tickets --id a 2>new.err)
	ticket -vv list --ticket-file tickets >list.out 2>list.err
	ticket -vv revoke b --ticket-file tickets >revoke.out 2>revoke.err
	run ! grep -q "$s" new.err list.out list.err revoke.out revoke.err
	rm -f set.out fake.out
	for f in $(grep -rlaE "SPCANARY-8d1f77|$s" .); do [ "$(mode "$f")" = 600 ] || { echo "$f"; return 1; }; done
}

@test "row 78, X-26: closed and full descriptors: no secret goes astray" {
	run -74 --separate-stderr bash -c 'spice-ticket new >/dev/full'
	[[ $stderr == "spice-ticket: standard output: "* ]]
	run -74 bash -c 'spice-ticket new >&-'
	run -74 bash -c 'spice-ticket new --ticket-file tickets >&- 2>&- <&-'
	[ "$(mode tickets)" = 600 ]
	[ "$(wc -l <tickets)" = 1 ]
}
