# A replica at a third site: it joins, follows the standby and never what only the active has, goes on with whoever has the role, is seeded
# anew when its history is not the pair's, follows a pair whose members are replaced, and is promoted when both gateways are gone, with
# all that it had. What the old ones have beyond
# that is exported when they are back, out of relay logs, too, and though the keys of the heartbeats are other ones by
# then. In the end the pair is made anew: this one's cluster has ended.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016

replica_url=https://10.77.0.101
LOAD_RATE=150
replica() { status "$1" ".replicas[0].$2"; } # NODE KEY
seq_of() { # NODE: how far its database is
  local at
  at=$(timeout 10 "$lab" exec "$1" -- mariadb -N -e 'SELECT @@gtid_binlog_pos' 2>/dev/null) && echo "${at##*-}"
}
follows() { [ "$(replica w state)" = following ]; }
# It has all that was in the active's log at some moment, and nothing was thrown away for that.
catches_up() {
  local want
  want=$(seq_of "$(active w)") && [ -n "$want" ] || fail "no position of $(active w)"
  wait_until "${1:-60}" "the replica to have $want" has "$want"
}
has() { local at; at=$(seq_of r) && [ -n "$at" ] && [ "$at" -ge "$1" ]; }
seeds() { told r holdfast-replicationd event=seed.begin; }
seeded_more() { [ "$(seeds)" -gt "$1" ]; }
last_source() {
  "$lab" exec r -- journalctl -q -o cat --no-pager --since "$told_since" -u holdfast-replicationd 2>/dev/null |
    sed -n 's/^event=lineage.compare source=\([a-z]*\) .*verdict=BEGINNING.*/\1/p' | tail -n 1
}
follows_from() { follows && [ "$(last_source)" = "$1" ]; }
pay_and_check() { # NAME URL: what was acknowledged before is there, as the machine at URL tells
  verdict=$("$lab" client -- "$payer" verify --url "$2" --cacert "$ca" --key "$key" --history "$work/$1.history" \
    2>"$work/$1.verify" | tail -n 1)
}

token_of() { token=$("$lab" exec "$1" -- holdfastctl token | grep -o 'hf[0-9]-[A-Za-z0-9_-]*' | head -n 1) && [ -n "$token" ] || fail "no token of $1"; }

start_empty_r
now=$(active w)
standby=$(other "$now")
token_of "$now"
as_replica=(--name r --address 10.77.0.4 --interface eth0 --vip 10.77.0.101/24 --replica --yes)
refused 2 r "--vip is missing: a replica needs" join "$token" --name r --address 10.77.0.4 --interface eth0 --replica --yes
refused 1 r "is that of the pair" join "$token" --name r --address 10.77.0.4 --interface eth0 --vip "$vip/24" --replica --yes
refused 1 r "belongs to the member" join "$token" --name a "${as_replica[@]:2}"
# One that a new key has not reached is not taken for the only one left.
ctl r join "$token" "${as_replica[@]}" || fail "join: $said"
refused 2 r "is a replica and no member" key rotate
# Whom it would blind is said before, not after.
refused 2 "$now" "nobody is there to ask: add --yes" key rotate
ctl "$now" key rotate --yes || fail "key rotate: $said"
says "does not reach r, the replica"
is_deaf() { [[ $(status r .reason) == *"another key of the heartbeats"* ]]; }
wait_until 60 "the replica to say that the key is another" is_deaf
refused 1 r "with another key of the heartbeats" force promote r --accept-loss --yes
begins_anew r
token_of "$now"
start_load replica
# An earlier life of this machine had more.
in_node r 'systemctl enable -q holdfast-ledgerd holdfast-workerd@1 holdfast-workerd@2 holdfast-workers.timer' || fail "no units on r"
ctl r join "$token" "${as_replica[@]}" || fail "join: $said"
! in_node r 'systemctl is-enabled -q holdfast-ledgerd || systemctl is-enabled -q holdfast-workerd@2 || systemctl is-enabled -q holdfast-workers.timer' ||
  fail "what a replica does not have is enabled on it"
says "r is a replica of pay and follows"
says "[gateway]      channels"
payments_flow
catches_up
ctl w status
says "replica"
[ "$(status w '.in_sync|join(" ")')" = "a b" ] || fail "in sync: $(status w .in_sync)"
[ "$(status w '.nodes|length')" = 3 ] || fail "it is among the members: $(status w .nodes)"
[ "$(last_source)" = "$standby" ] || fail "it follows $(last_source), and $standby is the standby"
clients=$("$lab" exec "$now" -- mariadb -N -e "SHOW STATUS LIKE 'Rpl_semi_sync_master_clients'" | awk '{ print $2 }')
[ "$clients" = 1 ] || fail "$clients semi-sync replicas"
refused 1 w "that is the replica" force promote r --accept-loss --yes
refused 1 r "is heard, or was a moment ago: it is not gone" force promote r --accept-loss --yes
refused 1 r "is a replica and no member" switchover --yes
say "r has joined, and follows $standby"

# Another machine takes the place of the standby, and of the witness. The replica asks who is left meanwhile, knows the new ones as soon as they are
# members, and keeps the copy that it has; nor may anybody think that they are gone.
before=$(seeds)
has_record() { [ "$(status r .version)" = "$(status "$now" .version)" ]; }
sees_replica() { [ "$(replica w state)" = following ]; }
begins_anew "$standby"
wait_until 30 "SOLO" is_mode "$now" SOLO
wait_until 30 "$standby to be missed" is_unheard "$now" "$standby"
wait_until 60 "the replica with $now, which serves alone" follows_from "$now"
ctl "$now" replace "$standby" --yes || fail "replace: $said"
joins_as "$standby" "$(address_of "$standby")" --interface eth0
wait_sync
wait_until 60 "the replica with the new $standby" follows_from "$standby"
catches_up
wait_until 30 "the replica to have the record" has_record
refused 1 r "is heard, or was a moment ago: it is not gone" force promote r --accept-loss --yes
begins_anew w
wait_until 30 "w to be missed" is_unheard "$now" w
ctl "$now" replace w --yes || fail "replace w: $said"
joins_as w "$(address_of w)" --witness
wait_sync
wait_until 30 "the replica to have the record" has_record
wait_until 30 "the new w to see the replica" sees_replica
payments_flow
catches_up
refused 1 r "is heard, or was a moment ago: it is not gone" force promote r --accept-loss --yes
[ "$(seeds)" = "$before" ] || fail "a fresh copy was taken on the way"
say "$standby and w were replaced, and r goes on following"

before=$(seeds)
# An unacknowledged tail: the active is cut off from those who decide, and the replica hears it still. It has it in its log; the replica never.
number=$("$lab" exec "$now" -- mariadb -N -e 'SELECT @@server_id')
# The witness first: with it the active would write SOLO in the time that the next cut takes, and nobody could take over.
"$lab" cut "$now" w && "$lab" cut "$now" "$standby" --one-way && "$lab" cut "$standby" "$now" --one-way || fail "$now cannot be cut off"
wait_until 60 "$standby active" is_active w "$standby"
payments_flow
wait_until 60 "the replica with $standby, which serves alone" follows_from "$standby"
"$lab" heal
wait_sync
tail_at=$("$lab" exec "$now" -- journalctl -q -o cat --no-pager --since "$told_since" -u holdfast-replicationd |
  sed -n 's/^event=tail.export .* from=\([0-9]*\) .*/\1/p' | tail -n 1)
catches_up
wait_until 60 "the replica with $now, the standby now" follows_from "$now"
[ -n "$tail_at" ] || fail "$now has exported no tail, so nothing was shown"
transactions() { in_node "$1" 'mariadb-binlog /var/lib/holdfast/mysql/binlog.0*' | grep -o 'GTID 0-[0-9]*-[0-9]*'; }
transactions r >"$work/replica.gtids" || fail "no transactions in the log of r"
! grep -qx "GTID 0-$number-$tail_at" "$work/replica.gtids" || fail "the replica has transaction $tail_at of $now, which nobody acknowledged"
grep -qx "GTID 0-[0-9]*-$tail_at" "$work/replica.gtids" || fail "the replica has no transaction $tail_at at all"
[ "$(seeds)" = "$before" ] || fail "a fresh copy was taken on the way"
say "$now was cut off with transaction $tail_at, which the replica never had; it follows $now, the standby now"

# The active dies; the other one serves alone, and is followed; and back.
heir=$now
was=$standby
power_off "$was"
wait_until 60 "$heir active" is_active "$heir" "$heir"
payments_flow
catches_up
"$lab" cut r a && "$lab" cut r b && "$lab" cut r w || fail "r cannot be cut off"
power_on "$was"
is_away() { [ "$(replica w state)" = unreachable ]; }
wait_until 20 "the replica to be missed" is_away
wait_sync
"$lab" heal
wait_until 60 "the replica with $was, the standby now" follows_from "$was"
catches_up
[ "$(seeds)" = "$before" ] || fail "a fresh copy was taken on the way"
stop_load
say "it went on with $heir alone, was cut off, and follows $was"

# Power is lost in the middle of a copy: it is taken again.
in_node r 'systemctl stop holdfast-replicationd mariadb; rm -rf /var/lib/holdfast/mysql; systemctl start holdfast-replicationd'
wait_until 60 "a copy begun" seeded_more "$before"
power_off r
power_on r
wait_until 90 "the replica with its copy" follows
catches_up
say "power was lost while it took a copy; it has one and follows"
# And with that which MariaDB never syncs, its note of whom it follows, left as an empty file.
before=$(seeds)
power_off r
empties_notes r
power_on r
wait_until 90 "the replica to follow again" follows
catches_up
[ "$(seeds)" = "$before" ] || fail "a fresh copy was taken"

# A role is forced upon one that lacks what the replica has: that one's history is the pair's from then on. What only the replica has is saved.
now=$(active w)
standby=$(other "$now")
power_off "$standby"
wait_until 30 "$now serves alone" is_mode w SOLO
start_load replica-lost
payments_flow
wait_until 60 "the replica with $now" follows_from "$now"
catches_up
stop_load
before=$(seeds)
power_off "$now"
power_on "$standby"
forced() { ctl w force promote "$standby" --accept-loss --yes; }
wait_until 90 "$standby in the role" forced
wait_until 90 "a fresh copy of the replica's" seeded_more "$before"
start_load replica-again
wait_until 90 "the replica with $standby" follows_from "$standby"
payments_flow
catches_up
in_node r 'cat /var/lib/holdfast/unacknowledged/*.payments' >"$work/replica.payments" || fail "the replica has exported nothing"
grep -qE '^tr_[0-9A-HJKMNP-TV-Z]{26}$' "$work/replica.payments" || fail "no transfer in what the replica has exported"
power_on "$now"
wait_sync w 240
stop_load
say "another history was forced upon the pair: the replica saved what only it had, and took a copy"

# The whole site is gone, and the replica lacks what was paid last, of which it has heard.
start_load replica-had
payments_flow
stop_load
catches_up
in_node r 'nft add table inet lab && nft "add chain inet lab out { type filter hook output priority 0; }" &&
  nft add rule inet lab out ip daddr 10.77.0.0/24 tcp dport 3306 drop' || fail "no filter on r"
start_load replica-lacks
payments_flow
stop_load
had=$(seq_of r)
ahead() { [ "$(replica r behind)" -gt 5 ]; }
wait_until 20 "the replica to hear that it is behind" ahead
# What the standby has acknowledged and not applied is in its relay logs alone.
now=$(active w)
standby=$(other "$now")
in_node "$standby" "systemd-run --quiet --collect --unit=replica-lock mariadb -e 'FLUSH TABLES WITH READ LOCK; SELECT SLEEP(600)'"
is_locked() { [ "$(in_node "$standby" "mariadb -N -e 'SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE \"%SLEEP(600)%\" AND STATE=\"User sleep\"'")" = 1 ]; }
wait_until 20 "a lock at $standby" is_locked
before=$(seq_of "$now")
received_more() { [ "$(in_node "$standby" "mariadb -e 'SHOW SLAVE STATUS\\G'" | sed -n 's/^ *Gtid_IO_Pos: 0-[0-9]*-//p')" -gt "$((before + 5))" ]; }
start_load replica-locked
wait_until 20 "$standby to have received more" received_more
power_off "$standby"
power_off "$now"
kill -KILL "$load_pid" # it would ask for a minute yet
wait "$load_pid" || true
refused 2 r "--accept-loss is missing" force promote r --yes
promoted() { ctl r force promote r --accept-loss --yes; }
wait_until 60 "the replica promoted" promoted
says "transactions would be lost"
says "r                has 0-"
says "r serves (SOLO)"
is_active r r || fail "$(active r) is active"
# As when it had been cut short, with all stopped and not all of it begun.
in_node r 'systemctl disable --now holdfast-ledgerd keepalived; systemctl stop holdfast-heartbeatd holdfast-replicationd mariadb' ||
  fail "r cannot be stopped"
in_node r 'touch /var/lib/holdfast/heartbeat/promotion'
ctl r status && fail "status with nothing running"
says "was cut short: holdfastctl force promote NAME --accept-loss ends it"
promoted || fail "a promotion that was cut short is not ended: $said"
in_node r '[ ! -e /var/lib/holdfast/heartbeat/promotion ]' || fail "it is not known to be ended"
says "r serves (SOLO)"
pay_and_check replica-had "$replica_url"
case $verdict in *lost=0*duplicates=0*) ;; *) fail "of what the replica had: $verdict $(tail -n 3 "$work/replica-had.verify")" ;; esac
pay_and_check replica-lacks "$replica_url"
[[ $verdict =~ lost=[1-9] ]] || fail "payments were to be lost, for this to show anything: $verdict"
say "r was promoted with all that it had, to $had; as foretold: $verdict"

# The old ones come back: they hear that they were given up, answer nothing, and save what only they have; also when this cluster has another
# key by then, which they cannot read.
token_of r
old=$token
first=$(status r .key.number)
"$lab" exec r -- timeout 60 holdfastctl key rotate >/dev/null || fail "key rotate on r"
[ "$(status r .key.number)" = "$((first + 1))" ] || fail "r has key $(status r .key.number)"
"$lab" exec r -- holdfastctl history | grep -q forced || fail "the history of r does not say that it was promoted by force"
power_on a
power_on b
gives_up() { [[ $(status "$1" .reason) == "given up: r was promoted at 0-"* ]]; }
for n in a b w; do wait_until 60 "$n to hear that it was given up" gives_up "$n"; done
# Each has exports of something earlier by now: these are of this end. And what "saved" is said of must not be asked before it is said.
is_saved() { [ "$(status "$1" .given_up.saved)" = true ]; }
for n in a b w; do wait_until 60 "$n to know that all is saved" is_saved "$n"; done
for n in a b; do
  in_node "$n" 'cd /var/lib/holdfast/unacknowledged && grep -l "given up for that of r" -- *.summary | while read -r one; do
      cat "${one%.summary}.payments"; done | grep -q ^tr_' || fail "$n has not saved what only it has"
  in_node "$n" '! systemctl is-active -q mariadb && [ ! -e /var/lib/holdfast/replication/token ]' || fail "$n has a token, or its database runs"
done
in_node "$standby" 'grep -q ^tr_ /var/lib/holdfast/unacknowledged/*-received.payments' || fail "$standby has not saved what was in its relay logs"
in_node "$standby" 'grep -q "given up for that of r" /var/lib/holdfast/unacknowledged/*-received.summary' || fail "$standby does not say why"
in_node "$standby" '! grep -q "epoch 0" /var/lib/holdfast/unacknowledged/*.summary' || fail "a summary does not know in which epoch it was"
ctl a status || true
says "r has the ledger now, and this machine answers nothing. Its exports are"
case $said in *"bring "*) fail "a advises to bring somebody back: $said" ;; esac
ctl a explain
says "it answers nothing, and has no vote"
ctl a doctor || true
says "wrong    member      a: given up: r was promoted"
case $said in *heartbeats* | *"is refused"*) fail "doctor on a says that nobody is heard, and how to mend it: $said" ;; esac
url=$replica_url start_load replica-alone
payments_flow
# And begin anew, as members of the new cluster.
said=
begins_anew a
begins_anew w
refused 1 w "has another key: the token is older" join "$old" --name w --address "$(address_of w)" --witness --yes
token_of r
ctl w join "$token" --name w --address "$(address_of w)" --witness --yes || fail "join w: $said"
ctl a join "$token" --name a --address "$(address_of a)" --interface eth0 --yes || fail "join a: $said"
wait_until 120 "SYNC of r and a" is_mode r SYNC
payments_flow
url=$replica_url stop_load
say "a and w have joined the cluster of r: $verdict"

power_off r
pair_anew "$vip/24"
# The token is from before b joined.
power_on r
begins_anew r
refused 1 r "b is the name of a member" join "$token" --name b "${as_replica[@]:2}"
power_off r
rm -f "$work/key"
