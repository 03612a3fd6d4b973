# heartbeatd itself: at real-time priority and in memory, guarded; nobody holds it up; hung, killed or spinning on the active,
# the peer takes over.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016
pid_of() { "$lab" exec "$1" -- systemctl show -p MainPID --value holdfast-heartbeatd; }
holds() { "$lab" exec "$1" -- ip -4 -o addr show | grep -q " $vip/"; }
lacks() { ! holds "$1"; }
is_another() { local now; now=$(pid_of "$1") && [ "${now:-0}" != 0 ] && [ "$now" != "$2" ]; }
past() { [ "$(status w .epoch)" -gt "$1" ]; }

start_load heartbeatd
was=$(active w)
pid=$(pid_of "$was")
"$lab" exec "$was" -- chrt -p "$pid" | grep -q SCHED_RR || fail "no real-time priority: $("$lab" exec "$was" -- chrt -p "$pid")"
"$lab" exec "$was" -- grep -q '^Max realtime timeout *300000 *300000 ' "/proc/$pid/limits" ||
  fail "real-time priority without a guard"
read -r locked resident < <("$lab" exec "$was" -- awk '/^VmLck/ { l = $2 } /^VmRSS/ { print l, $2 }' "/proc/$pid/status")
[ "$locked" -gt 0 ] || fail "memory is not locked"
[ "$resident" -lt 16384 ] || fail "$resident KiB are resident"
say "heartbeatd: SCHED_RR, $locked KiB locked, $resident KiB resident"

# A journald that takes nothing: its socket is full after some 300 lines. The lease is kept, and payments go on.
epoch=$(status w .epoch)
"$lab" exec "$was" -- systemctl kill --signal=STOP systemd-journald
"$lab" exec "$was" -- perl -e 'use Socket; for (1 .. 600) { socket(my $s, AF_UNIX, SOCK_SEQPACKET, 0) or die;
  connect($s, sockaddr_un("/run/holdfast/heartbeatd.sock")) or die; send($s, pack("SSL", $ARGV[0], 1, 9), 0); select(undef, undef, undef, 0.002) }' \
  "$(sed -n 's/^#define LOCAL_VERSION \([0-9]*\).*/\1/p' "$top/heartbeat/local.h")" || fail "cannot talk to heartbeatd"
payments_flow
[ "$(status w .epoch)" = "$epoch" ] && [ "$(pid_of "$was")" = "$pid" ] || fail "$was lost the role while its journald hung"
"$lab" exec "$was" -- systemctl kill --signal=CONT systemd-journald
payments_flow
say "journald hung: nobody noticed"

# Each on the active: stopped, killed, and busy for ever at its priority.
for harm in STOP KILL SPIN; do
  wait_sync
  was=$(active w)
  heir=$(other "$was")
  epoch=$(status w .epoch)
  pid=$(pid_of "$was")
  case $harm in
  SPIN)
    # An address that is not mapped cannot be had from outside without a debugger: what is asked of the kernel is that a
    # process with these limits ends, so one with the same is made.
    "$lab" exec "$was" -- prlimit --rttime=300000:300000 chrt -r 2 timeout 20 sh -c 'while :; do :; done'
    [ $? = 137 ] || fail "a process that spins at real-time priority goes on"
    say "spinning: ended by the kernel"
    continue
    ;;
  *) "$lab" exec "$was" -- systemctl kill --signal="$harm" holdfast-heartbeatd ;;
  esac
  wait_until 30 "another epoch" past "$epoch"
  wait_until 10 "the address at the active" eval 'holds "$(active w)" && lacks "$(other "$(active w)")"'
  wait_until 10 "another heartbeatd on $was" is_another "$was" "$pid"
  payments_flow
  say "SIG$harm: $(active w) serves"
done
wait_sync
# What it knew of the moves of the role, its next life knows.
moves() { "$lab" exec "$1" -- timeout 10 holdfastctl history --json 2>/dev/null | jq -c 'map([.epoch, .from, .to, .at])'; }
knew=$(moves w)
[ "$(jq length <<<"$knew")" -gt 1 ] || fail "the history of w is $knew"
in_node w 'systemctl restart holdfast-heartbeatd' || fail "no heartbeatd on w"
knows_again() { [ "$(moves w)" = "$knew" ]; }
wait_until 60 "the history of w to be what it was" knows_again
wait_sync
stop_load
