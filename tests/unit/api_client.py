"""What the tests in Python have in common: asks the API on 127.0.0.1, and compares. For sys.argv PORT SECRET..."""
import json
import sys
import urllib.error
import urllib.parse
import urllib.request

PORT, SECRET = int(sys.argv[1]), sys.argv[2]
BASE = f"http://127.0.0.1:{PORT}"
failed = keys = 0


def equal(what, is_, should):
    global failed
    if is_ == should:
        print(f"ok: {what}")
    else:
        failed = 1
        print(f"FAIL: {what}: {is_!r}, should be {should!r}")


def ask(method, path, body=None, secret=SECRET, key=None):
    """Status, headers, JSON. Without a key each body has one of its own; without a secret there is no Authorization."""
    global keys
    request = urllib.request.Request(BASE + path, method=method)
    if secret:
        request.add_header("Authorization", f"Bearer {secret}")
    if body is not None:
        keys += 1
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
        request.add_header("Idempotency-Key", key or f"{sys.argv[0].split('/')[-1]}-{keys}-x")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, dict(answer.headers), json.load(answer)
    except urllib.error.HTTPError as e:
        return e.code, dict(e.headers), json.load(e)


def make(path, body=None, secret=SECRET):
    """What a POST that has to succeed answers, and its Ledger-Seq."""
    status, head, got = ask("POST", path, body or {}, secret)
    if status >= 300:
        raise SystemExit(f"POST {path}: {status} {got}")
    return got, int(head.get("Ledger-Seq", 0))


def page(path, secret=SECRET, **query):
    return ask("GET", path + "?" + urllib.parse.urlencode(query) if query else path, secret=secret)


def walk(path, secret=SECRET, **query):
    """All items, page by page, and how many pages."""
    items, pages = [], 0
    while True:
        status, _, got = page(path, secret, **query)
        if status != 200:
            raise SystemExit(f"GET {path} {query}: {status} {got}")
        pages += 1
        items += got["data"]
        if len(got["data"]) > query.get("limit", 20):
            raise SystemExit("a page is longer than its limit")
        if not got["has_more"]:
            return items, pages
        query["after"] = got["next_cursor"]


def ids(items):
    return [x["id"] for x in items]


def finish():
    sys.exit(failed)
