"""Says twice who has an address, as keepalived does (gratuitous ARP): announce.py INTERFACE ADDRESS."""

import socket
import sys

interface, address = sys.argv[1], socket.inet_aton(sys.argv[2])
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806))
s.bind((interface, 0))
mac = s.getsockname()[4]
everybody = b"\xff" * 6
for _ in range(2):
    s.send(everybody + mac + b"\x08\x06\x00\x01\x08\x00\x06\x04\x00\x01" + mac + address + everybody + address)
