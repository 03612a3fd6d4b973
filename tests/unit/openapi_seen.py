"""Is every answer in a worker's access log one that the description of the API has, and is nothing in the log that must not be there?
openapi_seen.py DESCRIPTION LOG; exit 1 when not."""
import json
import re
import shlex
import sys

with open(sys.argv[1], encoding="utf-8") as f:
    document = json.load(f)
PAIRS = {
    "request_id": r"[!-~]{1,128}|-", "method": r"[A-Z]+|other", "route": r"/[a-z0-9_/{}.]+|-", "status": r"[0-9]{3}|0", "code": r"[a-z_]+",
    "principal": r"[0-9]+", "key": r"[0-9a-f]{16}", "replayed": r"[01]", "ledger_seq": r"[0-9]+", "durability": r"replicated|local",
    "duration_us": r"[0-9]+", "bytes": r"[0-9]+", "client": r"[0-9a-fA-F.:%]+|unknown", "cut": r"1",
}


def resolve(value):
    return document["components"]["responses"][value["$ref"].rsplit("/", 1)[1]] if "$ref" in value else value


def codes(response):
    content = response.get("content", {}).get("application/problem+json")
    return content["schema"]["allOf"][1]["properties"]["code"]["enum"] if content else [None]


described = {(method.upper(), path, int(status), code)
             for path, item in document["paths"].items() for method, operation in item.items()
             for status, response in operation["responses"].items() for code in codes(resolve(response))}
seen, wrong = set(), set()
with open(sys.argv[2], encoding="utf-8", errors="replace") as f:
    for line in f:
        if "event=request.answer " not in line:
            continue
        pairs = dict(p.split("=", 1) for p in shlex.split(line)[1:])
        for name, value in pairs.items():
            if not re.fullmatch(PAIRS.get(name, "never"), value):
                wrong.add(f"the log has {name}={value[:80]}")
        what = pairs["method"], pairs["route"], int(pairs["status"]), pairs.get("code")
        seen.add(what)
        if what not in described and what[1:] != ("-", 404, "not_found") and what[1:] != ("-", 405, "method_not_allowed") and what[2]:
            wrong.add(f"not described: {what}")
for text in sorted(wrong):
    print("FAIL:", text)
print(f"{len(seen)} kinds of answers, {len(described)} are described")
sys.exit(1 if wrong or not seen else 0)
