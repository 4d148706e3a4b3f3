# Who is let in: ticket files, secrets of the client, certificates.
load helper

# enter STATUS SECRET: what a viewer with this secret gets.
enter() {
	run "-$1" --separate-stderr env SPICE_PASSWORD="$2" timeout 20 spice-view --screenshot x.ppm "$at"
	[ -z "$2" ] || [[ $stderr != *"$2"* ]]
}

@test "the right ticket enters, a wrong one ends with 77" {
	echo "secret-ticket" >tickets
	serve --ticket-file tickets
	enter 0 secret-ticket
	enter 77 secret-ticke
	enter 77 secret-tickett
	enter 77 SECRET-TICKET
	refuses 77 spice-view --screenshot x.ppm "$at"
}

# Once, without echo, and only when the server wants a password and nobody gave one.
@test "a person at a terminal is asked for the password" {
	echo "secret-ticket" >tickets
	serve --ticket-file tickets
	ask() { timeout 30 python3 "$BATS_TEST_DIRNAME/terminal.py" "$@" spice-view --screenshot x.ppm "$at"; }
	run -0 ask secret-ticket
	[ -s x.ppm ]
	[[ $output == *"password: "* && $output != *secret-ticket* ]]
	run -77 ask wrong-ticket
	[ "$(grep -o 'password: ' <<<"$output" | wc -l)" = 1 ]
	run -130 ask ^C
	run -130 ask '^C elsewhere'
	SPICE_PASSWORD=wrong-ticket run -77 ask secret-ticket
	[[ $output != *"password: "* ]]
}

@test "comments, blanks, percent-encoding, ids" {
	printf '# c\n\n  first-secret\nwith%%20blank id=alice\n' >tickets
	serve --ticket-file tickets --events e
	enter 0 first-secret
	enter 0 "with blank"
	enter 77 with%20blank
	enter 77 "# c"
	grep -q '"event":"joined".*"ticket":"alice"' e
}

@test "an expired ticket is refused, one that is valid is not" {
	echo "old-secret expires=1000" >tickets
	echo "new-secret expires=$(($(date +%s) + 3600))" >>tickets
	serve --ticket-file tickets
	enter 77 old-secret
	enter 0 new-secret
}

@test "a ticket that is good once is spent by a success only" {
	printf 'other-secret\nsingle-secret once\n' >tickets
	serve --ticket-file tickets
	enter 77 wrong-secret
	enter 0 single-secret
	enter 77 single-secret
	enter 0 other-secret
}

@test "a view-only ticket takes no input" {
	printf 'look-secret view-only\nfull-secret\n' >tickets
	serve --ticket-file tickets --events e
	printf 'key a\nwait 50\n' >s
	SPICE_PASSWORD=look-secret view --script s "$at" || true
	! grep -q '"event":"key"' e || false
	SPICE_PASSWORD=full-secret view --script s "$at"
	grep -q '"event":"key"' e
}

@test "row 53, CVE-2011-0011: an empty ticket file admits nobody" {
	for text in '' '\n' '# nothing\n'; do
		printf "$text" >tickets
		serve --ticket-file tickets
		enter 77 ""
		enter 77 anything
		kill "$server"
		gone "$server"
	done
}

@test "a secret of 61 bytes, an empty one and nonsense are no tickets: 78" {
	printf '%061d\n' 0 >tickets
	refuses 78 spice-serve -p 0 --ticket-file tickets
	echo "secret-ticket nonsense=1" >tickets
	refuses 78 spice-serve -p 0 --ticket-file tickets
	echo "secret%zz" >tickets
	refuses 78 spice-serve -p 0 --ticket-file tickets
	printf '\n' >pw
	refuses 78 spice-serve -p 0 --password-fd 8 8<pw
}

@test "a secret of 60 bytes works" {
	printf '%060d\n' 7 >tickets
	serve --ticket-file tickets
	enter 0 "$(cat tickets)"
}

@test "a client does not send the front of a secret that is too long: 65" {
	printf '%061d\n' 7 >pw
	printf '%060d\n' 0 >tickets # what would be left of it
	serve --ticket-file tickets
	refuses 65 spice-view --info --password-file pw "$at"
	grep -q "at most 60 bytes" refused.err
}

@test "SIGHUP reads the tickets again; a bad file leaves them as they were" {
	echo first-secret >tickets
	serve -v --ticket-file tickets
	enter 0 first-secret
	echo second-secret >tickets
	kill -HUP "$server"
	await grep -q "read again" err
	enter 0 second-secret
	enter 77 first-secret
	echo "bad line=x" >tickets
	kill -HUP "$server"
	await grep -q "stay as they were" err
	enter 0 second-secret
}

@test "--password-fd is a ticket for a server and a secret for a client" {
	echo fd-secret >pw
	serve --password-fd 8 8<pw
	enter 0 fd-secret
	enter 77 other-secret
	view --password-fd 8 --screenshot x.ppm "$at" 8<pw
	view --password-file pw --screenshot x.ppm "$at"
	view --screenshot x.ppm "spice://$at?password=fd-secret"
	printf '[virt-viewer]\ntype=spice\nhost=127.0.0.1\nport=%s\npassword=fd-secret\n' "${at#*:}" >x.vv
	view --screenshot x.ppm x.vv
	view --screenshot x.ppm - <x.vv
}

@test "secrets that can't be read end with 66 or 64" {
	serve
	refuses 66 spice-view --password-file none --screenshot x.ppm "$at"
	refuses 64 spice-view --password-fd 77 --screenshot x.ppm "$at"
	head -c 5000 /dev/zero >big
	refuses 66 spice-view --password-file big --screenshot x.ppm "$at"
}

@test "a password in a URI is wiped from argv" {
	listener "
import time
c.recv(1)
print(open('/proc/%s/cmdline' % open('viewer').read().strip()).read())"
	(
		echo "$BASHPID" >viewer
		exec spice-view --screenshot x.ppm "spice://$peer_at?password=SPCANARY"
	) 3>&- &
	gone "$peer"
	grep -q 'password=xxxxxxxx' peer_out
	! grep -q SPCANARY peer_out || false
}

@test "TLS: CA, subject, pin; a wrong one ends with 77 and not one byte of the ticket" {
	pki pki
	pki other
	echo secret-ticket >tickets
	serve --pki-dir pki --ticket-file tickets --tls-port 0
	export SPICE_PASSWORD=secret-ticket
	u=spice+tls://$tls_at
	view --ca-file pki/ca-cert.pem --screenshot x.ppm "$u"
	view --ca-file pki/ca-cert.pem --host-subject "C=XX,O=Lab,CN=server" --screenshot x.ppm "$u"
	pin=$(openssl x509 -in pki/server-cert.pem -noout -fingerprint -sha256 | cut -d= -f2)
	view --pin "$pin" --screenshot x.ppm "$u"
	view --pin "${pin//:/}" --screenshot x.ppm "$u"
	refuses 77 spice-view --screenshot x.ppm "$u"
	refuses 77 spice-view --ca-file other/ca-cert.pem --screenshot x.ppm "$u"
	refuses 77 spice-view --ca-file pki/ca-cert.pem --host-subject "C=XX,O=Lab,CN=else" --screenshot x.ppm "$u"
	refuses 77 spice-view --pin "${pin/%??/00}" --screenshot x.ppm "$u" ||
		refuses 77 spice-view --pin "${pin/%??/11}" --screenshot x.ppm "$u"
	refuses 64 spice-view --pin nonsense --screenshot x.ppm "$u" ||
		refuses 78 spice-view --pin nonsense --screenshot x.ppm "$u"
	refuses 66 spice-view --ca-file none --screenshot x.ppm "$u"
	echo nonsense >bad.pem
	refuses 78 spice-view --ca-file bad.pem --screenshot x.ppm "$u"
}

@test "one port takes plain and TLS; a TLS port takes TLS only" {
	pki pki
	serve --pki-dir pki -p 0 --tls-port 0
	view --screenshot x.ppm "$at"
	view --ca-file pki/ca-cert.pem --screenshot x.ppm "spice+tls://$at"
	view --ca-file pki/ca-cert.pem --screenshot x.ppm "spice+tls://$tls_at"
	run ! view -q --screenshot x.ppm "$tls_at"
}

@test "--tls-channels: those channels must use TLS" {
	pki pki
	serve --pki-dir pki --tls-channels main
	refuses 77 spice-view --screenshot x.ppm "$at"
	view --ca-file pki/ca-cert.pem --screenshot x.ppm "spice+tls://$at"
	port=${at#*:}
	view --ca-file pki/ca-cert.pem --screenshot x.ppm "spice://127.0.0.1:$port?tls-port=$port"
	refuses 78 spice-serve -p 0 --tls-channels main
}

@test "C-7: a key that others can read, or that does not match, is refused: 78" {
	pki pki
	pki other
	chmod 644 pki/server-key.pem
	refuses 78 spice-serve -p 0 --pki-dir pki
	refuses 78 spice-serve -p 0 --cert pki/server-cert.pem --key other/server-key.pem
}

@test "SIGHUP reads the certificate again; a bad one leaves the old; a session goes on" {
	pki pki
	pki other
	echo pki-secret >tickets
	echo pki-secret >pw
	serve -v --pki-dir pki --ticket-file tickets --tls-port 0 --events events
	tls_at=$(sed -n 's/^listening spice+tls //p' out | head -n 1)
	u=spice+tls://$tls_at
	mkfifo hold
	spice-view --password-file pw --ca-file pki/ca-cert.pem --script - "$u" <hold &
	viewer=$!
	exec 7>hold
	await grep -q '"event":"ready"' events
	view --password-file pw --ca-file pki/ca-cert.pem --screenshot x.ppm "$u"
	cp other/server-cert.pem other/server-key.pem pki
	kill -HUP "$server"
	await grep -q "certificates read again" err
	refuses 77 spice-view --password-file pw --ca-file pki/ca-cert.pem --screenshot x.ppm "$u"
	view --password-file pw --ca-file other/ca-cert.pem --screenshot x.ppm "$u"
	echo nonsense >pki/server-cert.pem
	kill -HUP "$server"
	await grep -q "the certificate stays as it was" err
	view --password-file pw --ca-file other/ca-cert.pem --screenshot x.ppm "$u"
	echo "capture still.ppm" >&7
	exec 7>&-
	wait "$viewer"
	[ -s still.ppm ]
}

# knock [CERT KEY]: what a client by TLS with this certificate gets: "in" when the server answers its link message.
knock() {
	python3 - "$at" "$@" <<'END'
import socket, ssl, struct, sys
host, port = sys.argv[1].split(":")
x = ssl.create_default_context(cafile="pki/ca-cert.pem")
if len(sys.argv) > 2:
    x.load_cert_chain(sys.argv[2], sys.argv[3])
try:
    c = x.wrap_socket(socket.create_connection((host, int(port)), 5), server_hostname="127.0.0.1")
    c.sendall(b"REDQ" + struct.pack("<III", 2, 2, 22) + struct.pack("<IBBIII", 0, 1, 0, 1, 0, 18) + struct.pack("<I", 9))
    print("in" if c.recv(4) == b"REDQ" else "out")
except (ssl.SSLError, OSError) as e:
    print("out")
END
}

@test "--client-ca: who has no certificate of it stays out, by TLS and in clear; SIGHUP reads it again" {
	pki pki
	pki people alice
	pki strangers mallory
	cp people/ca-cert.pem ca.pem
	serve -p 0 --pki-dir pki --client-ca ca.pem
	[ "$(knock people/server-cert.pem people/server-key.pem)" = in ]
	[ "$(knock strangers/server-cert.pem strangers/server-key.pem)" = out ]
	[ "$(knock)" = out ]
	refuses 77 spice-view --info "$at"
	cp strangers/ca-cert.pem ca.pem
	kill -HUP "$server"
	await knocks in strangers
	[ "$(knock people/server-cert.pem people/server-key.pem)" = out ]
	echo nonsense >ca.pem
	kill -HUP "$server"
	await grep -q 'stays as it was' err
	[ "$(knock strangers/server-cert.pem strangers/server-key.pem)" = in ]
	[ "$(knock)" = out ]
}
knocks() { [ "$(knock "$2/server-cert.pem" "$2/server-key.pem")" = "$1" ]; }

@test "--client-ca is authentication for D-1, needs certificates, and contradicts --no-auth" {
	pki pki
	serve -p 0 --addr 0.0.0.0 --pki-dir pki --client-ca pki/ca-cert.pem
	refuses 78 spice-serve -p 0 --client-ca pki/ca-cert.pem
	refuses 64 spice-serve -p 0 --pki-dir pki --client-ca pki/ca-cert.pem --no-auth
	refuses 66 spice-serve -p 0 --pki-dir pki --client-ca none.pem
	refuses 78 spice-serve -p 0 --pki-dir pki --client-ca pki/server-key.pem
}
