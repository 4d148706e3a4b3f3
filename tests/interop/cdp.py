"""cdp.py PORT EXPRESSION [FILE]: evaluates JavaScript in the first page of a Chromium with a debugging port.
A data: URL goes decoded to FILE; anything else is printed."""
import base64
import json
import os
import socket
import struct
import sys
import urllib.request


class Page:
	"""A WebSocket to the page, only as much as DevTools needs."""

	def __init__(self, url):
		host, path = url[len('ws://'):].split('/', 1)
		name, port = host.split(':')
		self.s = socket.create_connection((name, int(port)), 15)
		self.s.sendall(('GET /%s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
			'Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n\r\n' % (
			path, host, base64.b64encode(os.urandom(16)).decode())).encode())
		self.seen = b''
		while b'\r\n\r\n' not in self.seen:
			self.seen += self.s.recv(4096)
		self.seen = self.seen.split(b'\r\n\r\n', 1)[1]

	def send(self, text):
		data, key = text.encode(), os.urandom(4)
		size = bytes([0x80 | len(data)]) if len(data) < 126 else b'\xfe' + struct.pack('>H', len(data))
		self.s.sendall(b'\x81' + size + key + bytes(c ^ key[i & 3] for i, c in enumerate(data)))

	def take(self, n):
		while len(self.seen) < n:
			part = self.s.recv(65536)
			if not part:
				raise EOFError
			self.seen += part
		out, self.seen = self.seen[:n], self.seen[n:]
		return out

	def receive(self):
		message, last = b'', False
		while not last:
			first, size = self.take(2)
			last, size = first & 0x80, size & 127
			if size == 126:
				size = struct.unpack('>H', self.take(2))[0]
			elif size == 127:
				size = struct.unpack('>Q', self.take(8))[0]
			message += self.take(size)
		return json.loads(message)


def main(port, expression, out=None):
	pages = json.load(urllib.request.urlopen('http://127.0.0.1:%s/json' % port, timeout=10))
	page = Page([p for p in pages if p['type'] == 'page'][0]['webSocketDebuggerUrl'])
	page.send(json.dumps({'id': 1, 'method': 'Runtime.evaluate',
		'params': {'expression': expression, 'returnByValue': True, 'awaitPromise': True}}))
	answer = {}
	while answer.get('id') != 1:
		answer = page.receive()
	value = answer.get('result', {}).get('result', {}).get('value', answer)
	if out and isinstance(value, str) and value.startswith('data:'):
		with open(out, 'wb') as f:
			f.write(base64.b64decode(value.split(',', 1)[1]))
		return 0
	print(value if isinstance(value, str) else json.dumps(value))
	return 1 if out else 0


sys.exit(main(*sys.argv[1:]))
