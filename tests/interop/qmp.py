"""qmp.py SOCKET COMMAND [KEY=VALUE ...]: one QMP command; prints the answer, 1 if it is an error."""
import json
import socket
import sys


def execute(f, command):
	f.write(json.dumps(command) + '\n')
	f.flush()
	while True:
		answer = json.loads(f.readline())
		if 'return' in answer or 'error' in answer:
			return answer


def value(text):
	try:
		return json.loads(text)
	except ValueError:
		return text


def main(path, name, *pairs):
	s = socket.socket(socket.AF_UNIX)
	s.settimeout(15)
	s.connect(path)
	f = s.makefile('rw')
	f.readline()
	execute(f, {'execute': 'qmp_capabilities'})
	command = {'execute': name}
	if pairs:
		command['arguments'] = {k: value(v) for k, v in (p.split('=', 1) for p in pairs)}
	answer = execute(f, command)
	print(json.dumps(answer.get('return', answer)))
	return 'error' in answer


if __name__ == '__main__':
	sys.exit(main(*sys.argv[1:]))
