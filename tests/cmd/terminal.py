"""terminal.py ANSWER COMMAND...: runs the command on a terminal of its own and answers its password prompt; prints what
the terminal showed. ANSWER "^C" interrupts. Ends as the command does."""
import os
import pty
import sys

answer = b'\x03' if sys.argv[1] == '^C' else sys.argv[1].encode() + b'\n'
pid, fd = pty.fork()
if pid == 0:
	os.execvp(sys.argv[2], sys.argv[2:])
shown = b''
while True:
	try:
		piece = os.read(fd, 4096)
	except OSError:
		break
	if not piece:
		break
	shown += piece
	if answer and b'password: ' in shown:
		os.write(fd, answer)
		answer = b''
sys.stdout.write(shown.decode(errors='replace'))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
