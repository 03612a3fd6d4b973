"""Exactly once, case by case: the rows of doc/idempotency.md that one gateway can show by itself, each a function of that name.
pay_once.py PORT SECRET OTHER-SECRET; exit 1 when something is wrong. Leaves the accounts of its payments in the books as they are."""
import http.client
import json
import random
import re
import socket
import sys
import threading
import time

PORT, SECRET, OTHER = int(sys.argv[1]), sys.argv[2], sys.argv[3]
PAN = "4111 1111 1111 1111"
failed = made = 0
words = random.Random(20261122)


def check(name, what, is_, should):
    global failed
    if is_ != should:
        failed = 1
        print(f"FAIL: {name}: {what}: {is_!r}, should be {should!r}")


class Answer:
    def __init__(self, answer):
        self.status, self.head, self.bytes = answer.status, answer.headers, answer.read()
        self.body = json.loads(self.bytes) if self.bytes else None
        self.code = (self.body or {}).get("code")
        self.replayed = self.head["Idempotent-Replayed"]


def ask(method, path, body=None, key=None, secret=SECRET, content_type="application/json", **head):
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=20)
    headers = {"Authorization": f"Bearer {secret}", **{n.replace("_", "-"): v for n, v in head.items()}}
    if body is not None:
        headers["Content-Type"] = content_type
        body = body if isinstance(body, (str, bytes)) else json.dumps(body)
    if key:
        headers["Idempotency-Key"] = key
    connection.request(method, path, body, headers)
    answer = Answer(connection.getresponse())
    connection.close()
    return answer


def key():
    """A new one, of letters: digits could look like a card."""
    return "once-" + "".join(words.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(12))


def make(path, body, secret=SECRET):
    answer = ask("POST", path, body, key(), secret)
    if answer.status >= 300:
        raise SystemExit(f"POST {path}: {answer.status} {answer.body}")
    return answer.body


def account(currency="CNY", money=0, kind="wallet", **more):
    got = make("/v1/accounts", {"kind": kind, "currency": currency, **more})["id"]
    if money:
        make("/v1/topups", {"account": got, "amount": money, "currency": currency, "channel": "bank", "channel_reference": key()})
    return got


def posted(of):
    return ask("GET", f"/v1/accounts/{of}/balance").body["posted"]


def events():
    return ask("GET", "/v1/events?after=latest").body["next_cursor"]


def paying(source, target, amount=10, **more):
    return {"from": source, "to": target, "amount": amount, "currency": "CNY", **more}


def state(k, secret=SECRET):
    return ask("GET", f"/v1/idempotency_keys/{k}", secret=secret).body


def A1_first_request_executes(name):
    a, b, k = account(money=100), account(), key()
    check(name, "before", state(k)["state"], "absent")
    got = ask("POST", "/v1/transfers", paying(a, b), k)
    check(name, "answer", (got.status, got.replayed), (201, "false"))
    check(name, "moved", (posted(a), posted(b)), (90, 10))
    check(name, "key", state(k), {"state": "completed", "status": 201, "resource": "/v1/transfers/" + got.body["id"]})


def A2_same_key_same_body_replays(name):
    a, b, k = account(money=100), account(), key()
    first = ask("POST", "/v1/transfers", paying(a, b), k)
    now = events()
    for body in (json.dumps(paying(a, b)), json.dumps(dict(reversed(paying(a, b).items())), indent=3)):
        got = ask("POST", "/v1/transfers", body, k)
        check(name, "to the byte", (got.status, got.bytes, got.replayed), (201, first.bytes, "true"))
        check(name, "Ledger-Seq", got.head["Ledger-Seq"], first.head["Ledger-Seq"])
    check(name, "moved once, no event", (posted(b), events()), (10, now))


def A4_same_key_of_another_request_is_refused(name):
    a, b, c, k = account(money=100), account(), account(), key()
    payment = make("/v1/payments", {"payer": a, "payee": b, "amount": 9, "currency": "CNY", "capture": "manual"})["id"]
    other = make("/v1/payments", {"payer": a, "payee": c, "amount": 9, "currency": "CNY", "capture": "manual"})["id"]
    ask("POST", f"/v1/payments/{payment}/capture", {"amount": 1}, k)
    for what, path, body in (("body", f"/v1/payments/{payment}/capture", {"amount": 2}), ("route", f"/v1/payments/{payment}/refunds", {"amount": 1, "reason": "r"}),
                             ("path", f"/v1/payments/{other}/capture", {"amount": 1}), ("nobody there", "/v1/transfers", paying(a, a[:-1] + ("1" if a[-1] == "0" else "0")))):
        got = ask("POST", path, body, k)
        check(name, what, (got.status, got.code, got.replayed), (422, "idempotency_key_reused", "false"))
    check(name, "captured", (posted(b), posted(c)), (1, 0))


def A5_same_key_of_another_principal_is_another(name):
    a, b, k = account(money=100), account(), key()
    first, second = (ask("POST", "/v1/transfers", paying(a, b), k, s) for s in (SECRET, OTHER))
    check(name, "both are executed", (first.status, second.status, second.replayed, posted(b)), (201, 201, "false", 20))
    check(name, "each has its own", (state(k)["resource"] != state(k, OTHER)["resource"], first.bytes != second.bytes), (True, True))


def A6_key_is_required(name):
    document = ask("GET", "/v1/openapi.json").body
    count = 0
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if {"$ref": "#/components/parameters/IdempotencyKey"} in operation.get("parameters", []):
                path = re.sub("{id}", operation["parameters"][-1].get("schema", {}).get("pattern", "^")[1:].split("[")[0] + "01ARZ3NDEKTSV4RRFFQ69G5FAV", path)
                got = ask(method.upper(), path, {})
                check(name, f"{method} {path}", (got.status, got.code), (400, "idempotency_key_missing"))
                count += 1
    check(name, "routes that want one", count > 12, True)


def A7_refusals_for_the_state_stick(name):
    a, b, k, f = account(), account(), key(), key()
    refused = ask("POST", "/v1/transfers", paying(a, b), k)
    check(name, "no money", (refused.status, refused.code), (402, "insufficient_funds"))
    make("/v1/topups", {"account": a, "amount": 100, "currency": "CNY", "channel": "bank", "channel_reference": key()})
    make(f"/v1/accounts/{a}/freeze", {})
    frozen = ask("POST", "/v1/transfers", paying(a, b), f)
    check(name, "frozen", (frozen.status, frozen.code), (409, "account_frozen"))
    make(f"/v1/accounts/{a}/unfreeze", {})
    for was, k in ((refused, k), (frozen, f)):
        got = ask("POST", "/v1/transfers", paying(a, b), k)
        check(name, "sticks", (got.status, got.bytes, got.replayed), (was.status, was.bytes, "true"))
    check(name, "a new key is a new try", ask("POST", "/v1/transfers", paying(a, b), key()).status, 201)


def A8_what_was_not_executed_leaves_the_key_free(name):
    a, b, k = account(money=100), account(), key()
    eur, good = account("EUR"), paying(a, b)
    for status, code, request in (
            (400, "malformed_json", dict(body="{")), (400, "bad_parameter", dict(path="/v1/transfers?x=1", body=good)),
            (401, "unauthenticated", dict(body=good, secret="sk_no")), (404, "not_found", dict(body=paying(a, "acc_01ARZ3NDEKTSV4RRFFQ69G5FAV"))),
            (413, "too_large", dict(body=json.dumps({**good, "reference": "x" * 70000}))), (415, "unsupported_media_type", dict(body=good, content_type="text/plain")),
            (422, "validation_failed", dict(body={**good, "amount": 0})), (422, "pan_not_allowed", dict(body={**good, "reference": PAN})),
            (422, "currency_mismatch", dict(body=paying(a, eur)))):
        got = ask("POST", request.pop("path", "/v1/transfers"), request.pop("body"), k, **request)
        check(name, "refused", (got.status, got.code, got.replayed), (status, code, "false"))
        check(name, f"after {code}", state(k)["state"], "absent")
    got = ask("POST", "/v1/transfers", good, k)
    check(name, "and then it is executed", (got.status, got.replayed, posted(b)), (201, "false", 10))


def many_new_keys(a, b):
    """So many in a row that the ledger takes the next ones for new without looking them up (gateway/lookup.h)."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=20)
    for i in range(70):
        connection.request("POST", "/v1/transfers", json.dumps(paying(*((a, b) if i % 2 else (b, a)), 1)),
                           {"Authorization": f"Bearer {SECRET}", "Content-Type": "application/json", "Idempotency-Key": key()})
        answer = connection.getresponse()
        if answer.status != 201:
            raise SystemExit(f"many new keys: {answer.status} {answer.read()}")
        answer.read()
    connection.close()


def A13_keys_that_were_taken_for_new_are_found(name):
    rich, other, a, b = account(money=1000), account(money=1000), account(money=1000), account()
    topup = {"account": a, "amount": 5, "currency": "CNY", "channel": "bank", "channel_reference": key()}
    hold = {"payer": a, "payee": b, "amount": 10, "currency": "CNY", "capture": "manual"}
    out = {"account": a, "amount": 3, "currency": "CNY", "channel": "bank", "destination": {"type": "token", "value": "x"}}
    held, voided, drawn, sent = make("/v1/payments", hold)["id"], make("/v1/payments", hold)["id"], make("/v1/withdrawals", out)["id"], make("/v1/transfers", paying(a, b))["id"]
    done = []
    for status, path, body in (
            (201, "/v1/transfers", paying(a, b, reference="r")), (402, "/v1/transfers", paying(a, b, 999999)), (201, "/v1/topups", topup), (201, "/v1/payments", hold),
            (200, f"/v1/payments/{held}/capture", {"amount": 4}), (200, f"/v1/payments/{voided}/void", {}), (201, f"/v1/payments/{held}/refunds", {"amount": 1, "reason": "r"}),
            (201, "/v1/withdrawals", out), (200, f"/v1/withdrawals/{drawn}/confirm", {}), (201, f"/v1/transfers/{sent}/reverse", {"reason": "r"}),
            (200, "/v1/transfers/batch", {"atomic": True, "items": [paying(a, b, 1)] * 2}), (201, "/v1/accounts", {"kind": "wallet", "currency": "CNY"})):
        k = key()
        many_new_keys(rich, other)
        first = ask("POST", path, body, k)
        check(name, f"{path}: the first", (first.status, first.replayed), (status, "false"))
        done.append((path, body, k, first))
    for path, body, k, first in done:
        many_new_keys(rich, other)
        before = posted(a), posted(b), events()
        again = ask("POST", path, body, k)
        check(name, f"{path}: again", (again.status, again.bytes, again.replayed), (first.status, first.bytes, "true"))
        check(name, f"{path}: nothing moves", (posted(a), posted(b), events()), before)
    path, body, k, first = done[0]
    for what, path, body in (("another amount", path, {**body, "amount": 11}), ("an account that is not there", path, paying(a, "acc_01ARZ3NDEKTSV4RRFFQ69G5FAV")),
                             ("a currency that does not fit", path, {**body, "currency": "EUR"}), ("another route", f"/v1/payments/{held}/capture", {"amount": 1})):
        many_new_keys(rich, other)
        got = ask("POST", path, body, k)
        check(name, f"the key with {what}", (got.status, got.code), (422, "idempotency_key_reused"))
    many_new_keys(rich, other)
    check(name, "of somebody else it is another", (ask("POST", "/v1/transfers", paying(a, b), k, OTHER).status), 201)


def B3_client_that_hangs_up_has_paid(name):
    a, b, k = account(money=100), account(), key()
    body = json.dumps(paying(a, b)).encode()
    s = socket.create_connection(("127.0.0.1", PORT))
    s.sendall(f"POST /v1/transfers HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {SECRET}\r\nIdempotency-Key: {k}\r\n"
              f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
    s.close()
    end = time.monotonic() + 10
    while state(k)["state"] != "completed" and time.monotonic() < end:
        time.sleep(0.02)
    got = ask("POST", "/v1/transfers", paying(a, b), k)
    check(name, "the outcome is there", (got.status, got.replayed, posted(b)), (201, "true", 10))


def museum3_refused_hold_is_no_hold(name):
    a, b, k = account(money=5), account(), key()
    got = ask("POST", "/v1/payments", {"payer": a, "payee": b, "amount": 10, "currency": "CNY", "capture": "manual"}, k)
    check(name, "refused", (got.status, "id" in got.body), (402, False))
    check(name, "nothing came of it", (state(k)["resource"], ask("GET", f"/v1/payments?account={a}").body["data"]), (None, []))


def museum9_amount_1_then_2_with_one_key(name):
    a, b, k = account(money=100), account(), key()
    ask("POST", "/v1/transfers", paying(a, b, 1), k)
    got = ask("POST", "/v1/transfers", paying(a, b, 2), k)
    check(name, "refused", (got.status, got.code, posted(b)), (422, "idempotency_key_reused", 1))


def museum10_key_on_another_account_shows_nothing(name):
    a, b, k = account(money=100), account(), key()
    first = ask("POST", "/v1/transfers", paying(a, b, 7, reference="of somebody"), k)
    got = ask("POST", "/v1/transfers", paying(b, a, 7), k)
    check(name, "refused", (got.status, first.body["id"].encode() in got.bytes or b"of somebody" in got.bytes), (422, False))
    make("/v1/users", {"login": "onceuser", "password": "correct horse battery", "display_name": "U"})
    token = ask("POST", "/v1/sessions", {"login": "onceuser", "password": "correct horse battery"}, secret="none").body["token"]
    got = ask("POST", "/v1/transfers", paying(a, b, 7, reference="of somebody"), k, token)
    check(name, "a session with the same request", (got.status, got.code, state(k, token)["state"]), (403, "account_not_owned", "absent"))


def museum11_corrected_after_400_runs(name):
    a, b, k = account(money=100), account(), key()
    check(name, "400", ask("POST", "/v1/transfers", json.dumps(paying(a, b))[:-1], k).status, 400)
    check(name, "corrected", ask("POST", "/v1/transfers", paying(a, b), k).status, 201)


def museum12_key_of_1000_characters_is_400(name):
    for k in ("x" * 1000, "x" * 251):
        got = ask("POST", "/v1/transfers", {}, k)
        check(name, "too long", (got.status, got.code), (400, "idempotency_key_invalid"))
    check(name, "250 will do", ask("POST", "/v1/transfers", paying(account(money=10), account()), "x" * 250).status, 201)


def museum13_false_and_empty_are_values(name):
    a, b = account(money=100), account(metadata={})
    pay = {"payer": a, "payee": b, "amount": 10, "currency": "CNY", "capture": "manual", "metadata": {}, "fee": {}}
    got = ask("POST", "/v1/payments", pay, key())
    check(name, "empty objects", got.status, 201)
    check(name, "false", ask("POST", f"/v1/payments/{got.body['id']}/capture", {"final": False, "amount": 1}, key()).status, 200)
    for more in ({"reference": ""}, {"capture": ""}, {"reference": None}, {"metadata": None}, {"fee": None}, {"hold_seconds": 0}, {"fee": {"bps": None}}):
        check(name, str(more), ask("POST", "/v1/payments", {**pay, **more}, key()).status, 422)
    check(name, "an empty value in metadata", ask("POST", "/v1/transfers", paying(a, b, 1, metadata={"a": ""}), key()).body["metadata"], {"a": ""})


def museum14_currency_of_a_leg_is_not_changed(name):
    a, eur = account(money=100), account("EUR")
    got = ask("POST", "/v1/transfers", paying(a, eur), key())
    check(name, "one side", (got.status, got.code, got.body["param"], posted(eur)), (422, "currency_mismatch", "to", 0))
    got = ask("POST", "/v1/transfers", {**paying(a, account()), "currency": "EUR"}, key())
    check(name, "both sides", (got.status, got.code), (422, "currency_mismatch"))


def museum15_batches_to_and_fro_end(name):
    a, b = account(money=1000), account(money=1000)
    statuses = []

    def run(source, target):
        for _ in range(15):
            items = [paying(source, target, 5), paying(target, source, 10)]
            statuses.append(ask("POST", "/v1/transfers/batch", {"atomic": True, "items": items}, f"{source[-6:]}-{key()}").status)

    threads = [threading.Thread(target=run, args=pair) for pair in ((a, b), (b, a)) * 4]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    check(name, "all are executed", (set(statuses), len(statuses), posted(a) + posted(b)), ({200}, 120, 2000))


def museum16_funding_again_does_not_double(name):
    a = account()
    for k in (key(), key(), key()):
        got = ask("POST", "/v1/topups", {"account": a, "amount": 50, "currency": "CNY", "channel": "bank", "channel_reference": "seed of " + a[-5:]}, k)
        check(name, "told again", got.status, 201)
    check(name, "once", posted(a), 50)


def museum18_two_alike_are_two(name):
    a, b = account(money=100), account()
    got = [ask("POST", "/v1/transfers", paying(a, b, 10, reference="lunch"), key()).status for _ in range(2)]
    check(name, "both", (got, posted(b)), ([201, 201], 20))


def museum19_null_takes_a_member_of_metadata(name):
    a = account(metadata={"a": "1", "b": "2"})
    got = ask("PATCH", f"/v1/accounts/{a}", {"metadata": {"a": None, "c": "3"}})
    check(name, "merged", (got.status, got.body["metadata"]), (200, {"b": "2", "c": "3"}))
    check(name, "null is no object", ask("PATCH", f"/v1/accounts/{a}", {"metadata": None}).status, 422)
    check(name, "and is there", ask("GET", f"/v1/accounts/{a}").body["metadata"], {"b": "2", "c": "3"})


def museum20_what_was_not_captured_is_not_refunded(name):
    a, b = account(money=100), account()
    pay = {"payer": a, "payee": b, "amount": 10, "currency": "CNY", "capture": "manual"}
    held, voided = make("/v1/payments", pay)["id"], make("/v1/payments", pay)["id"]
    make(f"/v1/payments/{voided}/void", {})
    for payment in (held, voided):
        got = ask("POST", f"/v1/payments/{payment}/refunds", {"amount": 1, "reason": "r"}, key())
        check(name, "refused", (got.status, got.code, posted(a)), (409, "state_conflict", 100))


def museum24_client_that_stops_in_mid_batch_did_nothing(name):
    a, b, k = account(money=100), account(), key()
    body = json.dumps({"atomic": False, "items": [paying(a, b, 1)] * 20}).encode()
    s = socket.create_connection(("127.0.0.1", PORT))
    s.sendall(f"POST /v1/transfers/batch HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {SECRET}\r\nIdempotency-Key: {k}\r\n"
              f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body[:len(body) // 2])
    s.close()
    check(name, "nothing", (state(k)["state"], posted(b)), ("absent", 0))
    got = ask("POST", "/v1/transfers/batch", body, k)
    check(name, "the whole", (got.status, got.replayed, posted(b)), (200, "false", 20))


def museum26_card_number_reaches_nothing(name):
    """What is logged and stored the script looks at afterwards."""
    a, b = account(money=100), account()
    digits = PAN.replace(" ", "")
    for body in (paying(a, b, 1, reference=PAN), paying(a, b, 1, metadata={"note": PAN}), paying(a, b, 1, metadata={digits: "x"}),
                 {**paying(a, b, 1), digits: 1}, paying(a, b, 1, reference="card " + digits)):
        got = ask("POST", "/v1/transfers", body, key())
        check(name, "refused, and not repeated", (got.status, got.code, digits.encode() in got.bytes or PAN.encode() in got.bytes), (422, "pan_not_allowed", False))
    check(name, "key", ask("POST", "/v1/transfers", paying(a, b, 1), digits).code, "pan_not_allowed")
    got = ask("GET", f"/v1/accounts/{digits}?reference={digits}", X_Request_Id=digits)
    check(name, "path, query, request id", (got.status, digits.encode() in got.bytes, digits in str(got.head)), (404, False, False))
    check(name, "query of a list", digits.encode() in ask("GET", f"/v1/payments?reference={digits}").bytes, False)


for name, case in list(globals().items()):
    if re.match(r"([A-D][0-9]+|museum[0-9]+)_", name):
        before = failed
        failed = 0
        case(name)
        print("ok:" if not failed else "FAIL:", name)
        failed = failed or before
        made += 1
sys.exit(1 if failed or made < 20 else 0)
