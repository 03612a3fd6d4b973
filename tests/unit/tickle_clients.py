"""Many TCP connections that say nothing, and what a daemon tells systemd, for tests/unit/test_tickled.sh.

serve ADDRESS PORT COUNT     accepts COUNT connections, says so, and keeps them
connect ADDRESS PORT COUNT   opens COUNT connections, says so, and waits until each has ended: prints how, and when
notify PATH                  is systemd at the other end of NOTIFY_SOCKET=PATH: prints each status
"""

import errno
import selectors
import socket
import sys
import time

LIMIT_S = 60


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def serve(address, port, count):
    listener = socket.socket(family_of(address))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen(4096)
    kept = []
    print("ready", flush=True)
    while len(kept) < count:
        kept.append(listener.accept()[0])
    print("accepted", len(kept), flush=True)
    time.sleep(3600)


def uptime():
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def connect(address, port, count):
    ways = selectors.DefaultSelector()
    for _ in range(count):
        s = socket.create_connection((address, port), 10)
        s.setblocking(False)
        ways.register(s, selectors.EVENT_READ)
    print("connected", count, flush=True)
    how = {"reset": 0, "other": 0}
    ends = []
    until = None
    while sum(how.values()) < count:
        for ready, _ in ways.select(1):
            try:
                ready.fileobj.recv(1)
                how["other"] += 1
            except OSError as e:
                how["reset" if e.errno == errno.ECONNRESET else "other"] += 1
            ends.append(uptime())
            ways.unregister(ready.fileobj)
            ready.fileobj.close()
            until = until or uptime() + LIMIT_S
        if until and uptime() > until:
            break
    print("reset", how["reset"], "other", how["other"], "waiting", count - sum(how.values()), flush=True)
    print("first", f"{min(ends):.3f}", "last", f"{max(ends):.3f}", flush=True)


def notify(path):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind(path)
    print("ready", flush=True)
    while True:
        for line in s.recv(4096).decode().splitlines():
            if line.startswith("STATUS="):
                print(line, flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "notify":
        notify(sys.argv[2])
    {"serve": serve, "connect": connect}[sys.argv[1]](sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
