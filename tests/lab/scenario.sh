# Common to the system tests, the benchmarks and the demo: sourced, with $top set to the source tree and $build to the build tree.
# shellcheck shell=bash disable=SC2154,SC2034

lab=$top/tests/lab/lab
payer=$build/tests/chaos/payer
vip=10.77.0.100
address_of() { case $1 in a) echo 10.77.0.1 ;; b) echo 10.77.0.2 ;; w) echo 10.77.0.3 ;; r) echo 10.77.0.4 ;; esac; }
url=https://$vip
work=${HOLDFAST_TEST_DIR:-$build/lab-tests}
ca=$work/ca.pem

say() { printf '%s %s\n' "$(date +%H:%M:%S)" "$*"; }

# The reason goes out once; what the journals say follows.
fail() {
  printf 'FAIL: %s\n' "$*"
  [ -z "${load_until:-}" ] || touch "$load_until" # who comes next finds a pair at rest
  journals
  exit 1
}

journals() {
  local n
  status w . | head -c 4000
  for n in a b w r; do
    printf -- '--- %s\n' "$n"
    "$lab" exec "$n" -- sh -c 'journalctl -q -o short-precise --no-pager -n 25 -u "holdfast-heartbeatd" -u "holdfast-replicationd"
      journalctl -q -o short-precise --no-pager -n 400 -u holdfast-workerd -u holdfast-ledgerd -u keepalived -u mariadb -u haproxy |
        grep -v edge.request | tail -n 10' 2>/dev/null | cut -c 1-300 || true
  done
}

# status NODE JQ-EXPRESSION: prints nothing and fails when the node does not answer.
status() {
  local json
  json=$("$lab" exec "$1" -- timeout 3 holdfastctl status --json 2>/dev/null)
  [ -n "$json" ] || return 1
  jq -r "$2" <<<"$json" 2>/dev/null
}

# wait_until SECONDS WHAT COMMAND...: a condition with a generous limit.
wait_until() {
  local limit=$1 what=$2 end
  shift 2
  end=$((SECONDS + limit))
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || fail "waited $limit s for: $what"
    sleep 0.1
  done
}

is_mode() { [ "$(status "$1" .mode)" = "$2" ]; }
is_active() { [ "$(status "$1" .active)" = "$2" ]; }
is_state() { [ "$(status "$1" ".nodes[]|select(.name==\"$2\").state")" = "$3" ]; }
all_in_sync() { is_mode "$1" SYNC && [ "$(status "$1" '.in_sync|length')" = 2 ] && [ "$(status "$1" .observed)" = true ]; }

# told NODE UNIT WORDS: how many lines of the unit's journal have them, since this file was read: what is older a journal may throw away
# meanwhile, for it keeps a file for each power loss.
told_since=@$EPOCHSECONDS
told() { "$lab" exec "$1" -- journalctl -q -o cat --no-pager --since "$told_since" -u "$2" 2>/dev/null | grep -c -- "$3"; }
told_more() { [ "$(told "$1" "$2" "$3")" -gt "$4" ]; } # NODE UNIT WORDS BEFORE

# How a copy that was active came back: the SLAVE start has cut its tail off, or it took a fresh copy. came_back NODE BEFORE: by the first.
ways_back() { echo "$(told "$1" holdfast-replicationd step=clear-dirty) $(told "$1" holdfast-replicationd event=seed.begin)"; }
came_back() {
  local cuts seeds
  read -r cuts seeds < <(ways_back "$1")
  [ "$cuts" -gt "${2% *}" ] || fail "$1 came back, and its tail was not cut off"
  [ "$seeds" = "${2#* }" ] || fail "$1 came back by a fresh copy"
}

# The stages of the last move to NODE after an epoch, as the witness heard of them: when the first payment is among them, all are.
stages_are_in() { [ -n "$(last_stages "$1" "$2")" ]; }
last_stages() { # NODE EPOCH-BEFORE
  "$lab" exec w -- timeout 3 holdfastctl history --json 2>/dev/null |
    jq -c --arg to "$1" --argjson before "$2" 'map(select(.to == $to and .epoch > $before)) | last | select(. != null) |
      .stages_ms' 2>/dev/null
}

# ctl NODE ARGUMENT...: holdfastctl's output in $said, and its exit status.
ctl() {
  local node=$1 code=0
  shift
  said=$(timeout 300 "$lab" exec "$node" -- holdfastctl "$@" 2>&1) || code=$?
  [ "$code" != 124 ] || said+=" (stopped after 300 s)"
  return "$code"
}
says() { case $said in *"$1"*) ;; *) fail "'$said', want '$1'" ;; esac; }

# refused STATUS NODE WORDS ARGUMENT...: with nobody to ask, holdfastctl ends so and says so.
refused() {
  local code=0 want=$1 node=$2 words=$3
  shift 3
  ctl "$node" "$@" </dev/null || code=$?
  [ "$code" = "$want" ] || fail "$*: exit status $code, want $want: $said"
  case $said in *"$words"*) ;; *) fail "$*: '$said', want '$words'" ;; esac
}

power_on() { "$lab" start "$1" || fail "$1 does not start"; }
power_off() { "$lab" kill "$1" || fail "$1 does not die"; }
in_node() { timeout 300 "$lab" exec "$1" -- sh -c "$2"; } # NODE SCRIPT
begins_anew() { # NODE: as after a purge
  # Holdfast first: until it is down it starts mariadb again, which may be just what is wanted of this machine when another one went.
  in_node "$1" 'systemctl stop "holdfast-*" 2>/dev/null
    systemctl stop mariadb haproxy keepalived 2>/dev/null
    rm -rf /etc/holdfast/* /var/lib/holdfast/heartbeat/* /var/lib/holdfast/replication/* /var/lib/holdfast/mysql*' ||
    fail "$1 cannot be made a fresh machine"
}

# The pair of before, with no member of any cluster left on the three machines; $token is from before b joined.
pair_anew() { # VIP/LENGTH
  local n
  for n in a b w; do begins_anew "$n"; done
  ctl a init --name a --address "$(address_of a)" --vip "$1" --interface eth0 --yes || fail "init: $said"
  token=$(grep -o 'hf[0-9]-[A-Za-z0-9_-]*' <<<"$said" | head -n 1)
  ctl w join "$token" --name w --address "$(address_of w)" --witness --yes || fail "join w: $said"
  ctl b join "$token" --name b --address "$(address_of b)" --interface eth0 --yes || fail "join b: $said"
  wait_sync
}

is_heard() { [ "$(status "$1" ".nodes[]|select(.name==\"$2\").reachable")" = true ]; }
is_unheard() { [ "$(status "$1" ".nodes[]|select(.name==\"$2\").reachable")" = false ]; }
joins_as() { # NODE ADDRESS OPTION...: with the token in $said
  local node=$1 address=$2
  shift 2
  token=$(grep -o 'hf[0-9]-[A-Za-z0-9_-]*' <<<"$said" | head -n 1)
  [ -n "$token" ] || fail "no token in: $said"
  says "holdfastctl join $token --name $node --address ADDRESS $1"
  ctl "$node" join "$token" --name "$node" --address "$address" "$@" --yes || fail "join $node: $said"
  case $said in *"does not start"*) fail "join $node: $said" ;; esac # it was asked to a moment ago
}

# A worker host that is none any more, as after a purge; its MariaDB is its own.
host_begins_anew() {
  in_node r 'systemctl stop "holdfast-*" haproxy; systemctl disable holdfast-workerd@1 holdfast-workerd@2 holdfast-workers.timer haproxy 2>/dev/null
    rm -rf /etc/holdfast/* /etc/systemd/system/haproxy.service.d /etc/systemd/system/holdfast-workerd@.service.d; systemctl daemon-reload' ||
    fail "r cannot be made a fresh machine"
}

# Where the data of a machine that is off lies, in a lab without --own-disks.
mysql_of() { echo "${HOLDFAST_LAB_DIR:-/var/lib/holdfast-lab}/nodes/$1/upper/var/lib/holdfast/mysql"; } # NODE

# What a power loss may leave of MariaDB's note of whom it follows, which it never syncs.
empties_notes() { # NODE, which is off
  local file
  for file in master.info relay-log.info; do
    [ -s "$(mysql_of "$1")/$file" ] || fail "$1 had no $file"
    : >"$(mysql_of "$1")/$file"
  done
}

# The machine r, with nothing of an earlier test on it.
start_empty_r() {
  "$lab" start r || fail "no machine r"
  in_node r '[ ! -e /etc/holdfast/holdfast.conf ]' && return
  # What its boot has begun ends first: a stop in the middle of a start waits for that.
  in_node r 'systemctl is-system-running --wait >/dev/null; true'
  begins_anew r
  host_begins_anew
  in_node r 'rm -rf /etc/systemd/system/mariadb.service.d /etc/systemd/system/keepalived.service.d; systemctl daemon-reload' || fail "r is not empty"
}

active() { status "${1:-w}" .active; }
other() { if [ "$1" = a ]; then echo b; else echo a; fi; }

wait_sync() { wait_until "${2:-120}" "SYNC as seen from ${1:-w}" all_in_sync "${1:-w}"; }

# The cluster's CA and an API key for the load, once.
prepare() {
  mkdir -p "$work"
  if [ ! -s "$work/key" ]; then
    local node
    node=$(active w)
    "$lab" exec "$node" -- cat /etc/holdfast/pki/ca.pem >"$ca" || fail "no CA certificate on $node"
    "$lab" exec "$node" -- holdfastctl api-key create --name "load-$$" --scopes '*' >"$work/key.out" ||
      fail "no API key"
    grep -o 'sk_[A-Za-z0-9_]*' "$work/key.out" | head -n 1 >"$work/key"
    [ -s "$work/key" ] || fail "no API key in: $(cat "$work/key.out")"
  fi
  key=$(cat "$work/key")
}

# start_load NAME: payments from 16 clients until stop_load; the history is in $work/NAME.history.
start_load() {
  load_name=$1
  load_until=$work/$1.stop
  rm -f "$load_until" "$work/$1.history"
  "$lab" client -- "$payer" run --url "$url" --cacert "$ca" --key "$key" --clients "${LOAD_CLIENTS:-16}" --accounts 32 \
    --history "$work/$1.history" --until-file "$load_until" ${LOAD_RATE:+--rate "$LOAD_RATE"} ${LOAD_OPEN:+--open-loop "$LOAD_OPEN"} \
    >"$work/$1.out" 2>"$work/$1.err" &
  load_pid=$!
  wait_until 60 "the first payments" load_flows
}

load_flows() {
  kill -0 "$load_pid" 2>/dev/null || fail "the load ended: $(tail -n 3 "$work/$load_name.err")"
  [ "$(acked "$load_name")" -gt 50 ]
}

acked() {
  local n
  n=$(grep -c '"status":20' "$work/$1.history" 2>/dev/null)
  echo "${n:-0}"
}

# More payments are acknowledged from now on (not only answered late).
payments_flow() {
  local before
  before=$(acked "$load_name")
  wait_until "${1:-60}" "more payments after $before" more_than "$((before + 50))"
}
more_than() { [ "$(acked "$load_name")" -gt "$1" ]; }

# takes_over HEIR WAS: WAS loses its power under load; what it had answered is with HEIR, which answers; and both are there again.
takes_over() {
  "$lab" kill "$2"
  wait_until 60 "$1 active" is_active "$1" "$1"
  payments_flow
  "$lab" start "$2"
  wait_sync
}

mono_us() { awk '{printf "%d\n", $1 * 1000000}' /proc/uptime; }

# stop_load: ends the load and checks every answer against the ledger; sets $verdict.
stop_load() {
  touch "$load_until"
  wait "$load_pid" || fail "the load failed: $(tail -n 3 "$work/$load_name.err")"
  verdict=$("$lab" client -- "$payer" verify --url "$url" --cacert "$ca" --key "$key" --history "$work/$load_name.history" \
    2>"$work/$load_name.verify" | tail -n 1) || fail "verify: $verdict $(tail -n 5 "$work/$load_name.verify")"
  say "$load_name: $verdict"
  case $verdict in
  *lost=0*duplicates=0*) ;;
  *) fail "payments: $verdict" ;;
  esac
}

# gap_after MONO_US [MONO_US]: longest time without an acknowledged payment between the two, in ms; after stop_load.
gap_after() {
  "$payer" gap --history "$work/$load_name.history" --after "$1" ${2:+--before "$2"} | grep -o 'gap_ms=[0-9]*' | tail -n 1 |
    cut -d= -f2
}
