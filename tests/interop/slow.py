"""slow.py TARGET-PORT KBIT: a relay on a free port of 127.0.0.1 that lets so many kbit/s through to the client.

Prints "up PORT". What a connection may send is counted from the time that has gone by, so a stall is made up for.
"""
import asyncio
import sys
import time

TARGET, BYTES = int(sys.argv[1]), int(sys.argv[2]) * 125


async def pump(reader, writer, rate):
	since, sent = time.monotonic(), 0
	try:
		while data := await reader.read(4096):
			sent += len(data)
			if rate:
				await asyncio.sleep(max(0, since + sent / rate - time.monotonic()))
			writer.write(data)
			await writer.drain()
	except ConnectionError:
		pass
	writer.close()


async def relay(reader, writer):
	up_reader, up_writer = await asyncio.open_connection('127.0.0.1', TARGET)
	await asyncio.gather(pump(reader, up_writer, 0), pump(up_reader, writer, BYTES))


async def main():
	server = await asyncio.start_server(relay, '127.0.0.1', 0)
	print('up', server.sockets[0].getsockname()[1], flush=True)
	await server.serve_forever()


asyncio.run(main())
