#!/usr/bin/env python3
"""edge_worker.py NAME SOCKET LOG: stands for a worker behind the edge. Says its name, and writes each request into LOG.

/fail/ID breaks off the first request of that ID that any worker has, without an answer; /slow/MS answers after that time;
/unread answers with more than the edge keeps; /refuse answers 503 as a worker does. An answer says whether there was a Cookie."""
import asyncio
import os
import sys

NAME, SOCKET, LOG = sys.argv[1:4]
WORDS = {200: "OK", 503: "Service Unavailable"}


def note(method, path, headers, body):
    """How often this path was asked for, of whichever worker."""
    line = f"{NAME} {method} {path} {headers.get('idempotency-key', '-')} {len(body)} {headers.get('x-forwarded-for', '-')}\n"
    with open(LOG, "a+b", buffering=0) as f:
        f.write(line.encode())
        f.seek(0)
        return sum(1 for old in f if old.split()[2] == path.encode())


async def read_body(reader, headers):
    if "transfer-encoding" not in headers:
        return await reader.readexactly(int(headers.get("content-length", 0)))
    body = b""
    while size := int(await reader.readuntil(b"\n"), 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return body


async def answer(writer, status, text):
    writer.write(f"HTTP/1.1 {status} {WORDS[status]}\r\nContent-Length: {len(text)}\r\nX-Request-Id: req_{NAME}\r\n\r\n{text}".encode())
    await writer.drain()


async def serve(reader, writer):
    """False: the connection ends here."""
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = lines[0].split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)}
    body = await read_body(reader, headers)
    if path == "/healthz":
        await answer(writer, 200, "{}")
        return True
    if path == "/unread":
        await answer(writer, 200, "x" * 200000)
        return True
    if note(method, path, headers, body) == 1 and path.startswith("/fail/"):
        return False
    if path.startswith("/slow/"):
        await asyncio.sleep(int(path.split("/")[2]) / 1000)
    await answer(writer, 503 if path == "/refuse" else 200, NAME + "\n" + ("cookie\n" if "cookie" in headers else ""))
    return True


async def meet(reader, writer):
    try:
        while await serve(reader, writer):
            pass
    except (asyncio.IncompleteReadError, ConnectionError):
        pass  # a check that has seen the status resets the connection
    writer.close()


async def main():
    if os.path.exists(SOCKET):
        os.unlink(SOCKET)
    server = await asyncio.start_unix_server(meet, SOCKET, limit=1 << 20, backlog=4096)
    os.chmod(SOCKET, 0o666)
    print(os.getpid(), flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
