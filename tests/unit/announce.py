"""Says twice who has an address, as keepalived does (gratuitous ARP, or an unsolicited neighbour advertisement):
announce.py INTERFACE ADDRESS."""

import socket
import struct
import sys

interface, text = sys.argv[1:3]
v6 = ":" in text
address = socket.inet_pton(socket.AF_INET6 if v6 else socket.AF_INET, text)
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x86DD if v6 else 0x0806))
s.bind((interface, 0))
mac = s.getsockname()[4]


def arp():
    everybody = b"\xff" * 6
    head = everybody + mac + b"\x08\x06\x00\x01\x08\x00\x06\x04\x00\x01"
    return head + mac + address + everybody + address


def neighbour():
    """RFC 4861, 4.4: to all nodes, overriding what they know, with our hardware address."""
    nodes = socket.inet_pton(socket.AF_INET6, "ff02::1")
    says = address + b"\x02\x01" + mac
    whole = address + nodes + struct.pack("!II", 8 + len(says), 58) + b"\x88\x00\x00\x00\x20\x00\x00\x00" + says
    total = sum(struct.unpack(f"!{len(whole) // 2}H", whole))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    icmp = b"\x88\x00" + struct.pack("!H", ~total & 0xFFFF) + b"\x20\x00\x00\x00" + says
    ip = b"\x60\x00\x00\x00" + struct.pack("!HBB", len(icmp), 58, 255) + address + nodes
    return b"\x33\x33\x00\x00\x00\x01" + mac + b"\x86\xdd" + ip + icmp


for _ in range(2):
    s.send(neighbour() if v6 else arp())
