# Common to the benchmarks: sourced with $top set to the source tree. A lab has to be up, and a build in $HOLDFAST_BUILD (_build).
# shellcheck shell=bash disable=SC2034,SC2154
build=${HOLDFAST_BUILD:-$top/_build}
# shellcheck source=tests/lab/scenario.sh
. "$top/tests/lab/scenario.sh"

# take_options NAME=DEFAULT:LEAST-MOST... -- ARGUMENT...: sets $NAME for each from --NAME N, and $json from --json FILE.
take_options() {
  local name spec
  local -A range=()
  json='' words=''
  for spec; do
    shift
    [ "$spec" != -- ] || break
    name=${spec%%=*}
    spec=${spec#*=}
    printf -v "$name" %s "${spec%:*}"
    range[$name]=${spec#*:}
    words+=" [--${name//_/-} N, from ${range[$name]/-/ to } (${spec%:*})]"
  done
  while [ $# -gt 0 ]; do
    name=${1#--}
    name=${name//-/_}
    if [[ $1 != --* ]] || { [ "$1" != --json ] && [ -z "${range[${name:-none}]-}" ]; }; then refuse "unknown option '$1'"; fi
    [ $# -ge 2 ] || refuse "$1 wants a value"
    if [ "$1" != --json ] && ! is_within "$2" "${range[$name]}"; then
      refuse "$1: '$2' is not a number from ${range[$name]/-/ to }"
    fi
    printf -v "$name" %s "$2"
    shift 2
  done
}
is_within() { [[ $1 =~ ^(0|[1-9][0-9]{0,4})$ ]] && [ "$1" -ge "${2%-*}" ] && [ "$1" -le "${2#*-}" ]; }
refuse() {
  printf '%s: %s\nusage: %s%s [--json FILE]\n' "$0" "$1" "$0" "$words" >&2
  exit 2
}

# For jq: figures over a list of numbers.
spread='def at(q): sort | .[((length - 1) * q | ceil)]; def spread: {median: at(0.5), p99: at(0.99), max: max};'
# For jq: the same of each stage, over a list of objects.
spread_stages='def spread_stages: map(.stages_ms) as $s | $s[0] | with_entries(.key as $k | .value = ($s | map(.[$k]) | spread));'
# What the load came to, after stop_load: a member of JSON for each.
verdict_json() { sed -E 's/.*(acked)=([0-9]+).*(lost)=([0-9]+).*(duplicates)=([0-9]+).*/{"\1":\2,"\3":\4,"\5":\6}/' <<<"$verdict"; }

# What was measured, as far as this tree is what runs in the lab.
tree_commit() { git -C "$top" describe --always --dirty 2>/dev/null || echo unknown; }

# tell RESULT: as --json wants it.
tell() { [ -z "$json" ] || printf '%s\n' "$1" >"$json"; }

# fill_pair ROWS: a ledger of so many operations more (tests/bench/fill), on both: the standby takes a fresh copy.
fill_pair() {
  local now standby
  now=$(active w)
  standby=$(other "$now")
  lose_copy "$standby"
  "$lab" exec "$now" -- systemctl stop holdfast-ledgerd
  "$top/tests/bench/fill" --rows "$1" | "$lab" exec "$now" -- mariadb -D holdfast || fail "the ledger of $now cannot be filled"
  "$lab" exec "$now" -- systemctl start holdfast-ledgerd
  "$lab" exec "$standby" -- systemctl start --no-block holdfast-replicationd
  wait_sync w 3600
}
# lose_copy STANDBY: its data is gone, and nobody looks after it yet.
lose_copy() {
  "$lab" exec "$1" -- systemctl stop holdfast-replicationd
  "$lab" exec "$1" -- systemctl kill -s KILL mariadb
  wait_until 30 "SOLO" is_mode w SOLO
  "$lab" exec "$1" -- rm -r /var/lib/holdfast/mysql
}
data_bytes() { "$lab" exec "$1" -- du -sb /var/lib/holdfast/mysql | cut -f 1; } # NODE

# failed_requests HISTORY: what a client that tries once more on a closed connection, and nothing else twice, takes for a failure: JSON of
# closed (first tries that ended so), failed (any other that has no answer to keep) and their reasons. libcurl itself takes a new
# connection when a kept one is closed before the first byte, which no line shows.
failed_requests() {
  jq -nc 'def closed: (.n // 1) == 1 and .status == 0 and (.error | test("returned nothing|receiving data|sending data"));
    def answered: .status >= 200 and .status < 500 and .status != 408 and .status != 429
      and (.status != 409 or (.body // "" | contains("idempotency_in_progress") | not));
    reduce (inputs | select((.e == "try" or .e == "read") and (answered | not))) as $r ({closed: 0, failed: 0, reasons: {}};
      if $r | closed then .closed += 1
      else .failed += 1 | .reasons["\($r.n // 1): \(if $r.status > 0 then $r.status else $r.error end)"] += 1 end)' "$1"
}
