"""Makes money move through the API and reads lists, entries and events back. read_lists.py PORT SECRET; exit 1 when something is wrong."""
import datetime
import json
import threading
import urllib.error
import urllib.request

from api_client import BASE, SECRET, ask, equal, finish, ids, make, page, walk


def refused(what, path, code, param=None, **query):
    status, _, got = page(path, **query)
    equal(what, (status, got.get("code"), got.get("param")), (400, code, param))


def microseconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


accounts = [make("/v1/accounts", {"kind": "wallet", "currency": "CNY"})[0] for _ in range(7)]
A, B, C = (a["id"] for a in accounts[:3])
expected = []  # of every movement: id, type, from, to, amount
topups = [make("/v1/topups", {"account": A, "amount": 1000 + i, "currency": "CNY", "channel": "bank", "channel_reference": f"ref {i}+x"})[0]
          for i in range(4)]
transfers = []
for i in range(45):
    source, target = ((A, B), (A, C), (B, C))[i % 3 if i > 4 else i % 2]
    more = {"reference": f"order {i % 5}&=é"} if i % 2 else {}
    transfers.append(make("/v1/transfers", {"from": source, "to": target, "amount": 3 - i % 3, "currency": "CNY", **more})[0])
status, _, refusal = ask("POST", "/v1/transfers", {"from": B, "to": A, "amount": 10**6, "currency": "CNY"})
equal("a refusal", status, 402)
newest = transfers[::-1]

# Lists
for limit in (1, 7, 20, 100):
    got, pages = walk("/v1/transfers", limit=limit)
    equal(f"all transfers, newest first, {limit} a page", ids(got), ids(newest))
equal("items are what a GET says", got[3], ask("GET", f"/v1/transfers/{got[3]['id']}")[2])
for account in (A, B, C):
    touch = [x for x in newest if account in (x["from"], x["to"])]
    equal("transfers of an account", ids(walk("/v1/transfers", account=account, limit=4)[0]), ids(touch))
same = [x for x in newest if x["reference"] == "order 1&=é"]
equal("there are some", len(same) > 3, True)
equal("transfers with a reference", ids(walk("/v1/transfers", reference="order 1&=é", limit=2)[0]), ids(same))
both = [x for x in same if B in (x["from"], x["to"])]
equal("two filters", ids(walk("/v1/transfers", reference="order 1&=é", account=B, limit=1)[0]), ids(both))
equal("posted are all", len(walk("/v1/transfers", status="posted")[0]), len(transfers))
for first, last in ((10, 20), (0, 44), (44, 44)):
    low, high = transfers[first]["created_at"], transfers[last]["created_at"]
    should = [x for x in newest if microseconds(low) <= microseconds(x["created_at"]) < microseconds(high)]
    equal("of a time", ids(walk("/v1/transfers", created_from=low, created_to=high, limit=3)[0]), ids(should))
equal("of the future", walk("/v1/transfers", created_from="2100-01-01T00:00:00Z")[0], [])
equal("of the past", walk("/v1/transfers", created_to="1999-01-01T00:00:00+02:00")[0], [])
equal("top-ups", ids(walk("/v1/topups", limit=3)[0]), ids(topups[::-1]))
equal("top-ups by reference", ids(walk("/v1/topups", reference="ref 2+x")[0]), ids([topups[2]]))
everybody = walk("/v1/accounts", limit=2)[0]
equal("all accounts", sorted(ids(everybody)[:-1]), sorted(a["id"] for a in accounts))
clearing = everybody[-1]
equal("the clearing account comes last", (clearing["kind"], clearing["channel"]), ("clearing", "bank"))
make(f"/v1/accounts/{C}/freeze")
equal("the frozen", ids(walk("/v1/accounts", status="frozen")[0]), [C])
equal("the open", len(walk("/v1/accounts", status="open", limit=3)[0]), 7)
first = min(a["created_at"] for a in accounts)
equal("accounts from the first on", len(walk("/v1/accounts", created_from=first)[0]), 8)
equal("accounts of before", walk("/v1/accounts", created_to=first)[0], [])
equal("the clearing account by its time", ids(walk("/v1/accounts", created_from=topups[0]["created_at"])[0]), [clearing["id"]])
equal("top-ups of the clearing account", len(walk("/v1/topups", account=clearing["id"])[0]), 4)

# Entries
for account in (A, B, C, clearing["id"]):
    balance = 0
    got = walk(f"/v1/accounts/{account}/entries", limit=5)[0]
    movements = [x for x in topups + transfers if account in (x.get("from", clearing["id"]), x.get("to", x.get("account")))]
    equal("resources of the entries", [x["resource"] for x in got], ids(movements[::-1]))
    for x in reversed(got):
        balance += x["amount"] if x["direction"] == "credit" else -x["amount"]
        if balance != x["balance_after"]:
            equal("balance after", balance, x["balance_after"])
    equal("and they add up to the balance", balance, ask("GET", f"/v1/accounts/{account}/balance")[2]["posted"])
    equal("sorted by identifier", ids(got), sorted(ids(got), reverse=True))
    equal("each its own", len(set(ids(got))), len(got))
x = walk(f"/v1/accounts/{A}/entries", limit=1)[0][-1]
equal("the first entry", (x["type"], x["counterparty"], x["direction"], x["currency"], x["created_at"]),
      ("topup", clearing["id"], "credit", "CNY", topups[0]["created_at"]))
status, _, got = page("/v1/accounts/acc_01ARZ3NDEKTSV4RRFFQ69G5FAV/entries")
equal("entries of nobody", (status, got["code"]), (404, "not_found"))

# Events
events = walk("/v1/events", limit=6)[0]
equal("sequence without gaps", [x["sequence"] for x in events], list(range(1, len(events) + 1)))
equal("ledger_seq grows", [x["ledger_seq"] for x in events], sorted({x["ledger_seq"] for x in events}))
equal("one a change", len(events), 7 + 4 + 45 + 1)
equal("the data of a transfer", events[11]["data"], transfers[0])
posted = walk("/v1/events", types="transfer.posted,account.frozen", limit=10)[0]
equal("by type", [x["type"] for x in posted], ["transfer.posted"] * 45 + ["account.frozen"])
status, _, now = page("/v1/events", after="latest")
equal("from now on", (now["data"], now["has_more"]), ([], False))
status, _, again = page("/v1/events", after=now["next_cursor"])
equal("nothing happened", (again["data"], again["next_cursor"]), ([], now["next_cursor"]))
made, _ = make("/v1/accounts", {"kind": "wallet", "currency": "CNY"})
status, _, again = page("/v1/events", after=now["next_cursor"], types="account.created")
equal("then this did", [x["data"]["id"] for x in again["data"]], [made["id"]])

# What is not allowed
for what, query in (("limit 0", {"limit": "0"}), ("limit 101", {"limit": 101}), ("limit -1", {"limit": -1}), ("limit x", {"limit": "1x"})):
    refused(what, "/v1/transfers", "bad_parameter", "limit", **query)
refused("unknown parameter", "/v1/transfers", "bad_parameter", "colour", colour="red")
refused("a parameter of other lists", "/v1/accounts", "bad_parameter", "account", account=A)
refused("account", "/v1/transfers", "bad_parameter", "account", account="x")
refused("status", "/v1/accounts", "bad_parameter", "status", status="shut")
refused("time", "/v1/topups", "bad_parameter", "created_from", created_from="yesterday")
refused("type", "/v1/events", "bad_parameter", "types", types="transfer.posted,nothing")
refused("latest is for events", "/v1/transfers", "bad_cursor", "after", after="latest")
cursor = page("/v1/transfers", limit=1, account=A)[2]["next_cursor"]
refused("cursor of other filters", "/v1/transfers", "bad_cursor", "after", after=cursor)
refused("cursor of another list", "/v1/topups", "bad_cursor", "after", after=cursor, account=A)
refused("a damaged cursor", "/v1/transfers", "bad_cursor", "after", account=A, after=cursor[:-2] + "AA")
refused("half a cursor", "/v1/transfers", "bad_cursor", "after", account=A, after=cursor[:20])
equal("and it is good", page("/v1/transfers", account=A, after=cursor)[0], 200)
status, _, got = ask("GET", "/v1/transfers?limit=1&limit=2")
equal("twice", (status, got["code"]), (400, "bad_parameter"))

# Read your writes, while others write too
stop = threading.Event()


def noise():
    n = 0
    while not stop.is_set():
        n += 1
        request = urllib.request.Request(BASE + "/v1/transfers", method="POST", data=json.dumps(
            {"from": A, "to": B, "amount": 1, "currency": "CNY"}).encode())
        for name, value in (("Authorization", f"Bearer {SECRET}"), ("Content-Type", "application/json"),
                            ("Idempotency-Key", f"noise-{threading.get_ident()}-{n}")):
            request.add_header(name, value)
        try:
            urllib.request.urlopen(request, timeout=20).read()
        except urllib.error.HTTPError:
            pass


threads = [threading.Thread(target=noise) for _ in range(3)]
for thread in threads:
    thread.start()
stale = 0
for i in range(60):
    got, seq = make("/v1/transfers", {"from": A, "to": B, "amount": 1, "currency": "CNY"})
    for path in (f"/v1/transfers/{got['id']}", f"/v1/accounts/{B}/balance", "/v1/transfers?limit=100", f"/v1/accounts/{A}/entries?limit=100"):
        status, head, back = ask("GET", path)
        there = status == 200 and int(head["Ledger-Seq"]) >= seq
        if "data" in back:
            there = there and got["id"] in [x.get("resource", x["id"]) for x in back["data"]]
        stale += not there
stop.set()
for thread in threads:
    thread.join()
equal("every read saw what had been answered", stale, 0)
finish()
