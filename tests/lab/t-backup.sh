# A look at the ledger and a backup on the standby under load, and what is paid after it into an archive of logs; then all three machines begin anew, one of them with
# the backup and the logs, and every payment of before is there, once. It has to be the last test: the cluster is another one afterwards.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016

is_applied() { [ "$(status "$active_node" "[.nodes[]|select(.name==\"$standby\").behind][0] // 999")" = 0 ]; }

active_node=$(active w)
standby=$(other "$active_node")
# At the end of all tests the ledger has some 400,000 operations. What looks at them all gives way to payments, and where all machines share two
# processors, payments at full speed leave it next to nothing.
LOAD_RATE=300
start_load backup
refused 3 "$active_node" "the standby makes it" backup make /var/backups/pair
refused 3 "$active_node" "the standby makes it" backup logs /var/backups
refused 1 w "only on a gateway" backup make /var/backups/pair
refused 2 "$standby" "want an absolute path" backup make pair
refused 1 "$standby" "is not empty" backup make /etc
in_node "$standby" 'mkdir -p /var/backups/logs'
# Does the ledger add up? The standby looks, while it applies; what it finds is for status, too.
refused 3 "$active_node" "the standby does it" verify
for n in a b; do in_node "$n" 'systemctl is-enabled -q holdfast-verify.timer && systemctl start holdfast-verify' || fail "holdfast-verify on $n"; done
in_node "$active_node" '[ ! -e /var/lib/holdfast/verify.json ]' || fail "the active one's holdfast-verify.service looked"
in_node "$standby" 'grep -q "\"result\":\"right\".*\"role\":\"standby\"" /var/lib/holdfast/verify.json' || fail "the standby's holdfast-verify.service did not look"
ctl "$standby" verify || fail "verify: $said"
says "the ledger adds up: "
payments_flow
is_mode w SYNC || fail "the mode is $(status w .mode) after the verify"
in_node "$standby" 'mariadb -e "SET sql_log_bin=0; UPDATE holdfast.journal SET credit_after=credit_after+1 WHERE kind=3 ORDER BY seq LIMIT 1"' || fail "nothing planted"
refused 1 "$standby" "after-balance: 1 times it is not true" verify
ctl "$standby" status
says "the ledger does not add up: holdfastctl verify found 1 things here"
in_node "$standby" 'systemctl start holdfast-verify' && fail "the unit calls that a success"
in_node "$standby" 'mariadb -e "SET sql_log_bin=0; UPDATE holdfast.journal SET credit_after=credit_after-1 WHERE kind=3 ORDER BY seq LIMIT 1"; systemctl start holdfast-verify' ||
  fail "not right again"
# The unit, on both: one of them has a backup then.
for n in a b; do in_node "$n" 'systemctl start holdfast-backup' || fail "holdfast-backup on $n"; done
in_node "$standby" '[ "$(ls /var/backups/holdfast | wc -l)" = 1 ]' || fail "the standby's holdfast-backup.service made no backup"
in_node "$active_node" '[ "$(ls /var/backups/holdfast | wc -l)" = 0 ]' || fail "the active one's holdfast-backup.service made one"
in_node "$standby" 'systemctl is-enabled holdfast-backup.timer' && fail "the timer is enabled"
ctl "$standby" backup make /var/backups/pair || fail "backup make: $said"
says "made, restored for trial"
payments_flow
is_mode w SYNC || fail "the mode is $(status w .mode) after the backup"
ctl "$standby" backup logs /var/backups/logs || fail "backup logs: $said"
ctl "$standby" backup verify /var/backups/pair || fail "backup verify: $said"
payments_flow
stop_load
wait_until 30 "$standby has applied everything" is_applied
ctl "$standby" backup logs /var/backups/logs || fail "backup logs: $said"
refused 1 "$standby" "belongs to a cluster already" restore --from /var/backups/pair --name "$standby" \
  --address "$(address_of "$standby")" --vip "$vip/24" --interface eth0 --yes
epoch=$(status w .epoch)

for n in a b w; do begins_anew "$n"; done
new=(--name "$standby" --address "$(address_of "$standby")" --vip "$vip/24" --interface eth0 --yes)
# What cannot be restored is known before anything is stopped.
untouched() { case $said in *stopping*) fail "begun all the same: $said" ;; esac; }
refused 1 "$standby" "manifest: No such file" restore --from /var/backups/none "${new[@]}"
untouched
in_node "$standby" 'chown nobody /var/backups/pair'
refused 1 "$standby" "belongs to user" restore --from /var/backups/pair "${new[@]}"
untouched
in_node "$standby" 'chown root /var/backups/pair'
refused 2 "$standby" "--until wants --logs" restore --from /var/backups/pair --until 0-1-1 "${new[@]}"
ctl "$standby" restore --from /var/backups/pair --logs /var/backups/logs "${new[@]}" || fail "restore: $said"
says "stopping"
says "restored: "
token=$(grep -o 'hf1-[A-Za-z0-9_-]*' <<<"$said" | head -n 1)
[ "$(status "$standby" .epoch)" -gt "$epoch" ] || fail "epoch $(status "$standby" .epoch), was $epoch before"
ctl w join "$token" --name w --address "$(address_of w)" --witness --yes || fail "join w: $said"
ctl "$active_node" join "$token" --name "$active_node" --address "$(address_of "$active_node")" --interface eth0 --yes ||
  fail "join $active_node: $said"
wait_sync
"$lab" exec "$standby" -- cat /etc/holdfast/pki/ca.pem >"$ca"
verdict=$("$lab" client -- "$payer" verify --url "$url" --cacert "$ca" --key "$key" --history "$work/backup.history" \
  2>"$work/backup.verify" | tail -n 1) || fail "after the restore: $verdict $(tail -n 5 "$work/backup.verify")"
say "after the restore: $verdict"
case $verdict in *lost=0*duplicates=0*) ;; *) fail "payments: $verdict" ;; esac
start_load restored
power_off "$standby"
payments_flow
power_on "$standby"
wait_sync "$active_node"
stop_load
