#!/bin/bash
# holdfast-tickled between two gateways and a client, each in a network namespace of its own: a loses its power with
# connections open, b takes the address, and the clients, who only wait, must see resets. Needs root; skipped without.
# Once with a virtual IP of IPv4, once with one of IPv6 (FAMILY=4 or 6: that alone); the gateways talk over IPv4 both times.
# test_tickled.sh [CONNECTIONS (200) [SECONDS_TO_MEASURE]]: with the second it also prints times and processor use.
set -u
if [ -z "${FAMILY:-}" ]; then
  FAMILY=4 "$0" "$@" && FAMILY=6 "$0" "$@"
  exit
fi
top=$(cd "${srcdir:-$(dirname "$0")/../..}" && pwd)
count=${1:-200}
measure=${2:-}
tickled=${HOLDFAST_TICKLED:-$PWD/holdfast-tickled}
case $FAMILY in 4) vip=10.99.0.100 length=24 at_once=() ;; 6) vip=fd00:99::100 length=64 at_once=(nodad) ;; esac
port=8443
[ "$(id -u)" -eq 0 ] && command -v ip >/dev/null || { echo "skipped: needs root and ip"; exit 77; }
ulimit -n $((count + 200)) || exit 1
work=$(mktemp -d) || exit 1
pre=hft$$
pids=()
finish() {
  for pid in "${pids[@]}"; do kill -9 "$pid" 2>/dev/null && wait "$pid" 2>/dev/null; done
  for n in a b c s; do ip netns del "$pre$n" 2>/dev/null; done
  rm -rf "$work"
}
trap finish EXIT
in_ns() { local n=$1; shift; ip netns exec "$pre$n" "$@"; }
fail() { echo "FAIL $*"; tail -n 20 "$work"/*.out; exit 1; }
wait_until() { # SECONDS WHAT COMMAND...
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@"; do [ "$SECONDS" -lt "$end" ] || fail "waited for: $what"; sleep 0.1; done
}
says() { grep -q -- "$2" "$work/$1.out" 2>/dev/null; }
cpu_ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
cpu_share() { # WHAT PID SECONDS
  local before
  before=$(cpu_ticks "$2")
  sleep "$3"
  echo "     $1: $(awk -v t=$(($(cpu_ticks "$2") - before)) -v s="$3" -v hz="$(getconf CLK_TCK)" 'BEGIN { printf "%.2f %% of a core", 100 * t / hz / s }')"
}

ip netns add "${pre}s" || { echo "skipped: no network namespaces"; exit 77; }
in_ns s ip link add name br0 type bridge forward_delay 0 && in_ns s ip link set br0 up || fail "no bridge"
address() { case $1 in a) echo 10.99.0.1 ;; b) echo 10.99.0.2 ;; c) echo 10.99.0.9 ;; esac; }
for n in a b c; do
  ip netns add "$pre$n"
  in_ns "$n" ip link set lo up
  in_ns s ip link add "to-$n" type veth peer name eth0 netns "$pre$n"
  in_ns s ip link set "to-$n" master br0 up
  in_ns "$n" ip link set eth0 up
  in_ns "$n" ip addr add "$(address "$n")/24" dev eth0
  in_ns "$n" ip addr add "fd00:99::$(address "$n" | cut -d. -f4)/64" dev eth0 nodad
done
add_vip() { # NODE: as keepalived does
  in_ns "$1" ip addr add "$vip/$length" dev eth0 "${at_once[@]}"
}
in_ns c sysctl -qw net.ipv4.ip_local_port_range="10000 65000"
for n in a b; do
  mkdir "$work/$n"
  printf '0 a gateway %s\n1 b gateway %s\n' "$(address a)" "$(address b)" >"$work/$n/members"
  printf '[cluster]\nvip = %s/%s\n[node]\nname = %s\naddress = %s\ninterface = eth0\n' "$vip" "$length" "$n" "$(address "$n")" >"$work/$n/conf"
  printf '%064d\n' 7 >"$work/$n/key"
done
for n in a b; do
  python3 "$top/tests/unit/tickle_clients.py" notify "$work/$n/notify" >"$work/status-$n.out" 2>&1 &
  pids+=($!)
  wait_until 20 "the other end of NOTIFY_SOCKET" says "status-$n" ready
done
status_is() { [ "$(tail -n 1 "$work/status-$1.out")" = "STATUS=$2" ]; }
start_tickled() {
  NOTIFY_SOCKET=$work/$1/notify ip netns exec "$pre$1" "$tickled" -f "$work/$1/conf" --key "$work/$1/key" --run "$work/$1" >>"$work/tickled-$1.out" 2>&1 &
  pids+=($!)
  pid=$!
  wait_until 20 "tickled of $1" says "tickled-$1" event=daemon.start
}
takes() { # NODE
  add_vip "$1"
  in_ns "$1" ip neigh flush all
  in_ns "$1" python3 "$top/tests/unit/announce.py" eth0 "$vip"
}
start_tickled a
tickled_a=$pid
start_tickled b
tickled_b=$pid
[ -z "$measure" ] || cpu_share "no address, nothing to do" "$tickled_b" "$measure"
takes a
wait_until 20 "a to notice the address" says tickled-a event=tickle.begin
# The cluster gets another key; only one of the two daemons is started anew for it.
for n in a b; do printf '%064d\n' 8 >"$work/$n/key"; done
kill "$tickled_a"
wait "$tickled_a" || fail "tickled of a does not end cleanly"
start_tickled a
tickled_a=$pid
[ -z "$measure" ] || cpu_share "address, no connection" "$tickled_a" "$measure"

# Not in_ns: what is noted must be the program, not a shell around it.
ip netns exec "${pre}a" python3 "$top/tests/unit/tickle_clients.py" serve "$vip" $port "$count" >"$work/serve.out" 2>&1 &
pids+=($!)
wait_until 20 "the server" says serve ready
ip netns exec "${pre}c" python3 "$top/tests/unit/tickle_clients.py" connect "$vip" $port "$count" >"$work/connect.out" 2>&1 &
client=$!
pids+=("$client")
wait_until 120 "all connections" says serve accepted
wait_until 60 "b to know all connections" status_is b "$count connections to the other gateway"
if [ -n "$measure" ]; then
  cpu_share "$count connections, holder" "$tickled_a" "$measure"
  cpu_share "$count connections, other" "$tickled_b" "$measure"
fi
# a's daemon starts anew: that changes nothing.
kill "$tickled_a"
wait "$tickled_a" || fail "tickled of a does not end cleanly"
start_tickled a
wait_until 60 "a to find its connections again" status_is a "$count connections to the virtual IP, which is here"
status_is b "$count connections to the other gateway" || fail "b knows: $(tail -n 1 "$work/status-b.out")"

in_ns s ip link set to-a down
at=$(cut -d' ' -f1 /proc/uptime)
add_vip b
in_ns b python3 "$top/tests/unit/announce.py" eth0 "$vip"
wait_until 90 "the clients to hear of it" says connect '^first'
says connect "^reset $count other 0 waiting 0" || fail "not every client saw a reset: $(cat "$work/connect.out")"
echo "ok   IPv$FAMILY: $count of $count connections were reset"
[ -z "$measure" ] || awk -v at="$at" '/^first/ { printf "     resets from %d to %d ms after the address came\n", ($2 - at) * 1000, ($4 - at) * 1000 }' "$work/connect.out"
wait_until 20 "the end of it" says tickled-b event=tickle.done
grep -h 'event=tickle' "$work"/tickled-b.out | sed 's/^/     /'
