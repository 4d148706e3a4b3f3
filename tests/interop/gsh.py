"""gsh.py SOCKET SECONDS COMMAND: runs a command in the guest's shell on the serial line; its output, its status."""
import os
import re
import socket
import sys
import time


def main(path, seconds, command):
	s = socket.socket(socket.AF_UNIX)
	s.connect(path)
	s.settimeout(1)
	tag = 'MARK%d' % os.getpid()
	s.sendall(("stty -echo; echo %s''B; { %s\n} 2>&1; echo %s''E$?\n" % (tag, command, tag)).encode())
	pattern = re.compile((tag + r'B\r*\n(.*?)' + tag + r'E(\d+)').encode(), re.S)
	seen, end = b'', time.monotonic() + float(seconds)
	while time.monotonic() < end:
		try:
			part = s.recv(65536)
		except TimeoutError:
			continue
		if not part:
			break
		seen += part
		m = pattern.search(seen)
		if m:
			sys.stdout.write(m.group(1).decode('utf8', 'replace').replace('\r', ''))
			return int(m.group(2))
	sys.stderr.write('no answer from the guest\n' + seen.decode('utf8', 'replace'))
	return 75


sys.exit(main(*sys.argv[1:]))
