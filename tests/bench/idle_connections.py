#!/usr/bin/env python3
"""Opens connections that say nothing, and tells when each of them was reset.

idle_connections.py ADDRESS PORT COUNT UNTIL-FILE REPORT SOURCE...

The sources are addresses of this machine, taken in turn: the edge limits what comes from one.

Prints "open" when all are there. Until UNTIL-FILE exists, or nothing is left: a line in REPORT for each that ended,
microseconds of CLOCK_BOOTTIME and how it ended ("reset", "closed" or the name of another error).
"""
import errno
import os
import resource
import select
import socket
import sys
import time

def boot_us():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000

def how_it_ended(one):
    error = one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if error == 0:
        return "closed"
    return "reset" if error == errno.ECONNRESET else errno.errorcode.get(error, str(error))

def open_all(address, port, count, sources):
    connections = []
    for i in range(count):
        one = socket.create_connection((address, port), 10, (sources[i % len(sources)], 0))
        one.setblocking(False)
        connections.append(one)
    return connections

def watch(connections, until, report):
    poll = select.epoll()
    by_fd = {one.fileno(): one for one in connections}
    for fd in by_fd:
        poll.register(fd, select.EPOLLIN | select.EPOLLRDHUP)
    while by_fd and not os.path.exists(until):
        for fd, _ in poll.poll(0.1, 1000):
            print(boot_us(), how_it_ended(by_fd[fd]), file=report)
            poll.unregister(fd)
            by_fd.pop(fd).close()
    return len(by_fd)

def main():
    if len(sys.argv) < 7 or not sys.argv[2].isdigit() or not sys.argv[3].isdigit():
        sys.exit(__doc__)
    address, port, count, until, path = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5]
    resource.setrlimit(resource.RLIMIT_NOFILE, (count + 100, count + 100))
    connections = open_all(address, port, count, sys.argv[6:])
    print("open", flush=True)
    with open(path, "w", encoding="ascii") as report:
        left = watch(connections, until, report)
    print(f"left {left}", flush=True)

main()
