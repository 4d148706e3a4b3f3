# Those who are not in yet, and how many may be in: L-1, L-4, L-5 at a real server.
load helper

@test "1,000 half-open connections in 10 s: a client from elsewhere logs in within 1 s; memory stays" {
	echo good-secret >tickets
	serve --ticket-file tickets
	timeout 60 python3 - "$at" "$server" <<'END'
import os, socket, subprocess, sys, threading, time
host, port = sys.argv[1].split(':')
def rss():
	for line in open('/proc/%s/status' % sys.argv[2]):
		if line.startswith('VmRSS'):
			return int(line.split()[1])
def storm():
	began = time.monotonic()
	for i in range(1000):
		s = socket.socket()
		s.bind(('127.0.0.2', 0))
		s.connect((host, int(port)))
		if i % 2:
			s.send(b'REDQ')
		held.append(s)
		time.sleep(max(0, began + i / 100 - time.monotonic()))
# 127.0.0.1, as a viewer does it: the time of a login is that of the first picture without that of starting
def login():
	began = time.monotonic()
	p = subprocess.run(['spice-view', '-q', '--screenshot', 'x.ppm', sys.argv[1]], timeout=20,
		env=dict(os.environ, SPICE_PASSWORD='good-secret'))
	assert p.returncode == 0, p.returncode
	return time.monotonic() - began
held, times = [], []
usual = min(login() for _ in range(3))
before = rss()
t = threading.Thread(target=storm)
t.start()
most = before
while t.is_alive():
	times.append(login() - usual)
	most = max(most, rss())
t.join()
assert len(held) == 1000 and times
assert most - before <= 16 << 10, (before, most)
assert sorted(times)[len(times) // 2] <= 1, times
END
}

@test "L-1: who does not log in within --limit auth is sent away" {
	serve --limit auth=1
	exec 6<>"/dev/tcp/${at%:*}/${at#*:}"
	timeout 5 cat <&6 >said
	[ ! -s said ]
	exec 6>&-
	refuses 64 spice-serve -p 0 --limit auth=0
	refuses 64 spice-serve -p 0 --limit auth=61
	refuses 64 spice-serve -p 0 --limit clients=65
	refuses 64 spice-serve -p 0 --limit author=1
}

@test "L-5: --max-clients, and --takeover" {
	mkfifo script
	serve --max-clients 1 --events e
	spice-view --script - "$at" <script 3>&- &
	viewer=$!
	exec 7>script
	await grep -q '"event":"ready"' e
	refuses 77 spice-view --screenshot x.ppm "$at"
	kill "$server"
	ends 0 "$server"
	gone "$viewer" || true
	exec 7>&-
	serve --max-clients 1 --takeover --events e
	spice-view --script - "$at" <script 3>&- &
	viewer=$!
	exec 7>script
	await grep -q '"event":"ready"' e
	view --screenshot x.ppm "$at"
	ends 69 "$viewer"
	exec 7>&-
}
