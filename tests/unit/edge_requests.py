#!/usr/bin/env python3
"""edge_requests.py DIRECTORY PID: the requests of test_edge.sh. The edges run; PID lives in the namespace of node b."""
import csv
import http.client
import itertools
import json
import os
import select
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
import urllib.parse

WORK, OTHER = sys.argv[1], sys.argv[2]
LOG = WORK + "/requests"
PKI = WORK + "/a/etc/holdfast/pki"
workers = {}


def fail(text):
    print("FAIL", text)
    sys.exit(1)


def expect(what, got, wanted):
    if got != wanted:
        fail(f"{what}: {got}, not {wanted}")


def wait_for(what, condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            fail("waited in vain: " + what)
        time.sleep(0.005)


def start_workers():
    for i in (1, 2):
        workers[i] = subprocess.Popen([sys.executable, os.path.join(os.path.dirname(__file__), "edge_worker.py"), f"a{i}",
                                       f"{WORK}/a/run/worker/{i}.sock", LOG], stdout=subprocess.PIPE)
        workers[i].stdout.readline()


def stop_workers():
    for w in workers.values():
        w.kill()
        w.wait()


def request(method, path, body=None, key=None, source=None, **more):
    c = http.client.HTTPSConnection("10.0.0.100", timeout=20, context=ssl.create_default_context(cafile=PKI + "/ca.pem"),
                                    source_address=source and (source, 0))
    headers = {"Authorization": "Bearer sk_secret", **more}
    if key:
        headers["Idempotency-Key"] = key
    try:
        c.request(method, path, body=body, headers=headers)
        r = c.getresponse()
        return r.status, r.read().decode().strip()
    finally:
        c.close()


def tries(path):
    with open(LOG) as f:
        return sum(1 for line in f if line.split()[2] == path)


def tell(node, command):
    c = socket.socket(socket.AF_UNIX)
    c.connect(f"{WORK}/{node}/run/haproxy.sock")
    c.sendall(command.encode() + b"\n")
    return b"".join(iter(lambda: c.recv(65536), b"")).decode()


def statistics(node="a"):
    """What HAProxy says of each proxy/server: a dictionary of its columns."""
    return {f"{r['# pxname']}/{r['svname']}": r for r in csv.DictReader(tell(node, "show stat").splitlines())}


def is_state(server, state):
    return server in (now := statistics()) and now[server]["status"].startswith(state)


def check_spread():
    seen = {request("GET", "/v1/x?query=secret")[1] for _ in range(40)}
    expect("workers that were asked", seen, {"a1", "a2"})
    print("ok   requests go to the workers of this node")
    wide = "".join(chr(0xff10 + int(digit)) for digit in "5454545454545454")
    for path in ("%34111-1111-1111-1111", "5105105105105100", urllib.parse.quote(wide), urllib.parse.quote(wide[:4] + "\u3000454545" + wide[10:]),
                 "8" * 3000, "9-" * 600 + "99", "long" * 2000, "long" + "%01" * 2000):
        expect("a path that is logged", request("POST", "/v1/idempotency_keys/" + path, b"{}", "key\0one")[0], 400)
    cookie = request("GET", "/v1/cookie", Cookie="; ".join(f"c{i}=1" for i in range(600)))
    expect("a browser's cookies, which no worker has to keep", (cookie[0], "cookie" in cookie[1]), (200, False))
    expect("/healthz from outside", request("GET", "/healthz")[0], 404)


def check_target():
    """A whole URL as the target is its path: to the workers, and to what the edge keeps for itself."""
    def get(target):
        c = http.client.HTTPSConnection("10.0.0.100", timeout=20, context=ssl.create_default_context(cafile=PKI + "/ca.pem"))
        c.putrequest("GET", target)
        c.endheaders()
        status = c.getresponse().status
        c.close()
        return status

    host = "https://10.0.0.100"
    for target, path in ((host + "/v1/whole?a=b", "/v1/whole?a=b"), ("HTTP://10.0.0.100/v1/http", "/v1/http"), (host, "/")):
        expect(target, (get(target), tries(path)), (200, 1))
    for target in (host + "/healthz", host + "/metrics?x", "http:///metrics", "HTTPS://10.0.0.100/readyz", "/activez"):
        expect(target, get(target), 404)
    expect("what workers have of that", [tries(p) for p in ("/metrics?x", "/metrics", "/readyz", "/activez")], [0, 0, 0, 0])
    print("ok   a whole URL as the target is taken for its path")


def check_repeats():
    expect("GET", request("GET", "/fail/1")[0], 200)
    expect("POST with a key", request("POST", "/fail/2", b"{}", "key-2")[0], 200)
    expect("large POST with a key", request("POST", "/fail/3", b"x" * 20000, "key-3")[0], 200)
    status, text = request("POST", "/fail/4", b"{}")
    expect("POST without a key", status, 502)
    if "Outcome unknown" not in text:
        fail("an error of the edge in words of its own: " + text)
    expect("tries", [tries(f"/fail/{i}") for i in (1, 2, 3, 4)], [2, 2, 2, 1])
    expect("a key with a NUL", request("POST", "/v1/nul", b"{}", "key\0six")[0], 400)
    expect("a key of zeros", request("POST", "/v1/zeros", b"{}", "key0000P@")[0], 200)
    status, text = request("POST", "/refuse", b"{}", "key-5")
    expect("a worker's own 503", (status, text in ("a1", "a2", "b1", "b2")), (503, True))
    print("ok   B1_worker_dies_before_it_has_it: safe and keyed requests are repeated, others are not")


def check_peer():
    stop_workers()
    seen = set() # on a busy machine the peer may be out for a while, too: an error is no worker's name

    def ask():
        seen.add(request("POST", "/v1/x", b"{}", f"peer-{len(seen)}")[1])
        return {"b1", "b2"} <= seen

    wait_for("workers of the other node", ask, 30)
    # Now the other node's mesh is asked, which knows us as its peer.
    for path in ("/edgez", "/workers", "/settings"):
        expect("what one gateway tells the other, asked for by a client: " + path, request("GET", path)[0], 404)
    start_workers()
    for server in ("workers/w1", "workers/w2"):
        wait_for(server, lambda s=server: is_state(s, "UP"))
    expect("workers that are asked again", {request("GET", "/v1/x")[1] for _ in range(20)}, {"a1", "a2"})
    print("ok   requests go to the workers of the other node while none here is up")


H2_DATA, H2_HEADERS, H2_SETTINGS, H2_PING, H2_WINDOW_UPDATE = 0, 1, 4, 6, 8


class Http2:
    """Requests that are begun and never ended. What may be sent is counted: the edge ends a connection that sends more."""

    def __init__(self, window=65535, source=None):
        context = ssl.create_default_context(cafile=PKI + "/ca.pem")
        context.set_alpn_protocols(["h2"])
        self.socket = context.wrap_socket(socket.create_connection(("10.0.0.100", 443), 20, source and (source, 0)), server_hostname="10.0.0.100")
        self.came, self.may_send, self.streams = b"", 65535, 0
        self.socket.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        self.send(H2_SETTINGS, 0, struct.pack(">HI", 4, window)) # SETTINGS_INITIAL_WINDOW_SIZE: what the edge may answer

    def send(self, kind, stream, payload, flags=0):
        self.socket.sendall(struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload)

    def take(self):
        """The next frame's kind."""
        while len(self.came) < 9 or len(self.came) < 9 + int.from_bytes(self.came[:3], "big"):
            if not (more := self.socket.recv(65536)):
                fail("the edge ended a connection of HTTP/2")
            self.came += more
        end, kind, stream = 9 + int.from_bytes(self.came[:3], "big"), self.came[3], int.from_bytes(self.came[5:9], "big")
        if kind == H2_WINDOW_UPDATE and stream == 0:
            self.may_send += int.from_bytes(self.came[9:end], "big")
        self.came = self.came[end:]
        return kind

    def begin(self, path, *more, method="POST", ends=False):
        """A request, in HPACK without a table and without Huffman."""
        fields = ((":method", method), (":scheme", "https"), (":authority", "x"), (":path", path), ("idempotency-key", "greedy"), *more)
        self.streams += 1
        self.send(H2_HEADERS, 2 * self.streams - 1, flags=5 if ends else 4,
                  payload=b"".join(b"\0" + bytes([len(n)]) + n.encode() + bytes([len(v)]) + v.encode() for n, v in fields))
        return 2 * self.streams - 1

    def add(self, stream, data):
        for at in range(0, len(data), 8192):
            piece = data[at:at + 8192]
            while self.may_send < len(piece):
                self.take()
            self.may_send -= len(piece)
            self.send(H2_DATA, stream, piece)

    def is_read(self):
        """All that was sent so far."""
        self.send(H2_PING, 0, bytes(8))
        while self.take() != H2_PING:
            pass

    def close(self):
        self.socket.close()


def greedy(connections, announced, sent):
    """A hundred requests on each connection, of which the body never ends: the edge gives what fits into its buffer 5 s."""
    taken = []
    for _ in range(connections):
        c = Http2()
        for _ in range(100):
            stream = c.begin("/v1/greedy", *[("content-length", str(n)) for n in announced])
            c.add(stream, b"x" * sent)
        c.is_read()
        taken.append(c)
    return taken


def under_way(table):
    """How many requests of the one address that there are."""
    shown = tell("a", f"show table {table}")
    return int(shown.split("conn_cur=")[1].split()[0]) if "conn_cur=" in shown else 0


def check_greedy():
    """Of those that a worker has to wait for, one address has 500 under way."""

    def one_more(length):
        return request("POST", "/v1/after", b"x" * length, "after")[0]

    for announced in ([], [60000]):
        taken = greedy(4, announced, 33000)
        expect("one more than 400 requests that are large", one_more(33000), 200)
        taken += greedy(2, announced, 33000)
        wait_for("no more than 500 requests that are large", lambda: one_more(33000) == 429)
        expect("a small one", one_more(10), 200)
        for c in taken:
            c.close()
        wait_for("the places back", lambda: one_more(33000) == 200, 60) # the stand-ins are busy for a while with what was cut off
        wait_for("nothing under way", lambda: under_way("requests_under_way") == 0, 60)
    print("ok   one address has 500 large requests under way")


def unread(connections, source=None):
    """A hundred requests on each connection, and none of the answers, which are more than the edge keeps, is read."""
    taken = []
    for _ in range(connections):
        c = Http2(window=0, source=source)
        for _ in range(100):
            c.begin("/unread", method="GET", ends=True)
        c.is_read()
        taken.append(c)
    return taken


def check_unread():
    """One address has 2,000 requests under way. Each may keep a place at a worker for as long as its answer is not read: those are not all the places."""

    def sessions():
        return sum(int(statistics()["workers/" + w]["scur"]) for w in ("w1", "w2"))

    for server in ("workers/w1", "workers/w2"):
        wait_for(server, lambda s=server: is_state(s, "UP"))
    for command in ("disable health workers/w1", "disable health workers/w2", "set server workers/peer state maint"):
        tell("a", command) # the stand-ins are slow, and whoever seems down gives its part to others
    taken = unread(19)
    expect("one more than 1900 requests", request("POST", "/v1/after", b"{}", "after")[0], 200)
    taken += unread(2)
    wait_for("the answers that nobody reads", lambda: sessions() >= 2000, 25)
    expect("one more than 2000 requests", request("POST", "/v1/after", b"{}", "after")[0], 429)
    expect("another address", request("POST", "/v1/beside", b"{}", "beside", source="10.0.0.3")[0], 200)
    taken += unread(6, "10.0.0.3")
    wait_for("requests of all addresses under way", lambda: int(statistics()["workers/BACKEND"]["scur"]) >= 2500, 25)
    status, text = request("POST", "/v1/beside", b"{}", "beside", source="10.0.0.3")
    expect("one more than all may have", (status, json.loads(text)["code"]), (503, "overloaded"))
    for c in taken:
        c.close()
    wait_for("nothing under way", lambda: under_way("requests_under_way") == 0, 60)
    for command in ("enable health workers/w1", "enable health workers/w2", "set server workers/peer state ready"):
        tell("a", command)
    for server in ("workers/w1", "workers/w2"):
        wait_for(server, lambda s=server: is_state(s, "UP"))
    print("ok   one address has 2,000 requests under way, and leaves places to others")


def check_pieces():
    """Small pieces fill the edge's buffer long before their sum does: it goes by what it can keep, not by what has come."""
    c = Http2()
    stream, sent = c.begin("/v1/greedy"), 0
    while under_way("large_requests_under_way") == 0:
        if sent > 27000:
            fail(f"{sent} bytes in small pieces are not counted")
        for _ in range(20):
            c.add(stream, b"x" * 40)
            c.is_read()
            sent += 40
    c.close()
    wait_for("the place back", lambda: under_way("large_requests_under_way") == 0)
    print("ok   a request in small pieces counts as large when the buffer is full")


def check_late():
    """A small body is whole before a worker has it, and when that takes too long, in words of our own."""
    before = tries("/v1/late-body")
    for raw in (b"Content-Length: 10\r\n\r\n{", b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"):
        with socket.create_connection(("10.0.0.100", 443), 20) as tcp:
            with ssl.create_default_context(cafile=PKI + "/ca.pem").wrap_socket(tcp, server_hostname="10.0.0.100") as c:
                c.sendall(b"POST /v1/late-body HTTP/1.1\r\nHost: x\r\nIdempotency-Key: late\r\n" + raw)
                answer = b"".join(iter(lambda c=c: c.recv(65536), b"")).decode()
        head, _, body = answer.partition("\r\n\r\n")
        expect("what is late", (head.split()[1], "application/problem+json" in head, json.loads(body)["code"]), ("408", True, "request_timeout"))
    expect("what workers have of it", tries("/v1/late-body"), before)
    c = Http2()
    stream = c.begin("/v1/in-pieces")
    c.add(stream, b'{"a":')
    c.is_read()
    c.send(H2_DATA, stream, b"1}", flags=1)
    while c.take() != H2_HEADERS:
        pass
    expect("a request of which the end comes later", tries("/v1/in-pieces"), 1)
    c.close()
    print("ok   a small body is whole before a worker has it, or is answered 408")


def check_too_large():
    """Who asks before he sends is told that it is too much, and not sent for."""
    refused, asked_for = b"HTTP/1.1 413 ", b"HTTP/1.1 100 "
    for path, length, answer in (("/v1/large", 2097153, refused), ("/v1/large", 2147483653, refused), ("/v1/large", 4294967297, refused),
                                 ("/v1/large", "000001000000000000000005", refused), ("/v1/greedy", 2097152, asked_for), ("/v1/greedy", "0000002097152", asked_for)):
        with socket.create_connection(("10.0.0.100", 443), 20) as tcp:
            with ssl.create_default_context(cafile=PKI + "/ca.pem").wrap_socket(tcp, server_hostname="10.0.0.100") as c:
                c.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\nExpect: 100-continue\r\n\r\n".encode())
                expect(f"a body of {length} bytes", c.recv(65536)[:len(answer)], answer)
    print("ok   what no worker would read to its end is refused before it is sent")


def check_encoding():
    for path, headers in (("/v1/comma", b"Transfer-Encoding: chunked,\r\n"), ("/v1/two", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
                          ("/v1/other", b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n")):
        with socket.create_connection(("10.0.0.100", 443), 20) as tcp:
            with ssl.create_default_context(cafile=PKI + "/ca.pem").wrap_socket(tcp, server_hostname="10.0.0.100") as c:
                c.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\n".encode() + headers + b"\r\n2\r\n{}\r\n0\r\n\r\n")
                expect(f"what is not just chunked: {path}", (c.recv(65536).split()[1] in (b"400", b"422"), tries(path)), (True, 0))
    print("ok   a Transfer-Encoding that is not just chunked is refused")


def mesh(port, certificate):
    context = ssl.create_default_context(cafile=PKI + "/ca.pem")
    if certificate:
        context.load_cert_chain(certificate)
    with socket.create_connection(("10.0.0.2", port), timeout=5) as raw:
        with context.wrap_socket(raw, server_hostname="10.0.0.2") as c:
            c.sendall(b"GET /v1/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return c.recv(100)


def check_mesh():
    if not mesh(7443, PKI + "/node-full.pem").startswith(b"HTTP/1.1 200"):
        fail("the mesh does not take the peer")
    c = socket.socket(socket.AF_UNIX)
    c.connect(f"{WORK}/a/run/ask-peer.sock")
    c.sendall(b"GET /settings HTTP/1.1\r\nHost: holdfast\r\nConnection: close\r\n\r\n")
    told = b"".join(iter(lambda: c.recv(65536), b"")).decode().partition("\r\n\r\n")[2].splitlines()
    expect("settings that the other gateway tells", {"cluster.vip 10.0.0.100/24", "gateway.channels bank", "heartbeat.interval-ms 30"} - set(told), set())
    for port in (7443, 7444, 7445):
        for certificate in (None, PKI + "/edge.pem", WORK + "/b/etc/holdfast/pki/node-full.pem"):
            try:
                answer = mesh(port, certificate)
            except (ssl.SSLError, ConnectionError):
                answer = b""
            expect(f"port {port} with {certificate}", answer, b"")
    print("ok   the mesh takes the peer's certificate and no other, and tells it the settings")


def come(port, source):
    try:
        return socket.create_connection(("10.0.0.2", port), 5, (source, 0))
    except ConnectionError:
        return None


def check_limits():
    """What comes from the address of a worker host takes no place of the peer's."""
    for port in (7443, 7444):
        connections = {}
        for source, limit in (("10.0.0.3", 24), ("10.0.0.1", 60)):
            connections[source] = [c for c in (come(port, source) for _ in range(60)) if c]

            def open_ones(sources=connections[source]):
                count = 0
                for c in sources:
                    c.setblocking(False)
                    try:
                        count += c.recv(1) != b""
                    except BlockingIOError:
                        count += 1
                    except ConnectionError:
                        pass
                return count

            wait_for(f"{limit} connections of {source} to {port}", lambda n=limit: open_ones() == n)
        if port == 7443 and not mesh(port, PKI + "/node-full.pem").startswith(b"HTTP/1.1 200"):
            fail("the mesh does not take the peer while others come")
        for c in connections["10.0.0.3"] + connections["10.0.0.1"]:
            c.close()
    print("ok   the mesh takes 24 connections from the address of a worker host, and the peer's all the same")


def check_asking():
    """The peer is asked over connections that are kept, and not for ever."""

    def asked():
        mesh = statistics("b")["mesh/FRONTEND"]
        return int(mesh["req_tot"]), int(mesh["conn_tot"])

    def is_kept():
        before = asked()
        wait_for("more questions", lambda: asked()[0] >= before[0] + 20)
        after = asked()
        return (after[1] - before[1]) * 4 <= after[0] - before[0]

    wait_for("twenty questions over five connections at most", is_kept, 30) # a timeout, on a busy machine, takes a new one
    before = asked()
    wait_for("a new connection", lambda: asked()[1] > before[1], 60)
    print("ok   the peer is asked over connections that are kept, and now and then over a new one")


def is_answered(listener, outgoing, question):
    """Does the question come out at the peer's, and the answer back? On a busy machine the peer may be out for a while: then it ends."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        try:
            client.connect(f"{WORK}/a/run/{outgoing}")
            client.sendall(question)
            while listener in select.select([listener, client], [], [], 5)[0]:
                server, _ = listener.accept()
                with server:
                    server.settimeout(5)
                    if server.recv(100) == question: # and none of a former try
                        server.sendall(b"answer")
                        return client.recv(100) == b"answer"
        except (ConnectionError, TimeoutError):
            pass
        return False


def check_sockets():
    for name, outgoing in (("ledger/ledgerd.sock", "ledger-peer.sock"), ("seed.sock", "seed-peer.sock")):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(f"{WORK}/b/run/{name}")
        os.chmod(f"{WORK}/b/run/{name}", 0o666)
        listener.listen()
        numbers = itertools.count()
        wait_for(outgoing, lambda: is_answered(listener, outgoing, b"question %d" % next(numbers)), 30)
        listener.close()
    print("ok   ledger and seed connections reach the peer's sockets")


def check_vanished():
    answers, done = [], threading.Event()

    def load(i):
        while not done.is_set():
            begun = time.monotonic()
            status, text = request("POST", "/slow/20", b"{}", f"load-{i}")
            answers.append((status, time.monotonic() - begun, text))

    threads = [threading.Thread(target=load, args=(i,)) for i in range(4)]
    for t in threads:
        t.start()
    wait_for("load", lambda: len(answers) > 20)
    for i in (1, 2): # so that all of it goes to the peer
        tell("a", f"set server workers/w{i} state maint")
    wait_for("load by way of the peer", lambda: all(text.startswith("b") for _, _, text in answers[-4:]))
    subprocess.run(["nsenter", "-t", OTHER, "-n", "ip", "link", "set", "eth0", "down"], check=True)
    cut = time.monotonic()
    for i in (1, 2):
        tell("a", f"set server workers/w{i} state ready")
    wait_for("peer out", lambda: is_state("workers/peer", "DOWN"))
    took_ms = (time.monotonic() - cut) * 1000
    count = len(answers)
    wait_for("load without the peer", lambda: len(answers) > count + 20)
    done.set()
    for t in threads:
        t.join()
    expect("answers that were not 200", [s for s, _, _ in answers if s != 200], [])
    print(f"ok   the peer's cable is cut: out after {took_ms:.0f} ms, slowest request {max(t for _, t, _ in answers) * 1000:.0f} ms")


def check_waiting():
    stop_workers()
    again = threading.Timer(0.6, start_workers)
    again.start()
    expect("a request while no worker is up", request("POST", "/v1/late", b"{}", "key-late")[0], 200)
    again.join()
    print("ok   a request waits until a worker is up again")


def main():
    start_workers()
    try:
        for server in ("workers/w1", "workers/w2", "peer_workers/peer"):
            wait_for(server, lambda s=server: os.path.exists(WORK + "/a/run/haproxy.sock") and is_state(s, "UP"))
        check_spread()
        check_target()
        check_repeats()
        check_greedy()
        check_unread()
        check_pieces()
        check_late()
        check_encoding()
        check_too_large()
        check_peer()
        check_mesh()
        check_limits()
        check_asking()
        check_sockets()
        check_vanished()
        check_waiting()
        with open(WORK + "/a.log") as f:
            log = f.read()
        if "secret" in log:
            fail("the log has a query or an Authorization header")
        if "1111-1111" in log or "5105105" in log or "uff1" in log.lower() or "454545" in log or "8888" in log or "9-9-" in log or "[digits]" not in log:
            fail("the log has a card number")
        logged = [json.loads(line) for line in log.splitlines() if line.startswith('{"event":"edge.request"')]
        expect("bytes of long paths", {len(r["path"]) for r in logged if "/long" in r["path"]}, {512})
        told = {(r["path"], r["status"]) for r in logged if r["retries"] == "0" and r["path"] not in ("/v1/greedy", "/unread", "-") and "/long" not in r["path"]}
        told.discard(("/v1/after", 504)) # while hundreds keep the stand-ins busy, one may fail its checks
        expect("what is logged of edge-log = errors", sorted(told),
               [("/activez", 404), ("/edgez", 404), ("/fail/4", 502), ("/healthz", 404), ("/metrics", 404), ("/readyz", 404), ("/refuse", 503), ("/settings", 404), ("/v1/after", 429), ("/v1/beside", 503),
                ("/v1/comma", 400), ("/v1/idempotency_keys/[digits]", 400), ("/v1/large", 413), ("/v1/late-body", 408), ("/v1/nul", 400), ("/workers", 404)])
        expect("what was repeated is logged", {"/fail/1", "/fail/2", "/fail/3"} <= {r["path"] for r in logged}, True)
        print("ok   the edge logs what it refused, repeated or could not answer")
    finally:
        stop_workers()


if __name__ == "__main__":
    main()
