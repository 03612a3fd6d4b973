# Prometheus asks each machine: all daemons of it tell, promtool takes it, counters grow with the load, and it is seen who is lost.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016

ask() { # NODE: into $work/metrics.NODE
  "$lab" exec "$1" -- timeout 10 bash -c 'exec 3<>/dev/tcp/127.0.0.1/8406 && printf "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" >&3 && cat <&3' |
    sed '1,/^\r$/d' >"$work/metrics.$1"
}
value() { # NODE LINE-BEFORE-THE-VALUE: of a question to it
  ask "$1" && awk -v name="$2" 'index($0, name " ") == 1 { print $NF; found = 1 } END { exit !found }' "$work/metrics.$1"
}
is_value() { [ "$(value "$1" "$2")" = "$3" ]; }
is_above() { [ "$(value "$1" "$2" | cut -d. -f1)" -gt "$3" ]; }

for n in a b w; do
  is_value "$n" holdfast_up 1 || fail "$n: heartbeatd is not up in: $(head -c 600 "$work/metrics.$n")"
done
for n in a b; do
  for d in replicationd ledgerd workerd@1 workerd@2; do
    wait_until 10 "$n: the metrics of $d" is_value "$n" "holdfast_daemon_up{daemon=\"$d\"}" 1
  done
done
now=$(active w)
standby=$(other "$now")
start_load metrics
payments_flow
answered() { # NODE: by its workers
  ask "$1" && awk -F '[{} ]' '/^holdfast_http_requests_total[{].*status="201"/ { n += $NF } END { print n + 0 }' "$work/metrics.$1"
}
before=$(answered "$now")
ledger=$(value "$now" 'holdfast_ledger_answers_total{outcome="done"}')
more_answered() { [ "$(answered "$now")" -gt "$before" ]; }
wait_until 20 "more answers of the workers of $now than $before" more_answered
wait_until 20 "more answers of the ledger than $ledger" is_above "$now" 'holdfast_ledger_answers_total{outcome="done"}' "$ledger"
wait_until 20 "batches" is_above "$now" 'holdfast_ledger_batch_requests_bucket{le="+Inf"}' 0
wait_until 20 "an open ledger" is_value "$now" holdfast_ledger_open 1
is_value "$standby" holdfast_ledger_open 0 || fail "the ledger of the standby says that it is open"
is_value "$now" 'holdfast_replication_state{state="open"}' 1 || fail "the database of $now is not open"
is_value "$standby" 'holdfast_replication_state{state="following"}' 1 || fail "$standby does not follow"
is_value w "holdfast_active{node=\"$now\"}" 1 || fail "w: $now is not active"
is_value w 'holdfast_mode{mode="SYNC"}' 1 || fail "w: the mode is not SYNC"
if command -v promtool >/dev/null; then
  for n in a b w; do
    ask "$n" && promtool check metrics <"$work/metrics.$n" >"$work/metrics.check" 2>&1 || fail "promtool, $n: $(cat "$work/metrics.check")"
  done
fi
say "a, b and w tell what they know, and count what is paid"

power_off "$now"
wait_until 60 "SOLO in the metrics of w" is_value w 'holdfast_mode{mode="SOLO"}' 1
is_value w "holdfast_node_reachable{node=\"$now\"}" 0 || fail "w: $now is reachable"
wait_until 20 "the ledger of $standby is open" is_value "$standby" holdfast_ledger_open 1
wait_until 20 "the time of the move" is_above w 'holdfast_last_move_timestamp_seconds' 1000000000
"$lab" exec "$standby" -- systemctl stop holdfast-workerd@1
wait_until 60 "worker 1 is missed" is_value "$standby" 'holdfast_daemon_up{daemon="workerd@1"}' 0
"$lab" exec "$standby" -- systemctl start holdfast-workerd@1
wait_until 30 "worker 1 is back" is_value "$standby" 'holdfast_daemon_up{daemon="workerd@1"}' 1
"$lab" exec w -- systemctl stop holdfast-heartbeatd
is_value w holdfast_up 0 || fail "heartbeatd of w is up though it was stopped"
"$lab" exec w -- systemctl start holdfast-heartbeatd
power_on "$now"
wait_sync
stop_load
say "who is lost is seen: a gateway, a worker, heartbeatd"
