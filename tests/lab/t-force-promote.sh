# The last resort: the active served alone and is gone, and an operator names the other one, which lacks what was paid last. It is
# refused while there is a better way, or while somebody hears the one that would be given up; it shows what may be lost; and the old one,
# back after all, exports what only it has and takes a fresh copy.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016

tails() { "$lab" exec "$1" -- find /var/lib/holdfast/unacknowledged -name '*.payments' 2>/dev/null | wc -l; }
force() { ctl w force promote "$standby" --accept-loss --yes; }

now=$(active w)
standby=$(other "$now")
refused 2 w "NODE is missing: want the name of a node" force promote
refused 2 w "--accept-loss is missing: want it from whoever gives up for good" force promote "$standby"
refused 2 w "--accept-loss is missing" force promote "$standby" --yes
# While all is well nothing is said about a loss, and nobody is asked.
refused 1 w "it has every payment, and takes the role by itself" force promote "$standby" --accept-loss
case $said in *lost*) fail "a loss is spoken of: $said" ;; esac
refused 1 w "no gateway of that name" force promote w --accept-loss --yes
refused 1 w "it is active already" force promote "$now" --accept-loss --yes
refused 1 w "it has every payment, and takes the role by itself" force promote "$standby" --accept-loss --yes
ctl w maintenance on "$standby" || fail "maintenance on $standby: $said"
refused 1 w "$now is heard, or was a moment ago: it is not gone" force promote "$standby" --accept-loss --yes
# Heartbeats do not get through and payments do: whom nobody hears is not gone yet.
still_receives() {
  ! ctl "$standby" force promote "$standby" --accept-loss --yes || fail "$standby was promoted while it follows $now: $said"
  case $said in *"$standby is connected to the database of $now"*) ;; *) return 1 ;; esac
}
"$lab" mute 1 && "$lab" mute 2 || fail "heartbeats cannot be muted"
wait_until 20 "$standby to say that it still receives" still_receives
"$lab" heal
ctl w maintenance off "$standby" || fail "maintenance off $standby: $said"
wait_sync

# What is paid now only the active has.
version=$(status w .version)
power_off "$standby"
wait_until 30 "$now serves alone" is_mode w SOLO
start_load force-promote-lost
payments_flow
stop_load
refused 1 w "$standby does not answer" force promote "$standby" --accept-loss --yes
power_off "$now"
power_on "$standby"
asks_promote() { ctl w force promote "$standby" --accept-loss </dev/null; [[ $said == *"nobody is there to ask: add --yes"* ]]; }
wait_until 60 "$standby in the role that it could have" asks_promote
says "transaction"
wait_until 60 "$standby in the role that it could have" force
says "transactions would be lost"
says "$standby serves (SOLO)"
[ "$(active w)" = "$standby" ] || fail "$(active w) is active"
ctl w history
says forced
shown=$("$lab" exec w -- journalctl -q -o cat -u holdfast-heartbeatd | grep -c 'event=command.loss')
[ "$shown" -ge 3 ] || fail "$shown lines of what the operator was shown in the journal of w"
ctl w explain
says "the role was forced in this epoch"
verdict=$("$lab" client -- "$payer" verify --url "$url" --cacert "$ca" --key "$key" --history "$work/force-promote-lost.history" 2>/dev/null |
  tail -n 1)
[[ $verdict =~ lost=[1-9] ]] || fail "payments were to be lost, for this to show anything: ${verdict:-no verdict}"
say "$standby was promoted without $now; as foretold: $verdict"

start_load force-promote
payments_flow
before=$(tails "$now")
power_on "$now"
wait_sync w 240
payments_flow
is_active w "$standby" || fail "the role has moved back"
stop_load
[ "$(tails "$now")" -gt "$before" ] || fail "$now has not exported what only it had"
"$lab" exec "$now" -- sh -c 'cat /var/lib/holdfast/unacknowledged/*.payments' >"$work/force-promote.payments"
grep -qE '^tr_[0-9A-HJKMNP-TV-Z]{26}$' "$work/force-promote.payments" || fail "no transfer in the list of what $now gave up"
# Each export has its summary, and that counts what the list has.
"$lab" exec "$now" -- sh -c 'cd /var/lib/holdfast/unacknowledged && for f in *.payments; do
  n=$(sed -n "s/^  \([0-9]*\) transfers* (tr_)$/\1/p" "${f%.payments}.summary") # none is not counted
  [ "${n:-0}" = "$(grep -c ^tr_ "$f")" ] || { echo "$f"; exit 1; }; done' ||
  fail "a summary of $now does not count what its list has"
"$lab" exec "$now" -- journalctl -q -o cat -p warning -u holdfast-replicationd | grep -q 'event=tail.export .*transfers=[1-9].* summary=' ||
  fail "the journal of $now has no warning of its export"
points_there() { ctl "$now" status && [[ $said == *"/var/lib/holdfast/unacknowledged has "*" export"*" of what this machine wrote"* ]]; }
points_there || fail "$now does not say what it gave up: $said"
ctl w status
case $said in *unacknowledged*) fail "w speaks of files of $now: $said" ;; esac
"$lab" exec "$now" -- sh -c 'mkdir -p /root/evidence && mv /var/lib/holdfast/unacknowledged/* /root/evidence/'
! points_there || fail "$now speaks of files that were moved away: $said"
say "$now came back, exported what only it had, says where, and follows $standby"

# Both are lost, one after the other: the active dies, the other one takes over, serves alone, and dies; then the first is back. What it answered is there, and
# only the lost one could say where its own tail begins.
first=$(active w)
second=$(other "$first")
start_load force-promote-first
payments_flow
power_off "$first"
wait_until 30 "$second active" is_active w "$second"
stop_load
start_load force-promote-second
payments_flow
stop_load
power_off "$second"
power_on "$first"
promote_first() { ctl w force promote "$first" --accept-loss --yes; }
wait_until 90 "$first in the role that it had before" promote_first
says "All that $second answered since it took"
says "$first serves (SOLO)"
verdict=$("$lab" client -- "$payer" verify --url "$url" --cacert "$ca" --key "$key" --history "$work/force-promote-second.history" 2>/dev/null |
  tail -n 1)
case $verdict in *lost=0*) fail "nothing was lost, so nothing was shown: $verdict" ;; esac
say "$first was promoted again without $second; as foretold: $verdict"
start_load force-promote-third
payments_flow
before=$(tails "$second")
power_on "$second"
wait_sync w 240
stop_load
is_active w "$first" || fail "the role has moved back"
[ "$(tails "$second")" -gt "$before" ] || fail "$second has not exported what only it had"
say "$second came back, exported what only it had, and follows"
say "D9_no_stale_copy_takes_over_by_itself: only an operator, who is shown what is given up"
