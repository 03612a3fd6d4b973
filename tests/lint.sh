#!/bin/sh
# The house rules that a compiler does not know. Prints file:line for each finding; exit 1 when there is one.
# Usage: tests/lint.sh [ROOT]; ROOT is the source tree, by default the one this script lies in.
set -u
root=${1:-${srcdir:-$(dirname "$0")/..}}
cd "$root" || exit 2

# These decide and compute, and do nothing else: no socket, clock, allocation, SQL or log, not even by way of a header. A
# header that calls itself "Pure." must be listed, and its module with it.
pure='heartbeat/acceptor heartbeat/address heartbeat/change heartbeat/codec heartbeat/conf_rules heartbeat/command heartbeat/ctl_ndp heartbeat/deaths heartbeat/doctor heartbeat/explain heartbeat/explain_death heartbeat/explain_view heartbeat/fitness heartbeat/gtid heartbeat/history heartbeat/ids heartbeat/ip heartbeat/keyring heartbeat/lease heartbeat/logline heartbeat/utc heartbeat/memberlist heartbeat/message heartbeat/pairfile heartbeat/node
  heartbeat/node_command heartbeat/node_confirm heartbeat/node_drain heartbeat/node_fit heartbeat/node_force heartbeat/node_leak heartbeat/node_maintain heartbeat/node_members heartbeat/node_out heartbeat/node_pace heartbeat/node_read heartbeat/node_given_up heartbeat/node_replica heartbeat/node_watcher heartbeat/replica heartbeat/node_role heartbeat/node_stand heartbeat/node_time heartbeat/outbox heartbeat/pace heartbeat/proposer heartbeat/record
  heartbeat/role heartbeat/since heartbeat/sum16 heartbeat/tickle_book heartbeat/tickle_list heartbeat/tickle_message heartbeat/tickle_segment
  heartbeat/tickle_wire heartbeat/transition heartbeat/wire gateway/account gateway/bulk gateway/cardguard gateway/cursor gateway/page gateway/currency gateway/event gateway/guard gateway/keyindex gateway/hello gateway/items gateway/ledger gateway/lockout gateway/session gateway/user gateway/ledger_account gateway/ledger_parts gateway/ledger_payment gateway/ledger_transfer gateway/ledger_withdrawal gateway/metadata gateway/op gateway/operation gateway/payment
  heartbeat/paged_form heartbeat/paged_guard heartbeat/paged_route heartbeat/paged_series heartbeat/paged_session heartbeat/roster heartbeat/settings_same gateway/problem gateway/resource gateway/route gateway/scope gateway/sqltext gateway/text gateway/twin gateway/wire gateway/withdrawal replication/audit replication/audit_payment replication/audit_row replication/backlog replication/binlog replication/crc32 replication/dataversion replication/facts
  replication/gate replication/journal_rows replication/lineage replication/replica_plan replication/pause replication/plan replication/schema replication/seed_progress replication/sqlerror replication/tail_summary replication/variable replication/watch'

dirs=
for d in heartbeat replication gateway tests; do [ -d "$d" ] && dirs="$dirs $d"; done
[ -n "$dirs" ] || { echo "lint: $root is not the source tree"; exit 2; }
# shellcheck disable=SC2086 # a list of names without blanks
code=$(find $dirs -type f -name '*.[ch]' | LC_ALL=C sort)
# shellcheck disable=SC2046
scripts=$(find $(ls -d tests etc packaging demo check .ci 2>/dev/null) -type f |
  LC_ALL=C sort | while read -r f; do head -n 1 "$f" | grep -aEq '^#!.*[/ ](ba)?sh' && echo "$f"; done)
count=$(mktemp) || exit 2
trap 'rm -f "$count"' EXIT

# Everything that one pass over the code can see. Comments and texts are blanked out before a word is looked for.
# shellcheck disable=SC2086
[ -z "$code" ] || awk -v pure_list="$pure" '
  function finding(line, text) { printf "%s:%d: %s\n", FILENAME, line, text }
  function rank(path) {
    return path ~ /^gateway\// ? 3 : path ~ /^replication\// ? 2 : path ~ /^heartbeat\// ? 1 : path ~ /^tests\// ? 9 : 0
  }
  function exists(path,   line, there) {
    if (!(path in known)) { there = (getline line < path) >= 0; close(path); known[path] = there }
    return known[path]
  }
  BEGIN {
    n = split(pure_list, names, /[ \n]+/)
    for (i = 1; i <= n; i++) if (names[i] != "") pure[names[i]] = 1
    banned = "strcpy|strcat|stpcpy|sprintf|vsprintf|gets|strtok|atoi|atol|atoll|atof|system|popen|rand|srand|random|" \
      "localtime|gmtime|asctime|ctime|tmpnam|tempnam|mktemp|alloca|setjmp|longjmp"
    impure = "malloc|calloc|realloc|reallocarray|free|strdup|asprintf|time|clock_gettime|gettimeofday|socket|send|sendto|" \
      "recv|recvfrom|open|fopen|read|write|printf|fprintf|LOG|rolepage_[a-z]+|clock_boottime_us"
    worldly = "^(sys/(socket|un|time|mman|epoll|stat|wait|timerfd|signalfd|eventfd)\\.h|netinet/.*|arpa/.*|netdb\\.h|stdlib\\.h|" \
      "malloc\\.h|unistd\\.h|fcntl\\.h|poll\\.h|signal\\.h|pthread\\.h|syslog\\.h|systemd/.*|mysql\\.h|mysqld_error\\.h|" \
      "errmsg\\.h|mariadb/.*|microhttpd\\.h|curl/.*|jansson\\.h|ini\\.h|heartbeat/(log|localclient)\\.h)$"
  }
  FNR == 1 {
    if (FILENAME in ends) next
    in_comment = 0; includes = 0; body = 0; opening = 1
    module = FILENAME; sub(/\.[ch]$/, "", module)
    own = FILENAME ~ /\.c$/ && exists(module ".h") ? module ".h" : ""
    is_test = FILENAME ~ /^tests\//
  }
  { ends[FILENAME] = FNR }
  /(^|[^A-Za-z_])(TODO|FIXME|XXX)([^A-Za-z_]|$)/ { finding(FNR, "a note to do something belongs into an issue") }
  opening && FILENAME ~ /\.h$/ && /(^|[ .*])Pure[.:]/ && !(module in pure) && !is_test {
    finding(FNR, "says it is pure, but tests/lint.sh does not list it")
  }
  /^#(ifndef|include|define)/ { opening = 0 }
  /^#include[ \t]*[<"]/ {
    name = $0; sub(/^#include[ \t]*[<"]/, "", name); sub(/[>"].*$/, "", name)
    quoted = $0 ~ /^#include[ \t]*"/
    if (name != "config.h" && ++includes == 1 && own != "" && index(name, module) != 1) finding(FNR, "the first include must be \"" own "\"")
    if (quoted && name !~ /\// && name != "config.h") finding(FNR, "include \"" name "\" from the root: \"directory/" name "\"")
    if (quoted && rank(name) > rank(FILENAME) && rank(FILENAME))
      finding(FNR, "a layer must not look up: " FILENAME " includes " name)
    edges[FILENAME] = edges[FILENAME] name "\n"; where[FILENAME, name] = FNR
  }
  {
    line = $0
    if (in_comment) { if (!sub(/^.*\*\//, "", line)) next; in_comment = 0 }
    gsub(/\\./, "", line); gsub(/"[^"]*"/, "\"\"", line); gsub(/\/\*([^*]|\*+[^*\/])*\*+\//, " ", line)
    sub(/\/\/.*$/, "", line)
    if (sub(/\/\*.*$/, "", line)) in_comment = 1
    padded = " " line
    if (match(padded, "[^A-Za-z0-9_>.](" banned ")[ \t]*\\(")) {
      call = substr(padded, RSTART + 1, RLENGTH - 2); sub(/[ \t]+$/, "", call); finding(FNR, "banned call: " call "()")
    }
    if ((module in pure) && FILENAME ~ /\.c$/ && match(padded, "[^A-Za-z0-9_>.](" impure ")[ \t]*\\(")) {
      call = substr(padded, RSTART + 1, RLENGTH - 2); sub(/[ \t]+$/, "", call); finding(FNR, "a pure module calls " call "()")
    }
  }
  /^\{/ { body = FNR }
  /^\}/ && body {
    size = FNR - body - 1
    if (size > 70) finding(body, "function of " size " lines, 60 are meant to do")
    else if (size > 60) printf "%s:%d: note: function of %d lines, 60 are meant to do\n", FILENAME, body, size
    body = 0
  }
  # Walks from a pure module to everything it includes of ours, and names the way.
  function walk(from, start, way, line,   list, count, i) {
    count = split(edges[from], list, "\n")
    for (i = 1; i < count; i++) {
      if (list[i] ~ worldly)
        printf "%s:%d: a pure module includes %s%s\n", start, line ? line : where[from, list[i]], way, list[i]
      else if (!((start, list[i]) in seen)) {
        seen[start, list[i]] = 1
        walk(list[i], start, way list[i] " -> ", line ? line : where[from, list[i]])
      }
    }
  }
  END {
    for (file in ends) if (ends[file] > 500) printf "%s:501: file of %d lines, 500 are allowed\n", file, ends[file]
    for (module in pure) {
      if (!((module ".c") in ends) && !((module ".h") in ends))
        printf "tests/lint.sh:1: lists %s as pure, but there is no such module\n", module
      if ((module ".c") in ends) walk(module ".c", module ".c", "", 0)
      if ((module ".h") in ends) walk(module ".h", module ".h", "", 0)
    }
  }' $code | LC_ALL=C sort -t: -k1,1 -k2,2n | tee "$count.code"
grep -v ': note: ' "$count.code" >>"$count" 2>/dev/null
rm -f "$count.code"

# shellcheck disable=SC2086
[ -z "$scripts" ] || grep -nHE '(^|[^A-Za-z_])(TODO|FIXME)([^A-Za-z_|]|$)' $scripts | grep -v '^tests/.*lint' |
  sed 's/:\([0-9]*\):.*/:\1: a note to do something belongs into an issue/' | tee -a "$count"

if command -v shellcheck >/dev/null; then
  # shellcheck disable=SC2086
  [ -z "$scripts" ] || shellcheck -S warning -f gcc $scripts | tee -a "$count"
else
  echo "lint: warning: shellcheck is missing, scripts were not looked at"
fi

# How a file is laid out is no finding, but it is told.
if command -v clang-format >/dev/null; then
  for f in $code; do
    [ -f .clang-format ] || break
    n=$(clang-format --dry-run "$f" 2>&1 | grep -c 'Wclang-format')
    [ "$n" -eq 0 ] || { odd=$((${odd:-0} + 1)); [ -z "${LINT_FORMAT:-}" ] || echo "$f:1: clang-format would change $n places" | tee -a "$count"; }
  done
  [ -z "${odd:-}" ] || echo "lint: note: clang-format would change $odd files (LINT_FORMAT=1 makes that a finding)"
else
  echo "lint: warning: clang-format is missing, the layout was not looked at"
fi

findings=$(wc -l <"$count")
echo "lint: $findings findings"
[ "$findings" -eq 0 ]
