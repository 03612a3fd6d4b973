#!/usr/bin/env python3
"""A payment API that can be told to misbehave, to prove that `payer verify` notices. Prints its port, then serves."""

import argparse
import http.server
import json
import random
import threading
import time

FAULTS = """none lose forget-key lose-money twice new-id shared-id other-body not-replayed stale-seq stale-balance
 other-amount sticky-forgotten refuse-account back-in-time key-gone-later""".split()


CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CLEARING = "acc_" + "7" * 26


def hexadecimal(identifier):
    """What a database has of an identifier."""
    number = 0
    for character in identifier.split("_")[1]:
        number = number * 32 + CROCKFORD.index(character)
    return f"{number % 2**128:032X}"


class Bank:
    """One lock, one journal. Every operation and read is atomic, so whatever goes wrong is a fault that was asked for."""

    def __init__(self, fault, times):
        self.fault = fault
        self.times = times
        self.lock = threading.Lock()
        self.seq = 0
        self.count = 0
        self.posted = {}
        self.resources = {}
        self.keys = {}
        self.last_id = None
        self.old_reads = {}
        self.entries = {}
        self.rows = []

    def hit(self, every=40):
        self.count += 1
        if self.count % every or not self.times:
            return False
        self.times -= 1
        return True

    def new_id(self, prefix):
        if self.fault == "shared-id" and self.last_id and self.last_id.startswith(prefix) and self.hit():
            return self.last_id
        self.last_id = f"{prefix}{self.seq:026d}"
        return self.last_id

    def move(self, source, target, amount):
        times = 1
        if self.fault == "twice" and self.hit():
            times = 2
        if self.fault == "lose-money" and self.hit():
            times = 0
        self.posted[source] -= amount * times
        self.enter(source, "debit", amount)
        self.posted[target] += amount * times
        self.enter(target, "credit", amount)

    def enter(self, account, direction, amount):
        self.entries.setdefault(account, []).insert(0, {
            "ledger_seq": self.seq, "direction": direction, "amount": amount, "balance_after": self.posted[account]})

    def row(self, status, resource=None, source=None, target=None):
        """A line of the journal, as tests/chaos/run reads it (tests/chaos/check_dump.h)."""
        line = ["journal", self.seq, "NULL", "NULL", 4, status] + ["NULL"] * 7
        if resource:
            line[3] = hexadecimal(resource["id"])
        if source:
            line[6:] = [hexadecimal(source), hexadecimal(target), resource["amount"], "CNY", self.posted[source],
                        self.posted[target], resource.get("channel_reference", resource.get("reference", "")).encode().hex().upper()]
        self.rows.append("\t".join(str(member) for member in line))

    def dump(self):
        with self.lock:
            lines = [f"head\t{self.seq + 1}\t1", "sum\tjournal\t1"]
            lines += [f"account\t{hexadecimal(account)}\tCNY\t1\t{posted}\t0\t0\t0" for account, posted in self.posted.items()]
            return "\n".join(lines + self.rows + ["end", ""])

    def execute(self, route, body):
        """Returns status and resource."""
        self.seq += 1
        status, resource = self.decide(route, body)
        source = body.get("from", CLEARING if route == "topups" else None)
        if status == 201:
            self.row(status, resource, source, body.get("to", body.get("account")))
        else:
            self.row(status)
        return status, resource

    def decide(self, route, body):
        if route == "accounts":
            resource = {"object": "account", "id": self.new_id("acc_"), "currency": body["currency"]}
            self.posted[resource["id"]] = 0
            return 201, resource
        if route == "topups":
            self.posted.setdefault(CLEARING, 0)
            self.move(CLEARING, body["account"], body["amount"])
            return 201, {"object": "topup", "id": self.new_id("top_"), "status": "succeeded", **body}
        if self.fault == "refuse-account" and self.hit():
            return 404, {"code": "not_found", "status": 404}
        if self.posted[body["from"]] < body["amount"]:
            return 402, {"code": "insufficient_funds", "status": 402, "seq": self.seq}
        self.move(body["from"], body["to"], body["amount"])
        return 201, {"object": "transfer", "id": self.new_id("tr_"), "status": "posted", **body}

    def post(self, route, key, body):
        """Returns status, body text, ledger seq, replayed."""
        with self.lock:
            old = self.keys.get(key)
            if old and self.fault == "new-id" and old["status"] == 201 and route == "transfers":
                old = None
            if old:
                text = old["text"]
                if self.fault == "other-body":
                    text += " "
                return old["status"], text, old["seq"], self.fault != "not-replayed"
            status, resource = self.execute(route, body)
            text = json.dumps(resource)
            seq = self.seq
            if self.fault == "back-in-time" and self.hit():
                seq -= 10
            kept = dict(resource)
            if self.fault == "other-amount" and route == "transfers" and self.hit():
                kept["amount"] = 1
            resource_path = f"/v1/{route}/{resource['id']}" if status == 201 else None
            lost = status == 201 and route == "transfers" and self.fault == "lose" and self.hit()
            if status == 201 and not lost:
                self.resources[resource_path] = kept
            forgotten = (self.fault == "forget-key" and self.hit()) or (
                self.fault == "sticky-forgotten" and status == 402)
            if not lost and not forgotten and status in (201, 402):
                self.keys[key] = {"status": status, "text": text, "seq": seq, "resource": resource_path}
            return status, text, seq, False

    def get(self, path):
        with self.lock:
            parts = path.split("/")
            if parts[2] == "idempotency_keys":
                entry = self.keys.get(parts[3])
                state = "completed" if entry else "absent"
                if self.fault == "key-gone-later" and self.hit(50):
                    state = "absent"
                return 200, {"state": state, "status": entry and entry["status"], "resource": entry and entry["resource"]}
            if len(parts) == 5 and parts[4].startswith("entries?limit="):
                data = self.entries.get(parts[3], [])[:int(parts[4].split("=")[1])]
                return 200, {"object": "list", "data": data, "ledger_seq": self.seq}
            if len(parts) == 5 and parts[4] == "balance":
                posted, seq = self.posted.get(parts[3]), self.seq
                if posted is None:
                    return 404, {"code": "not_found"}
                if self.fault == "stale-seq" and self.hit(4):
                    posted, seq = self.old_reads.get(parts[3], (posted, seq))
                if self.fault == "stale-balance" and self.hit(4):
                    posted = self.old_reads.get(parts[3], (posted, seq))[0]
                self.old_reads.setdefault(parts[3], (posted, seq))
                return 200, {"posted": posted, "currency": "CNY", "ledger_seq": seq}
            if path in self.resources:
                return 200, self.resources[path]
            return 404, {"code": "not_found"}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    bank = None
    flaky = 0.0
    die = random.Random(1)

    def log_message(self, *_):
        pass

    def answer(self, status, text, seq=None, replayed=None):
        body = text.encode()
        lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}"]
        if seq is not None:
            lines.append(f"ledger-seq: {seq}")
        if replayed is not None:
            lines.append(f"Idempotent-Replayed: {'true' if replayed else 'false'}")
        self.wfile.write(("\r\n".join(lines) + "\r\n\r\n").encode() + body)

    def do_GET(self):
        if self.path == "/dump":
            return self.answer(200, self.bank.dump())
        status, body = self.bank.get(self.path)
        return self.answer(status, json.dumps(body), body.get("ledger_seq"))

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        route = self.path.split("/")[2]
        trouble = self.die.random() / self.flaky if self.flaky and route == "transfers" else 1
        if trouble < 0.2:
            return self.answer(503, '{"code":"failover_in_progress"}')
        if trouble < 0.3:
            return self.answer(409, '{"code":"idempotency_in_progress"}')
        status, text, seq, replayed = self.bank.post(route, self.headers["Idempotency-Key"], body)
        if trouble < 0.5:
            return self.answer(504, '{"code":"internal"}')
        if trouble < 0.7:
            self.close_connection = True
            return None
        if trouble < 0.75:
            time.sleep(0.4)  # longer than the client waits
        return self.answer(status, text, seq, replayed)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_):
        pass  # a client that has gone away


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--fault", choices=FAULTS, default="none")
    parser.add_argument("--times", type=int, default=-1, help="the fault happens so often, -1: again and again")
    parser.add_argument("--flaky", type=float, default=0.0, help="share of transfers that get into trouble")
    options = parser.parse_args()
    Handler.bank = Bank(options.fault, options.times)
    Handler.flaky = options.flaky
    server = Server(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


main()
