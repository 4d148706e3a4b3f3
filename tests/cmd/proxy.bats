# Ways to a server that is not reached directly: HTTP proxies, commands; and tickets that a command prints.
load helper

# proxy [OPTION...]: an HTTP proxy that knows the host "hidden.invalid" and what Proxmox gives out as $at; its requests
# are in ./asked. Options: login=USER:PASSWORD, status=N (refuses all), tls. Sets $proxy_at.
proxy() {
	mkfifo proxy_ready
	python3 - "$at" "$@" >proxy.out 2>&1 3>&- <<'END' &
import base64, select, socket, ssl, sys, threading
target, options = sys.argv[1], sys.argv[2:]
login = [o[6:] for o in options if o.startswith("login=")]
status = [o[7:] for o in options if o.startswith("status=")]
s = socket.create_server(("127.0.0.1", 0))
context = None
if "tls" in options:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("pki/server-cert.pem", "pki/server-key.pem")
open("proxy_ready", "w").write("127.0.0.1:%d\n" % s.getsockname()[1])
asked = open("asked", "a", 1)

def copy(a, b):
    try:
        while True:
            data = a.recv(65536)
            if not data:
                break
            b.sendall(data)
    except OSError:
        pass
    for c in (a, b):
        try:
            c.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

def serve(c):
    if context:
        try:
            c = context.wrap_socket(c, server_side=True)
        except (ssl.SSLError, OSError):
            return
    head = b""
    while b"\r\n\r\n" not in head:
        part = c.recv(1)
        if not part:
            return
        head += part
    lines = head.decode().split("\r\n")
    asked.write(lines[0] + "\n")
    right = not login or "Proxy-Authorization: Basic " + base64.b64encode(login[0].encode()).decode() in lines
    if status or not right:
        c.sendall(("HTTP/1.1 %s No\r\n\r\n" % (status[0] if status else "407")).encode())
        c.recv(1)
        return
    host, port = target.rsplit(":", 1)
    up = socket.create_connection((host, int(port)))
    c.sendall(b"HTTP/1.0 200 Connection established\r\nProxy-agent: test\r\n\r\n")
    threading.Thread(target=copy, args=(up, c), daemon=True).start()
    copy(c, up)

while True:
    c, _ = s.accept()
    threading.Thread(target=serve, args=(c,), daemon=True).start()
END
	read -r proxy_at <proxy_ready
}

# shows ARGUMENT...: the picture comes.
shows() {
	rm -f x.ppm
	view --screenshot x.ppm "$@"
	cmp p.ppm x.ppm
}

served() {
	picture p.ppm
	serve --image p.ppm "$@"
}

@test "through a proxy: by option, by SPICE_PROXY, by .vv; the name is never looked up here" {
	served
	proxy
	shows --proxy "http://$proxy_at" spice://hidden.invalid:1234
	shows --proxy "$proxy_at" hidden.invalid
	SPICE_PROXY=http://$proxy_at/ shows hidden.invalid:77
	printf '[virt-viewer]\ntype=spice\nhost=hidden.invalid\nport=78\nproxy=http://%s\n' "$proxy_at" >x.vv
	shows x.vv
	SPICE_PROXY=http://127.0.0.1:1 shows x.vv
	refuses 69 spice-view --proxy http://127.0.0.1:1 --info x.vv
	refuses 68 spice-view --proxy '' --info x.vv
	shows --proxy "$proxy_at" 'spice://[2001:db8::1]:79'
	shows --proxy "$proxy_at" ws://hidden.invalid:80/
	[ "$(sort -u asked)" = "$(sort <<'END'
CONNECT hidden.invalid:1234 HTTP/1.0
CONNECT hidden.invalid:5900 HTTP/1.0
CONNECT hidden.invalid:77 HTTP/1.0
CONNECT hidden.invalid:78 HTTP/1.0
CONNECT [2001:db8::1]:79 HTTP/1.0
CONNECT hidden.invalid:80 HTTP/1.0
END
)" ]
}

@test "a file of Proxmox: its host means nothing but to its proxy, the certificate is known by its subject" {
	pki pki "node1.example"
	echo geheim >tickets
	served -p 0 --pki-dir pki --ticket-file tickets
	proxy
	cat >vm.vv <<END
[virt-viewer]
type=spice
host=pvespiceproxy:65f1c2a3:100:node1::3f2a9c
tls-port=61000
proxy=http://$proxy_at
password=geheim
host-subject=C=XX,O=Lab,CN=node1.example
ca=$(awk '{ printf "%s\\n", $0 }' pki/ca-cert.pem)
title=VM 100 - test
secure-attention=Ctrl+Alt+Ins
release-cursor=Ctrl+Alt+R
toggle-fullscreen=Shift+F11
delete-this-file=1
END
	shows vm.vv
	[ ! -e vm.vv ]
	[ "$(sort -u asked)" = 'CONNECT pvespiceproxy:65f1c2a3:100:node1::3f2a9c:61000 HTTP/1.0' ]
}

@test "a user's name and a password for the proxy, which ps does not show" {
	served
	proxy login=me:s/e:c@r
	shows --proxy "http://me:s%2fe%3ac%40r@$proxy_at" hidden.invalid
	SPICE_PROXY="me:s%2fe:c%40r@$proxy_at" shows hidden.invalid
	for p in "$proxy_at" "http://me:falsch@$proxy_at" "http://me@$proxy_at"; do
		refuses 77 spice-view --proxy "$p" --info hidden.invalid
	done
	for words in '--proxy=u:SPCANARY@127.0.0.1:1' '--proxy u:SPCANARY@127.0.0.1:1' '--proxy http://u:SPCANARY@[::1]:1'; do
		viewer --retry 20s --timeout 20s --info $words hidden.invalid 2>err
		await grep -q . err
		! tr '\0' ' ' <"/proc/$viewer/cmdline" | grep -q SPCANARY || false
		kill "$viewer"
		gone "$viewer" || [ $? = 143 ]
	done
	SPICE_PROXY=u:SPCANARY@127.0.0.1:1 viewer --retry 20s --timeout 20s --info hidden.invalid 2>err
	await grep -q . err
	! grep -q SPCANARY "/proc/$viewer/environ" err || false
	kill "$viewer"
	gone "$viewer" || [ $? = 143 ]
}

@test "a proxy by TLS: its certificate is one that the system trusts" {
	pki pki
	served
	proxy tls
	SSL_CERT_FILE=pki/ca-cert.pem shows --proxy "https://$proxy_at" hidden.invalid
	refuses 77 spice-view --proxy "https://$proxy_at" --info hidden.invalid
}

@test "TLS through a proxy is as strict as without" {
	pki pki
	pki other
	served -p 0 --pki-dir pki
	proxy
	shows --proxy "$proxy_at" --ca-file pki/ca-cert.pem spice+tls://localhost:1
	refuses 77 spice-view --proxy "$proxy_at" --ca-file pki/ca-cert.pem --info spice+tls://hidden.invalid:1
	refuses 77 spice-view --proxy "$proxy_at" --ca-file other/ca-cert.pem --info spice+tls://localhost:1
}

@test "proxies that refuse, or are none" {
	served
	proxy status=503
	refuses 69 spice-view --proxy "$proxy_at" --info hidden.invalid
	grep -q '(503)' refused.err
	listener "c.recv(1000); c.sendall(b'REDQ' * 10 + b'\r\n\r\n'); c.recv(1)"
	refuses 76 spice-view --proxy "$peer_at" --info hidden.invalid
	listener "c.recv(1000); c.sendall(b'x' * 9000); c.recv(1)"
	refuses 76 spice-view --proxy "$peer_at" --info hidden.invalid
	listener "c.recv(1000); s.accept()"
	refuses 75 spice-view --proxy "$peer_at" --timeout 300ms --info hidden.invalid
	refuses 68 spice-view --proxy http://no-such-proxy.invalid --info "$at"
	for p in ftp://h http://h/path 'http://h:99999' 'http://%zz@h' http:// "u:$(head -c 300 /dev/zero | tr '\0' x)@h"; do
		refuses 64 spice-view --proxy "$p" --info "$at"
	done
	printf '[virt-viewer]\ntype=spice\nhost=h\nport=1\nproxy=ftp://x\n' >x.vv
	refuses 65 spice-view --info x.vv
}

@test "not for unix sockets" {
	picture p.ppm
	serve --unix "$PWD/s" --image p.ppm
	shows --proxy http://127.0.0.1:1 "spice+unix://$PWD/s"
}

@test "--connect-command: one a channel, which knows where to" {
	served
	shows --connect-command "echo \$SPICE_HOST:\$SPICE_PORT >>started; exec socat - TCP:$at" spice://hidden.invalid:1234
	[ "$(sort -u started)" = hidden.invalid:1234 ]
	[ "$(wc -l <started)" -ge 2 ]
	printf '[virt-viewer]\ntype=spice\nhost=$(touch${IFS}x)\nport=1\nproxy=http://x\n' >x.vv
	shows --connect-command "exec socat - TCP:$at" x.vv
	[ ! -e x ]
}

@test "--connect-command with TLS, and what goes wrong" {
	pki pki
	served -p 0 --pki-dir pki
	shows --connect-command "socat - TCP:$at" --ca-file pki/ca-cert.pem spice+tls://localhost:1
	refuses 77 spice-view --connect-command "socat - TCP:$at" --ca-file pki/ca-cert.pem --info spice+tls://other:1
	refuses 69 spice-view --connect-command 'exit 3' --info h
	refuses 69 spice-view --connect-command /nonexistent/program --info h
	refuses 76 spice-view --connect-command 'head -c 1000 /dev/zero; cat >/dev/null' --info h
	refuses 75 spice-view --connect-command 'exec sleep 60' --timeout 300ms --info h
	refuses 64 spice-view --connect-command cat --proxy http://h --info h
}

@test "a command that does not end by itself is ended" {
	viewer --connect-command 'echo $$ >pid; exec sleep 1000' --timeout 1000 --info h
	await test -s pid
	kill "$viewer"
	gone "$viewer" || [ $? = 143 ]
	await gone_by_now "$(cat pid)"
}
gone_by_now() { ! kill -0 "$1" 2>/dev/null; }

@test "--ticket-command: a fresh one at each connect" {
	printf 'eins once\nzwei once\n' >tickets
	served --ticket-file tickets
	shows --ticket-command 'echo eins' "$at"
	refuses 77 spice-view --ticket-command 'echo eins' --info "$at"
	shows --ticket-command 'printf "zwei\r\nmore\n"; echo "$SPICE_HOST" >host' "$at"
	[ "$(cat host)" = 127.0.0.1 ]
	for c in 'exit 1' true 'echo' 'kill $$' 'head -c 5000 /dev/zero'; do
		refuses 77 spice-view --ticket-command "$c" --info "$at"
	done
	refuses 64 spice-view --ticket-command 'echo x' --password-file tickets --info "$at"
	refuses 75 spice-view --ticket-command 'exec sleep 60' --timeout 300ms --info "$at"
}

@test "commands get neither the password nor the descriptor that it comes from" {
	served
	export SPICE_PASSWORD=SPCANARY SPICE_PROXY=http://u:SPCANARY@h
	run -69 view --connect-command 'env >env; ls /proc/self/fd >fds; exit 1' --info "$at"
	! grep -q SPCANARY env || false
	unset SPICE_PASSWORD SPICE_PROXY
	echo SPCANARY >secret
	run -69 view --password-fd 8 --connect-command 'cat <&8 >leaked; exit 1' --info "$at" 8<secret
	[ ! -s leaked ]
}
