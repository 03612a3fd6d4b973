"""Lists of payments and refunds by every filter there is, for an API key and for sessions, and a reader that has too much to do.
read_payments.py PORT SECRET MARIADB-SOCKET; exit 1 when something is wrong."""
import itertools
import json
import selectors
import socket
import subprocess
import sys
import time

import api_client
from api_client import PORT, SECRET, ask, equal, finish, ids

SOCKET = sys.argv[3]


def make(path, body=None, secret=SECRET):
    return api_client.make(path, body, secret)[0]


def walk(path, secret=SECRET, **query):
    return ids(api_client.walk(path, secret, **query)[0])


def refused(what, path, status, code, secret=SECRET):
    is_, _, got = ask("GET", path, secret=secret)
    equal(what, (is_, got.get("code")), (status, code))


# Two people and a shop that belongs to nobody; payments in every status that there is.
people = {}
for login in ("paul", "rosa"):
    user = make("/v1/users", {"login": login, "password": "correct horse battery", "display_name": login})
    token = make("/v1/sessions", {"login": login, "password": "correct horse battery"}, None)["token"]
    wallet = make("/v1/accounts", {"kind": "wallet", "currency": "CNY"}, token)["id"]
    people[login] = (token, wallet)
    make("/v1/topups", {"account": wallet, "amount": 10000, "currency": "CNY", "channel": "bank", "channel_reference": "p " + login})
(PAUL, PAULS), (ROSA, ROSAS) = people["paul"], people["rosa"]
SHOP = make("/v1/accounts", {"kind": "merchant", "currency": "CNY"})["id"]
ways = {
    "authorized": [("manual", None)],
    "partially_captured": [("manual", ("capture", {"amount": 40}))],
    "captured": [("automatic", None)],
    "partially_refunded": [("automatic", ("refunds", {"amount": 30, "reason": "r"}))],
    "refunded": [("automatic", ("refunds", {"reason": "r"}))],
    "voided": [("manual", ("void", {}))],
    "expired": [("manual", None)],
}
made = []
for n, (status, way) in itertools.product(range(3), ways.items()):
    payer, payee = ((PAULS, SHOP), (ROSAS, SHOP), (PAULS, ROSAS))[n]
    for capture, act in way:
        more = {"hold_seconds": 1} if status == "expired" else {}
        more |= {"reference": f"order {n}/é"} if n != 1 else {}
        got = make("/v1/payments", {"payer": payer, "payee": payee, "amount": 100, "currency": "CNY", "capture": capture, **more})
        if act:
            make(f"/v1/payments/{got['id']}/{act[0]}", act[1])
        made.append(got["id"])
limit = time.monotonic() + 20
while time.monotonic() < limit and len(walk("/v1/payments", status="expired")) < 3:
    time.sleep(0.1)
payments = [ask("GET", f"/v1/payments/{x}")[2] for x in made]
equal("every status is there", sorted({p["status"] for p in payments}), sorted(ways))
newest = sorted(payments, key=lambda p: p["id"], reverse=True)  # two of one millisecond come in any order


def touches(p, account):
    return not account or account in (p["payer"], p["payee"])


# Every combination of account, status and reference, for the API key and for each session.
wrong = tried = 0
for secret, mine in ((SECRET, None), (PAUL, PAULS), (ROSA, ROSAS)):
    for account, status, reference in itertools.product((None, PAULS, ROSAS, SHOP), (None, *ways), (None, "order 0/é", "order 2/é", "order 3")):
        if mine and account and account != mine:
            continue
        query = {n: v for n, v in (("account", account), ("status", status), ("reference", reference)) if v}
        should = [p["id"] for p in newest if touches(p, mine) and touches(p, account) and status in (None, p["status"]) and
                  reference in (None, p["reference"])]
        tried += 1
        if walk("/v1/payments", secret, limit=(1, 3, 20)[tried % 3], **query) != should:
            wrong += 1
            print("FAIL:", query, "as", mine)
equal(f"{tried} lists of payments by account, status and reference", wrong, 0)
for first, last in ((0, 20), (3, 9), (9, 3), (20, 20)):
    low, high = payments[first]["created_at"], payments[last]["created_at"]
    # Identifiers have milliseconds: their order is that of the list, the filter is exact.
    should = [p["id"] for p in newest if low <= p["created_at"] < high]
    equal(f"payments from {first} to {last}", walk("/v1/payments", limit=2, created_from=low, created_to=high), should)
    own = [p["id"] for p in newest if low <= p["created_at"] < high and touches(p, PAULS) and p["status"] == "captured"]
    equal("of one's own and captured", walk("/v1/payments", PAUL, created_from=low, created_to=high, status="captured"), own)
refused("payments of somebody else's account", f"/v1/payments?account={SHOP}", 403, "account_not_owned", PAUL)
refused("a payment of others", f"/v1/payments/{next(p['id'] for p in payments if not touches(p, PAULS))}", 403, "account_not_owned", PAUL)

# Refunds of a payment
refunds = {p["id"]: [] for p in payments}
many = next(p for p in payments if p["status"] == "captured" and not touches(p, PAULS))
for n in range(7):
    refunds[many["id"]].insert(0, make(f"/v1/payments/{many['id']}/refunds", {"amount": 1 + n, "reason": f"r{n}"}))
path = f"/v1/payments/{many['id']}/refunds"
for size in (1, 3, 100):
    equal(f"refunds of a payment, {size} a page", walk(path, limit=size), ids(refunds[many["id"]]))
equal("of its payee", walk(path, ROSA, limit=2), ids(refunds[many["id"]]))
third = refunds[many["id"]][3]
equal("refunds of a time", walk(path, created_from=third["created_at"], limit=1), ids(refunds[many["id"]][:4]))
equal("refunds of before", walk(path, created_to=third["created_at"], limit=1), ids(refunds[many["id"]][4:]))
equal("an item is what a GET says", ask("GET", path + "?limit=1")[2]["data"][0], ask("GET", f"/v1/refunds/{refunds[many['id']][0]['id']}")[2])
equal("refunds of what has none", walk(f"/v1/payments/{next(p['id'] for p in payments if p['status'] == 'voided')}/refunds"), [])
refused("refunds of others", path, 403, "account_not_owned", PAUL)
refused("a refund of others", f"/v1/refunds/{third['id']}", 403, "account_not_owned", PAUL)
refused("refunds of no payment", "/v1/payments/pay_01ARZ3NDEKTSV4RRFFQ69G5FAV/refunds", 404, "not_found")
refused("refunds have no status", path + "?status=succeeded", 400, "bad_parameter")
refused("refunds have no account", path + f"?account={SHOP}", 400, "bad_parameter")
cursor = ask("GET", path + "?limit=1")[2]["next_cursor"]
other = next(p["id"] for p in payments if p["status"] == "partially_refunded")
refused("a cursor of another payment's", f"/v1/payments/{other}/refunds?after={cursor}", 400, "bad_cursor")

# What else a session sees of lists: its own
for what, path in (("accounts", "/v1/accounts"), ("top-ups", "/v1/topups"), ("transfers", "/v1/transfers"), ("withdrawals", "/v1/withdrawals")):
    theirs = walk(path, PAUL, limit=1)
    owner = {"accounts": lambda x: x["id"] == PAULS, "top-ups": lambda x: x["account"] == PAULS,
             "transfers": lambda x: PAULS in (x["from"], x["to"]), "withdrawals": lambda x: x["account"] == PAULS}[what]
    every = [ask("GET", f"{path}/{x}")[2] for x in walk(path, limit=100)]
    equal(f"{what} of a session", theirs, [x["id"] for x in every if owner(x)])
events = ask("GET", "/v1/events?limit=100", secret=PAUL)[2]["data"]
strangers = [x for x in events if PAULS not in json.dumps(x["data"]) and x["type"].split(".")[0] != "user" and
             x["data"].get("payment") not in made]
equal("events of a session", (bool(events), strangers), (True, []))

# More than the reader can keep waiting: it is stopped by a lock, and what is too much is refused at once; who writes goes on.
lock = subprocess.Popen(["mariadb", "--no-defaults", "-n", "-N", "-B", "-S", SOCKET, "-u", "root", "holdfast"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
lock.stdin.write("LOCK TABLES payment WRITE; SELECT 'locked';\n")
lock.stdin.flush()
equal("the payments are locked", lock.stdout.readline(), "locked\n")
request = (f"GET /v1/payments?limit=1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {SECRET}\r\nConnection: close\r\n\r\n").encode()
answers, waiting = [], selectors.DefaultSelector()
for _ in range(1400):
    s = socket.create_connection(("127.0.0.1", PORT))
    s.sendall(request)
    waiting.register(s, selectors.EVENT_READ, bytearray())


def collect(seconds, enough):
    end = time.monotonic() + seconds
    while waiting.get_map() and time.monotonic() < end and not enough():
        for at, _ in waiting.select(0.1):
            more = at.fileobj.recv(65536)
            at.data.extend(more)
            if not more:
                waiting.unregister(at.fileobj)
                at.fileobj.close()
                answers.append(bytes(at.data))


def overloaded():
    return [a for a in answers if a.startswith(b"HTTP/1.1 503") and b'"code":"overloaded"' in a]


collect(20, lambda: len(overloaded()) >= 300)
at_once = overloaded()
equal("what is too much is refused", len(at_once) >= 300, True)
equal("and told when to come again", all(b"\r\nRetry-After: 1\r\n" in a for a in at_once), True)
status, _, got = ask("POST", "/v1/transfers", {"from": PAULS, "to": ROSAS, "amount": 1, "currency": "CNY"})
equal("who writes does not wait for readers", status, 201)
lock.stdin.close()
lock.wait()
collect(20, lambda: False)
equal("the others are answered", (len(answers), {a.split(b" ", 2)[1] for a in answers if a not in at_once} <= {b"200", b"503"}), (1400, True))
equal("and then all is well", ask("GET", "/v1/payments?limit=1")[0], 200)
finish()
