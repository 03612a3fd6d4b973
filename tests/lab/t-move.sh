# A witness has lost its disk: without a word it is not let in again, and no other is. The same ledger goes on in a new cluster on the same machines, as
# doc/operations.md says under "A new cluster with the same ledger", and every payment of before is there, once.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016

now=$(active w)
standby=$(other "$now")
is_applied() { [ "$(status "$now" "[.nodes[]|select(.name==\"$standby\").behind][0] // 999")" = 0 ]; }
LOAD_RATE=300
start_load move
begins_anew w
token=$("$lab" exec "$now" -- holdfastctl token | grep -o 'hf[0-9]-[A-Za-z0-9_-]*' | head -n 1)
refused 1 w "that is a member. If its disk is gone for good: holdfastctl replace w on a gateway" join "$token" --name w --address "$(address_of w)" --witness --yes
refused 1 w "belongs to the member w" join "$token" --name w2 --address "$(address_of w)" --witness --yes
in_node "$standby" 'rm -rf /backup && mkdir -p /backup/logs'
ctl "$standby" backup make /backup/move || fail "backup make: $said"
ctl "$standby" backup logs /backup/logs || fail "backup logs: $said"
payments_flow
stop_load
for n in a b; do in_node "$n" 'systemctl stop "holdfast-workerd@*"' || fail "workers of $n"; done
wait_until 30 "$standby has applied everything" is_applied
ctl "$standby" backup logs /backup/logs || fail "the last logs: $said"
for n in a b; do
  in_node "$n" 'systemctl stop "holdfast-*" mariadb haproxy keepalived
    rm -rf /root/old && mkdir /root/old && mv /etc/holdfast/* /var/lib/holdfast/heartbeat /var/lib/holdfast/replication /var/lib/holdfast/mysql /root/old' ||
    fail "$n does not begin anew"
done
ctl "$standby" restore --from /backup/move --logs /backup/logs --name "$standby" --address "$(address_of "$standby")" \
  --vip "$vip/24" --interface eth0 --yes || fail "restore: $said"
token=$(grep -o 'hf[0-9]-[A-Za-z0-9_-]*' <<<"$said" | head -n 1)
ctl w join "$token" --name w --address "$(address_of w)" --witness --yes || fail "join w: $said"
ctl "$now" join "$token" --name "$now" --address "$(address_of "$now")" --interface eth0 --yes || fail "join $now: $said"
wait_sync
"$lab" exec "$standby" -- cat /etc/holdfast/pki/ca.pem >"$ca"
verdict=$("$lab" client -- "$payer" verify --url "$url" --cacert "$ca" --key "$key" --history "$work/move.history" \
  2>"$work/move.verify" | tail -n 1) || fail "after the move: $verdict $(tail -n 5 "$work/move.verify")"
case $verdict in *lost=0*duplicates=0*) ;; *) fail "payments: $verdict" ;; esac
for n in a b; do in_node "$n" 'rm -rf /root/old /backup'; done
say "w was lost; the ledger goes on in a new cluster: $verdict"
