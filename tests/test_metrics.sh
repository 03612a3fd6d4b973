#!/bin/sh
# Do the table of metrics, its page, the alerts and their runbooks agree? And does promtool take them?
set -u
top=${srcdir:-$(dirname "$0")/..}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0
bad() { echo "FAIL $*"; failed=1; }

./tests/unit/metrics_list >"$work/table"
grep '^| holdfast_' "$top/doc/metrics.md" >"$work/page"
if [ -s "$work/table" ] && diff -u --label "heartbeat/metrics.h" --label "doc/metrics.md" "$work/table" "$work/page"; then
  echo "ok   $(wc -l <"$work/page") metrics"
else
  bad "doc/metrics.md and heartbeat/metrics.h disagree"
fi

# Names of Prometheus' conventions: counters, and they alone, end with _total.
awk -F '[ |]+' '$3 == "counter" && $2 !~ /_total$/ || $3 != "counter" && $2 ~ /_total$/ { print $2; bad = 1 } END { exit bad }' \
  "$work/table" || bad "a counter ends with _total, and nothing else does"

sed -n 's/^ *- alert: //p' "$top/etc/alerts.yml" | LC_ALL=C sort >"$work/alerts"
for f in "$top"/doc/runbooks/*.md; do basename "$f" .md; done | LC_ALL=C sort >"$work/runbooks"
if [ -s "$work/alerts" ] && diff -u --label "etc/alerts.yml" --label "doc/runbooks" "$work/alerts" "$work/runbooks"; then
  echo "ok   $(wc -l <"$work/alerts") alerts with a runbook each"
else
  bad "alerts and runbooks disagree"
fi

awk '$1 == "|" { print $2 } $1 == "|" && $4 == "histogram" { print $2 "_bucket\n" $2 "_sum\n" $2 "_count" }' "$work/table" |
  LC_ALL=C sort >"$work/names"
grep '^ *expr:' "$top/etc/alerts.yml" | grep -oE 'holdfast_[a-z_]+' | LC_ALL=C sort -u >"$work/used"
LC_ALL=C comm -23 "$work/used" "$work/names" >"$work/unknown"
[ -s "$work/used" ] && [ ! -s "$work/unknown" ] || bad "an alert asks for what there is not: $(cat "$work/unknown")"
awk '/^ *- alert:/ { name = $3 } /^ *runbook:/ { if ($2 !~ "/" name "\\.md$") { print name ": " $2; bad = 1 } seen++ }
  /^ *expr:/ { sub(/^ *expr: /, ""); print name "\t" $0 >exprs } END { exit bad || !seen }' exprs="$work/exprs" "$top/etc/alerts.yml" ||
  bad "an alert names another runbook"
while IFS='	' read -r name expr; do
  grep -qF -- "$expr" "$top/doc/runbooks/$name.md" || bad "doc/runbooks/$name.md has another expression"
done <"$work/exprs"
for f in "$top"/doc/runbooks/*.md; do
  grep -oE '\]\([^)#]+' "$f" | sed 's/^](//' | while read -r link; do
    [ -e "$top/doc/runbooks/$link" ] || echo "$f: there is no $link"
  done
  grep -oE '\.\./operations\.md#[a-z-]+' "$f" | sed 's/.*#//' | while read -r anchor; do
    sed -n 's/^## //p' "$top/doc/operations.md" | tr 'A-Z ' 'a-z-' | tr -d '?,' | grep -qx "$anchor" || echo "$f: no heading $anchor"
  done
done >"$work/links"
[ ! -s "$work/links" ] || bad "$(cat "$work/links")"

# The dashboard asks for what there is, of the cluster that was chosen, and no metric that an alert asks for is missing on it.
board=$top/etc/grafana.json
python3 - "$board" >"$work/queries" <<'PY' || bad "etc/grafana.json is no dashboard"
import json, sys

def queries(o):
    if isinstance(o, dict):
        if "expr" in o:
            yield o["expr"]
        for value in o.values():
            yield from queries(value)
    elif isinstance(o, list):
        for value in o:
            yield from queries(value)

with open(sys.argv[1], encoding="utf-8") as f:
    board = json.load(f)
ids = [p["id"] for p in board["panels"]]
assert len(ids) == len(set(ids)), "two panels of one number"
for p in board["panels"]:
    assert p["type"] == "row" or (p["targets"] and p["description"]), p["title"]
    assert p["gridPos"]["x"] + p["gridPos"]["w"] <= 24, p["title"]
print("\n".join(queries(board)))
PY
grep -oE 'holdfast_[a-z_]+' "$work/queries" | LC_ALL=C sort -u >"$work/shown"
LC_ALL=C comm -23 "$work/shown" "$work/names" >"$work/unknown"
[ -s "$work/shown" ] && [ ! -s "$work/unknown" ] || bad "the dashboard asks for what there is not: $(cat "$work/unknown")"
LC_ALL=C comm -13 "$work/shown" "$work/used" >"$work/unshown"
[ ! -s "$work/unshown" ] || bad "an alert asks for what the dashboard does not show: $(cat "$work/unshown")"
grep -oE 'holdfast_[a-z_]+(\{[^}]*)?' "$work/queries" | grep -v 'job="\$job"' >"$work/anywhere"
[ ! -s "$work/anywhere" ] || bad "the dashboard mixes clusters: $(cat "$work/anywhere")"
echo "ok   $(wc -l <"$work/queries") queries of the dashboard"

# What a machine without a cluster tells is sound, too.
./holdfastctl metrics >"$work/metrics"
grep -q '^holdfast_up [01]$' "$work/metrics" || bad "holdfastctl metrics says nothing"
printf 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n' | ./holdfastctl metrics --http >"$work/answer"
head -n 1 "$work/answer" | grep -q '^HTTP/1.1 200 OK' || bad "no answer by HTTP"
length=$(sed -n 's/^Content-Length: \([0-9]*\).*/\1/p' "$work/answer")
sed '1,/^\r$/d' "$work/answer" >"$work/body"
[ "$(wc -c <"$work/body")" = "$length" ] || bad "Content-Length is $length, and $(wc -c <"$work/body") came"
for request in 'GET / HTTP/1.1' 'POST /metrics HTTP/1.1' 'GET /metricsx HTTP/1.1'; do
  printf '%s\r\n\r\n' "$request" | ./holdfastctl metrics --http | head -n 1 | grep -q '^HTTP/1.1 404' || bad "$request was answered"
done
printf 'GET /metrics HTTP/1.1\r\n' | ./holdfastctl metrics --http >"$work/half" && bad "half a request was answered"
[ ! -s "$work/half" ] || bad "half a request was answered"
if command -v promtool >/dev/null; then
  promtool check rules "$top/etc/alerts.yml" >"$work/rules" 2>&1 || { cat "$work/rules"; bad "promtool check rules"; }
  { printf 'groups:\n  - name: board\n    rules:\n'
    sed -e 's/\$__rate_interval/1m/g' -e 's/\$job/pay/g' -e "s/'/''/g" -e "s/.*/      - record: board\n        expr: '&'/" "$work/queries"; } >"$work/board.yml"
  promtool check rules --lint=none "$work/board.yml" >"$work/rules" 2>&1 || { cat "$work/rules"; bad "promtool does not take a query of the dashboard"; }
  promtool check metrics <"$work/metrics" || bad "promtool check metrics"
  echo "ok   promtool"
else
  echo "promtool is missing: the rules were not looked at"
fi
exit $failed
