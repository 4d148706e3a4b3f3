"""Captures made by hand, for tests: a list of TCP conversations into pcap or pcapng, whole or bent.

    c = Conversation(); c.client(bytes); c.server(bytes); pcap(c.packets())
"""
import struct

CAPS = 1 << 0 | 1 << 3  # AUTH_SELECTION, MINI_HEADER


class Conversation:
    """Ethernet frames of one TCP connection; `mss` cuts what is said into segments."""

    def __init__(self, cport=40000, sport=5900, mss=1400, v6=False):
        self.ports, self.mss, self.v6 = (cport, sport), mss, v6
        self.seq = [1000, 2000]
        self.frames = []
        self.segment(0, 2)
        self.segment(1, 18)

    def segment(self, who, flags, data=b"", doff=5):
        tcp = struct.pack("!HHIIBBHHH", self.ports[who], self.ports[1 - who], self.seq[who],
                          self.seq[1 - who], doff << 4, flags, 65535, 0, 0) + data
        if self.v6:
            ip = struct.pack("!IHBB", 6 << 28, len(tcp), 6, 64) + bytes(15) + b"\1" + bytes(15) + b"\1"
            frame = bytes(12) + b"\x86\xdd" + ip + tcp
        else:
            ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 0, 0x4000, 64, 6, 0,
                             b"\x7f\0\0\1", b"\x7f\0\0\1")
            frame = bytes(12) + b"\x08\0" + ip + tcp
        self.frames.append(frame)
        self.seq[who] = (self.seq[who] + len(data) + (flags & 2) // 2 + (flags & 1)) & 0xffffffff

    def say(self, who, data):
        for i in range(0, len(data), self.mss):
            self.segment(who, 16, data[i:i + self.mss])

    def client(self, data):
        self.say(0, data)

    def server(self, data):
        self.say(1, data)

    def end(self):
        self.segment(0, 17)
        self.segment(1, 17)

    def packets(self):
        return self.frames


def pcap(frames, link=1, order="<", magic=0xa1b2c3d4):
    out = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262144, link)
    for i, f in enumerate(frames):
        out += struct.pack(order + "IIII", 1000, i, len(f), len(f)) + f
    return out


def pcapng(frames):
    def block(kind, body):
        body += bytes(-len(body) % 4)
        return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)

    out = block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1))
    out += block(1, struct.pack("<HHI", 1, 0, 262144))
    for i, f in enumerate(frames):
        out += block(6, struct.pack("<IIIII", 0, 0, i, len(f), len(f)) + f)
    return out


def header(size):
    return b"REDQ" + struct.pack("<III", 2, 2, size)


def mess(channel=1, caps=CAPS, words=1):
    return header(22) + struct.pack("<IBBIIII", 0, channel, 0, words, 0, 18, caps)


def reply(caps=CAPS):
    return header(182) + struct.pack("<I", 0) + bytes(162) + struct.pack("<IIII", 1, 0, 178, caps)


def message(number, body=b""):
    return struct.pack("<HI", number, len(body)) + body


def full(number, body=b"", serial=1, sub_list=0):
    return struct.pack("<QHII", serial, number, len(body), sub_list) + body


def link(c, channel=1, caps=CAPS, wrap=lambda who, data: data):
    """A linked channel, with an empty ticket."""
    c.client(wrap(0, mess(channel, caps)))
    c.server(wrap(1, reply(caps)))
    c.client(wrap(0, (struct.pack("<I", 1) if caps & 1 else b"") + bytes(128)))
    c.server(wrap(1, struct.pack("<I", 0)))
