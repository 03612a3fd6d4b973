#!/usr/bin/env python3
"""edge_worker.py NAME SOCKET LOG: stands for a worker behind the edge. Says its name, and writes each request into LOG.

/fail/ID breaks off the first request of that ID that any worker has, without an answer; /slow/MS answers after that time;
/unread answers with more than the edge keeps; /refuse answers 503 as a worker does. An answer says whether there was a Cookie."""
import http.server
import os
import socket
import sys
import time

NAME, SOCKET, LOG = sys.argv[1:4]


class Worker(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def note(self, body):
        key = self.headers.get("Idempotency-Key", "-")
        line = f"{NAME} {self.command} {self.path} {key} {len(body)} {self.headers.get('X-Forwarded-For', '-')}\n"
        with open(LOG, "a+b", buffering=0) as f:
            f.write(line.encode())
            f.seek(0)
            return sum(1 for old in f if old.split()[2] == self.path.encode())

    def answer(self, status, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Request-Id", "req_" + NAME)
        self.end_headers()
        self.wfile.write(body)

    def chunks(self):
        while size := int(self.rfile.readline(), 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def handle_request(self):
        if "Transfer-Encoding" in self.headers:
            body = b"".join(self.chunks())
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/healthz":
            self.answer(200, "{}")
            return
        if self.path == "/unread":
            self.answer(200, "x" * 200000)
            return
        count = self.note(body)
        if self.path.startswith("/fail/") and count == 1:
            self.close_connection = True
            return
        if self.path.startswith("/slow/"):
            time.sleep(int(self.path.split("/")[2]) / 1000)
        self.answer(503 if self.path == "/refuse" else 200, NAME + "\n" + ("cookie\n" if "Cookie" in self.headers else ""))

    do_GET = do_POST = handle_request

    def log_message(self, format, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 2048
    address_family = socket.AF_UNIX

    def server_bind(self):
        self.socket.bind(self.server_address)

    def get_request(self):
        connection, _ = self.socket.accept()
        return connection, ("haproxy", 0)

    def handle_error(self, request, client_address):
        pass  # a check that has seen the status resets the connection


if __name__ == "__main__":
    if os.path.exists(SOCKET):
        os.unlink(SOCKET)
    server = Server(SOCKET, Worker)
    os.chmod(SOCKET, 0o666)
    print(os.getpid(), flush=True)
    server.serve_forever()
