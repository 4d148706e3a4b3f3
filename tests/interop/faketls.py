"""faketls.py CERT KEY LOG [ADDRESS]: a TLS server on a free loopback port that only listens: says "up PORT", and writes for each
connection one line "handshake ok|refused bytes=N": how much the client sent it inside TLS within two seconds."""
import socket
import ssl
import sys


def serve(context, s, log):
	s.settimeout(2)
	got = 0
	try:
		tls = context.wrap_socket(s, server_side=True)
		state = 'ok'
	except (ssl.SSLError, OSError):
		state = 'refused'
	else:
		try:
			while True:
				part = tls.recv(65536)
				if not part:
					break
				got += len(part)
		except OSError:
			state += ' (cut)'
	log.write('handshake %s bytes=%d\n' % (state, got))
	log.flush()


def main(cert, key, name, address='127.0.0.1'):
	context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
	context.load_cert_chain(cert, key)
	listener = socket.create_server((address, 0))
	print('up %d' % listener.getsockname()[1], flush=True)
	with open(name, 'w') as log:
		while True:
			serve(context, listener.accept()[0], log)


main(*sys.argv[1:])
