#!/usr/bin/env python3
"""other_ledger.py SOCKET LOG: stands for a ledger of another release. Tells each worker that it is foreign, and writes what comes into
LOG: "hello" for a hello, "more" for anything behind it."""
import os
import socket
import struct
import sys
import threading

PATH, LOG = sys.argv[1], sys.argv[2]
HEADER = struct.Struct("=IHHQ")  # bytes, version, type, id: the same in all releases
HELLO = struct.Struct("=IHHQQ24s")  # byte order, version, reserved, layout, clock, release: of this one
HELLO_VERSION, WIRE_HELLO, WIRE_FOREIGN = 0x48FF, 3, 4


def note(word):
    with open(LOG, "a", encoding="ascii") as f:
        f.write(word + "\n")


def take(s, count):
    data = b""
    while len(data) < count:
        piece = s.recv(count - len(data))
        if not piece:
            raise ConnectionError
        data += piece
    return data


def serve(s):
    with s:
        s.settimeout(20)
        try:
            total, version, kind, _ = HEADER.unpack(take(s, HEADER.size))
            take(s, total - HEADER.size)
            note("hello" if (version, kind) == (HELLO_VERSION, WIRE_HELLO) else "more")
            # Longer than ours: a later release has added something.
            hello = HELLO.pack(0x01020304, 0x4999, 0, 7, 1, b"99.0") + b"later"
            s.sendall(HEADER.pack(HEADER.size + len(hello), HELLO_VERSION, WIRE_FOREIGN, 0) + hello)
            if s.recv(1):
                note("more")
        except OSError:
            pass


if os.path.exists(PATH):
    os.unlink(PATH)
listener = socket.socket(socket.AF_UNIX)
listener.bind(PATH)
listener.listen(64)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
