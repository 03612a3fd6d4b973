#!/usr/bin/env python3
"""A heartbeatd that says what a file says: fake_status.py SOCKET FILE. FILE is JSON, an answer for each question, read again at each; of a
question that is not in it the answer is that of "*"; to null it says nothing, and prints "hangs". Prints each question on a line, but for those that only look."""
import json
import os
import socket
import struct
import sys
import threading

VERSION, ASK, ANSWER, TEXT_BYTES = 6, 6, 7, 8192
HEADER = struct.Struct("=HHI")


def serve(one, path):
    with one:
        while True:
            packet = one.recv(16384)
            if not packet:
                return
            version, kind, _ = HEADER.unpack_from(packet)
            if version != VERSION or kind != ASK:
                continue
            question = packet[HEADER.size:].split(b"\0")[0].decode()
            if question not in ("status", "history", "explain"):
                print(question, flush=True)
            with open(path, encoding="utf-8") as f:
                said = json.load(f)
            if said.get(question, said["*"]) is None:
                print("hangs", flush=True)
                continue
            text = json.dumps(said.get(question, said["*"])).encode()
            while True:
                part, text = text[:TEXT_BYTES - 1], text[TEXT_BYTES - 1:]
                one.send(HEADER.pack(VERSION, ANSWER, not text) + part.ljust(TEXT_BYTES, b"\0"))
                if not text:
                    break


def main():
    path, said = sys.argv[1:3]
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.path.exists(path):
        os.unlink(path)
    listener.bind(path)
    listener.listen(16)
    print("ready", flush=True)
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0], said), daemon=True).start()


main()
