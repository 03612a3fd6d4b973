"""Asks a running worker what its own description says: every path and method, every member of every body left out, of another type and out
of range, every query parameter; and holds each answer against the description. openapi_requests.py PORT SECRET; exit 1 when something is
wrong."""
import copy
import http.client
import json
import re
import sys
import urllib.parse

import jsonschema

PORT, SECRET = int(sys.argv[1]), sys.argv[2]
PASSWORD = "correct horse battery"
failed = asked = 0
connection = None


def wrong(what, *why):
    global failed
    failed += 1
    print("FAIL:", what, *why)


def ask(method, path, secret=SECRET, body=None, key=None, content_type="application/json"):
    """Status, headers, and the body: read when it is JSON."""
    global connection, asked
    asked += 1
    headers = {}
    if secret:
        headers["Authorization"] = f"Bearer {secret}"
    if body is not None:
        headers["Content-Type"] = content_type
    if key:
        headers["Idempotency-Key"] = key
    connection = connection or http.client.HTTPConnection("127.0.0.1", PORT, timeout=20)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        got = answer.read()
    except (http.client.HTTPException, OSError):
        connection.close()
        connection = None
        raise
    return answer.status, answer.headers, json.loads(got) if got else None


def new_key():
    return f"described-{asked}-x"


status, heads, document = ask("GET", "/v1/openapi.json", secret=None)
if (status, heads["Content-Type"]) != (200, "application/json"):
    raise SystemExit("there is no description")
SCHEMAS = document["components"]["schemas"]
# For the test, what is described is all there is.
strict = copy.deepcopy(document)
for name, schema in strict["components"]["schemas"].items():
    if schema.get("type") == "object" and "properties" in schema and name != "Description":
        schema.setdefault("additionalProperties", False)
for schema in strict["components"]["schemas"].values():
    if "data" in schema.get("properties", {}) and "list" not in str(schema["properties"]["object"]):
        schema["properties"]["data"] = {"oneOf": schema["properties"]["data"]["anyOf"]}


def resolve(value):
    while isinstance(value, dict) and "$ref" in value:
        at = document
        for part in value["$ref"].removeprefix("#/").split("/"):
            at = at[part]
        value = at
    return value


validators = {}


def complaints(schema, value):
    text = json.dumps(schema)
    if text not in validators:
        validators[text] = jsonschema.Draft202012Validator({**schema, "components": strict["components"]})
    return [e.message[:200] for e in validators[text].iter_errors(value)]


def hold(what, operation, answer):
    """Is this answer one of those that the operation is described with?"""
    status, heads, body = answer
    described = operation["responses"].get(str(status))
    if described is None:
        wrong(what, "is answered", status, body, "which is not described")
        return
    described = resolve(described)
    kind = (heads["Content-Type"] or "").split(";")[0]
    if "content" not in described:
        if body is not None:
            wrong(what, "has a body")
        return
    if kind not in described["content"]:
        wrong(what, "is of type", kind)
        return
    for complaint in complaints(described["content"][kind]["schema"], body):
        wrong(what, status, complaint)
    for name in heads:
        if name in document["components"]["headers"] and name not in described.get("headers", {}):
            wrong(what, status, "has a header that is not described:", name)
    for name in described.get("headers", {}):
        if status < 300 and name not in heads:
            wrong(what, status, "has no", name)


def should(what, operation, answer, status, code=None, pointer=None):
    hold(what, operation, answer)
    is_ = (answer[0], (answer[2] or {}).get("code") if answer[0] >= 400 else None)
    if is_ != (status, code):
        wrong(what, "is answered", is_, "and not", (status, code), answer[2])
    elif pointer and pointer not in [e["pointer"] for e in answer[2].get("errors", [])]:
        wrong(what, "does not name", pointer, answer[2])


# What there has to be first: accounts with money, a user with a session, something to be captured, reversed, confirmed.
def make(path, secret=SECRET, **body):
    status, _, got = ask("POST", path, secret, json.dumps(body), new_key())
    if status >= 300:
        raise SystemExit(f"POST {path}: {status} {got}")
    return got


def account(**more):
    return make("/v1/accounts", kind="wallet", currency="CNY", **more)["id"]


def user():
    user.count += 1
    return make("/v1/users", login=f"described{user.count}", password=PASSWORD, display_name="D")


user.count = 0
USER = user()["id"]


def login():
    return make("/v1/sessions", None, login="described1", password=PASSWORD)["token"]


FROM, TO = account(), account()
TOPUP = make("/v1/topups", account=FROM, amount=10**6, currency="CNY", channel="bank", channel_reference="described")["id"]


def transfer():
    return make("/v1/transfers", **{"from": FROM, "to": TO}, amount=5, currency="CNY")["id"]


def payment(capture):
    return make("/v1/payments", payer=FROM, payee=TO, amount=10, currency="CNY", capture=capture)["id"]


def withdrawal():
    return make("/v1/withdrawals", account=FROM, amount=1, currency="CNY", channel="bank", destination={"type": "token", "value": "x"})["id"]


def refund():
    return make(f"/v1/payments/{payment('automatic')}/refunds", amount=1, reason="r")["id"]


# What the path of an operation names; each time something to which it can be done.
SUBJECTS = {
    "freezeAccount": account, "unfreezeAccount": account, "closeAccount": account, "updateAccount": account,
    "reverseTransfer": transfer, "capturePayment": lambda: payment("manual"), "voidPayment": lambda: payment("manual"),
    "createRefund": lambda: payment("automatic"), "confirmWithdrawal": withdrawal, "failWithdrawal": withdrawal,
}
EXAMPLES = {"acc_": lambda: FROM, "top_": lambda: TOPUP, "tr_": transfer, "pay_": lambda: payment("automatic"), "ref_": refund,
            "wd_": withdrawal}
NO_ONE = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


def path_of(template, operation, subject=None):
    for parameter in operation["parameters"]:
        parameter = resolve(parameter)
        if parameter["in"] != "path":
            continue
        pattern = parameter["schema"]["pattern"]
        if parameter["name"] == "key":
            value = "described-1-x"
        else:
            value = subject or SUBJECTS.get(operation["operationId"], EXAMPLES[pattern[1:pattern.index("_") + 1]])()
        template = template.replace("{" + parameter["name"] + "}", value)
    return template


def secret_of(operation):
    schemes = [name for need in operation["security"] for name in need]
    if not schemes:
        return None
    return SECRET if "apiKey" in schemes else login()


def is_key(parameter):
    return resolve(parameter)["name"] == "Idempotency-Key"


# Values by their schema
COUNTER = iter(range(10**9))
FITTING = {"from": lambda: FROM, "payer": lambda: FROM, "account": lambda: FROM, "to": lambda: TO, "payee": lambda: TO,
           "owner": lambda: USER, "old": lambda: PASSWORD, "new": lambda: PASSWORD, "password": lambda: PASSWORD,
           "channel": lambda: "bank", "channel_reference": lambda: f"n{next(COUNTER)}", "currency": lambda: "CNY"}


def example(operation, name, schema):
    schema = resolve(schema)
    if name == "login":
        return "described1" if operation == "createSession" else f"new{next(COUNTER)}"
    if name in FITTING:
        return FITTING[name]()
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema["type"] if isinstance(schema["type"], str) else schema["type"][0]
    if kind == "integer":
        return max(schema["minimum"], 1) if schema["maximum"] >= 1 else schema["maximum"]
    if kind == "boolean":
        return False
    if kind == "array":
        return [example(operation, None, schema["items"])]
    if kind == "object":
        return {n: example(operation, n, s) for n, s in schema.get("properties", {}).items() if n in schema["required"]}
    return "x" * max(schema.get("minLength", 1), 10)


def others(schema):
    """Values that a schema has no room for: of other types, and just out of range."""
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    for kind, value in (("string", "text"), ("integer", 1), ("boolean", True), ("array", []), ("object", {"x": "y"}), ("null", None)):
        if kind not in kinds:
            yield value
    if "integer" in kinds:
        yield from (1.5, "1", 1e3, 10**30, -10**30, schema["minimum"] - 1, schema["maximum"] + 1)
    if "enum" in schema:
        yield from ("nonsense", schema["enum"][0].swapcase(), "")
    elif "string" in kinds:
        if "minLength" in schema:
            yield "x" * (schema["minLength"] - 1)
            yield "é" * (schema["maxLength"] + 1)
        if "pattern" in schema:
            yield "not é fitting!"
    if "array" in kinds:
        yield from ([], [{}] * (schema["maxItems"] + 1))
    if "object" in kinds and "maxProperties" in schema:
        yield {str(i): "x" for i in range(schema["maxProperties"] + 1)}
        yield {"x" * (schema["propertyNames"]["maxLength"] + 1): "x"}
        yield {"": "x"}
        yield {"x": 1}
        yield {"x": "y" * (schema["additionalProperties"]["maxLength"] + 1)}


def edges(schema):
    """The last values that it has room for."""
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if "null" in kinds:
        yield None
    if "enum" in schema:
        yield from schema["enum"]
    elif "integer" in kinds:
        yield from (schema["minimum"], schema["maximum"])
    elif "string" in kinds and "minLength" in schema and "pattern" not in schema:
        yield from ("x" * schema["minLength"], "é" * schema["maxLength"])
    elif "boolean" in kinds:
        yield from (True, False)
    elif "object" in kinds and "maxProperties" in schema:
        yield {str(i): "x" for i in range(schema["maxProperties"])}
        yield {"x" * schema["propertyNames"]["maxLength"]: "y" * schema["additionalProperties"]["maxLength"]}


def members(schema, way=()):
    """Each member of a body, and of the objects in it: where it is, what it is, whether it has to be there."""
    for name, below in schema.get("properties", {}).items():
        below = resolve(below)
        yield way + (name,), below, name in schema["required"]
        if below["type"] == "object":
            yield from members(below, way + (name,))
        if below["type"] == "array":
            yield from members(resolve(below["items"]), way + (name, 0))


def changed(body, way, value=None, gone=False):
    body = copy.deepcopy(body)
    at = body
    for name in way[:-1]:
        if isinstance(at, dict) and name not in at:
            at[name] = {}
        at = at[name]
    if gone:
        at.pop(way[-1], None)
    else:
        at[way[-1]] = value
    return body


def with_parents(operation, schema, body, way):
    """Objects around a member that is changed have what they have to have."""
    body = copy.deepcopy(body)
    if len(way) > 1 and way[0] not in body:
        body[way[0]] = example(operation, way[0], schema["properties"][way[0]])
    return body


def pointer_of(way):
    return "/" + "/".join(str(x) for x in way)


def try_members(what, operation, path, secret, schema):
    good = example(operation["operationId"], None, schema)

    def send(body):
        return ask(what.split()[0], path, secret, json.dumps(body), new_key())

    for way, is_, required in members(schema):
        where = pointer_of(way)
        base = with_parents(operation["operationId"], schema, good, way)
        if required:
            should(f"{what} without {where}", operation, send(changed(base, way, gone=True)), 422, "validation_failed", where)
        for value in others(is_):
            answer = send(changed(base, way, value))
            should(f"{what} with {where} {str(value)[:60]!r}", operation, answer, 422, "validation_failed")
            if not any(e["pointer"].startswith(where) for e in answer[2].get("errors", [])):
                wrong(what, where, str(value)[:60], "is not named", answer[2])
        if operation["operationId"] in ("createSession", "changePassword"):
            continue # what is well formed counts as a failed login
        for value in edges(is_):
            answer = send(changed(base, way, value))
            hold(f"{what} with {where} {str(value)[:60]!r}", operation, answer)
            if any(e["pointer"] == where for e in (answer[2] or {}).get("errors", [])):
                wrong(what, "refuses", where, str(value)[:60], answer[2])
        if is_["type"] == "object" and "properties" in is_:
            should(f"{what} with more in {where}", operation, send(changed(base, way + ("nobodys",), 1)), 422, "validation_failed")
    should(f"{what} with an unknown member", operation, send({**good, "nobodys": 1}), 422, "validation_failed", "/nobodys")
    for value in ([], 7, "text", None):
        should(f"{what} with {value!r}", operation, send(value), 422, "validation_failed")


def try_body(what, template, operation):
    method, secret = what.split()[0], secret_of(operation)
    schema = resolve(operation["requestBody"]["content"]["application/json"]["schema"])
    required = any(is_key(p) and resolve(p)["required"] for p in operation["parameters"])
    good = json.dumps(example(operation["operationId"], None, schema))
    success = min(int(s) for s in operation["responses"])
    path = path_of(template, operation)
    key = new_key()
    first = ask(method, path, secret, good, key)
    should(what, operation, first, success)
    if method == "POST" and operation["operationId"] != "changePassword":
        again = ask(method, path, secret, good, key)
        should(f"{what} once more", operation, again, success)
        if again[2] != first[2] or again[1]["Idempotent-Replayed"] != "true":
            wrong(what, "is not repeated", first[2], again[2])
    if operation["operationId"] == "changePassword":
        secret = login()
    if not operation["requestBody"]["required"]:
        subject = path_of(template, operation)
        should(f"{what} without a body", operation, ask(method, subject, secret, None, new_key()), success)
    else:
        should(f"{what} without a body", operation, ask(method, path, secret, None, new_key()), 415, "unsupported_media_type")
    should(f"{what} of text", operation, ask(method, path, secret, good, new_key(), "text/plain"), 415, "unsupported_media_type")
    should(f"{what} of half a body", operation, ask(method, path, secret, good[:-1], new_key()), 400, "malformed_json")
    should(f"{what} with a query", operation, ask(method, path + "?x=1", secret, good, new_key()), 400, "bad_parameter")
    should(f"{what} with a bad key", operation, ask(method, path, secret, good, "a#b"), 400, "idempotency_key_invalid")
    should(f"{what} with a card for a key", operation, ask(method, path, secret, good, "4111111111111111"), 422, "pan_not_allowed")
    if required:
        should(f"{what} without a key", operation, ask(method, path, secret, good), 400, "idempotency_key_missing")
    try_members(what, operation, path, secret, schema)


def try_query(what, path, operation, secret):
    for parameter in map(resolve, operation["parameters"]):
        if parameter["in"] != "query":
            continue
        schema, name = resolve(parameter["schema"]), parameter["name"]

        def send(value):
            return ask("GET", f"{path}?{name}={urllib.parse.quote(str(value))}", secret)

        if schema["type"] == "array":
            good, bad = [",".join(schema["items"]["enum"]), schema["items"]["enum"][-1]], ["", "nonsense", "a,,b"]
        elif "enum" in schema:
            good, bad = schema["enum"], ["", "nonsense"]
        elif schema["type"] == "integer":
            good, bad = [schema["minimum"], schema["maximum"]], [schema["minimum"] - 1, schema["maximum"] + 1, "", "x", "1.0"]
        elif schema.get("format") == "date-time":
            good, bad = ["2026-01-02T03:04:05Z", "2100-01-02T03:04:05.123456+01:00"], ["", "yesterday", "2026-01-02"]
        elif name == "after":
            good, bad = ["latest"] if "latest" in schema["pattern"] else [], ["", "x", "A" * 43]
        elif name == "account":
            good, bad = [FROM], ["", "x", FROM.lower(), "tr_" + NO_ONE]
        else:
            good, bad = ["x" * schema["minLength"], "é" * schema["maxLength"]], ["", "é" * (schema["maxLength"] + 1), "4111111111111111"]
        for value in good:
            should(f"{what} {name}={value}", operation, send(value), 200)
        for value in bad:
            code = "bad_cursor" if name == "after" else "bad_parameter"
            should(f"{what} {name}={value}", operation, send(value), 400, code)
        should(f"{what} {name} twice", operation, ask("GET", f"{path}?{name}=1&{name}=1", secret), 400, "bad_parameter")
    should(f"{what} with an unknown parameter", operation, ask("GET", path + "?nobodys=1", secret), 400, "bad_parameter")


def try_reading(what, template, operation):
    method, secret, path = what.split()[0], secret_of(operation), path_of(template, operation)
    if operation["operationId"] not in ("getHealth", "getReadiness", "getActive") and method == "GET":
        try_query(what, path, operation, secret)
    should(what, operation, ask(method, path, secret), min(int(s) for s in operation["responses"]))


def try_people(what, template, operation):
    """Nobody, and somebody without the right to it."""
    method, path = what.split()[0], path_of(template, operation, "acc_" + NO_ONE)
    body = "{}" if "requestBody" in operation else None
    if not operation["security"]:
        return
    for secret in (None, "sk_" + "0" * 64, "st_" + "0" * 64, "nonsense"):
        should(f"{what} as nobody", operation, ask(method, path, secret, body, new_key()), 401, "unauthenticated")
    schemes = {name: words for need in operation["security"] for name, words in need.items()}
    for name, secret in (("apiKey", SECRET), ("session", login())):
        if name not in schemes:
            should(f"{what} not for {name}", operation, ask(method, path, secret, body, new_key()), 403, "scope_missing")


def try_subject(what, template, operation):
    for parameter in map(resolve, operation["parameters"]):
        if parameter["in"] == "path" and parameter["name"] == "id":
            prefix = re.match(r"\^([a-z]+_)", parameter["schema"]["pattern"]).group(1)
            schema = resolve(operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {}))
            body = json.dumps(example(operation["operationId"], None, schema)) if schema else None
            for value in (prefix + NO_ONE, "x", "acc" + prefix + NO_ONE, prefix + NO_ONE.lower()):
                answer = ask(what.split()[0], template.replace("{id}", value), SECRET, body, new_key())
                should(f"{what} of {value}", operation, answer, 404, "not_found")


def try_paths():
    """Nobody asks: what there is says 401 or more, what there is not 404, and other methods 405."""
    unnamed = set()
    for template, item in document["paths"].items():
        path = re.sub("{[^}]+}", "acc_" + NO_ONE, template)
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            status, heads, body = ask(method, path, None)
            there = sorted(m.upper() for m in item)
            if method in there:
                if status in (404, 405):
                    wrong(method, path, "is described and answered", status)
            elif path == "/v1/transfers/batch" and method == "GET":
                continue # is /v1/transfers/{id}, too
            elif (status, body["code"]) != (405, "method_not_allowed"):
                wrong(method, path, "is not described and answered", status)
            elif path != "/v1/transfers/batch" and sorted(heads["Allow"].split(", ")) != there:
                wrong(path, "allows", heads["Allow"], "and not", there)
        unnamed.update((path + "/", path + "/x", path[:-1], path + "x", path.upper(), "/" + path, path.replace("/v1", "/v2"),
                        path.replace("/v1", "")))
    unnamed.update(("/", "/v1", "/v1/", "/v1/openapi", "/metrics", "/v1/webhooks", "/v1/accounts//balance", "/v1/users"[:-1]))
    known = [re.compile(re.sub("{[^}]+}", "[^/]+", t) + "$") for t in document["paths"]]
    for path in sorted(unnamed):
        if not path or any(k.match(path) for k in known):
            continue
        for secret in (None, SECRET):
            status, _, body = ask("GET", path, secret)
            if (status, body["code"]) != (404, "not_found"):
                wrong("GET", path, "is not described and answered", status)


try_paths()
for template, item in document["paths"].items():
    for method, operation in item.items():
        name = f"{method.upper()} {template}"
        before = failed
        try_people(name, template, operation)
        if operation["operationId"] not in ("createUser", "createSession"):
            try_subject(name, template, operation)
        if "requestBody" in operation:
            try_body(name, template, operation)
        else:
            try_reading(name, template, operation)
        if failed == before:
            print("ok:", name)
print(f"{asked} requests")
if asked < 2000:
    wrong("hardly anything was asked")
sys.exit(1 if failed else 0)
