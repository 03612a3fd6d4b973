# The scenarios of tests/chaos/run. Sourced.
# shellcheck shell=bash disable=SC2034,SC2154
# NAME | WHAT IS EXPECTED OF THE ROLE | FAULTS, one after the other, with + between them; they end in the same order.
#   stay    who is active stays it
#   move    the other takes over, and keeps the role
#   either  both are right: it is a race, or what happens twice goes there and back
#   found   a test of the proof itself: something is planted that it has to find
# Of every one is expected besides: SYNC by itself after the faults have ended, payments flow again, and the checker finds nothing.
scenarios='
power-active|move|power active
power-standby|stay|power standby
power-witness|stay|power witness
power-active-standby|either|blackout active standby
power-active-witness|either|blackout active witness
power-standby-witness|stay|blackout standby witness
power-all|either|blackout active standby witness
power-rejoining|either|power active + wait 1500 + end power active + wait draw 3000 + power active
power-survivor|either|power active + wait 2000 + end power active + wait draw 3000 + power standby
power-all-twice|either|blackout active standby witness + wait 500 + end blackout active standby witness + wait draw 4000 + blackout active standby witness
power-pair-moving|either|switchover + wait draw 400 + blackout active standby
power-pair-rejoining|either|power standby + wait 1500 + end power standby + wait draw 3000 + blackout active standby
cut-pair|stay|cut active standby
cut-active-witness|stay|cut active witness
cut-standby-witness|stay|cut standby witness
cut-active-to-standby|either|cut active standby --one-way
cut-standby-to-active|either|cut standby active --one-way
cut-active-to-witness|stay|cut active witness --one-way
cut-witness-to-active|stay|cut witness active --one-way
cut-standby-to-witness|stay|cut standby witness --one-way
cut-witness-to-standby|stay|cut witness standby --one-way
isolate-active|move|isolate active
isolate-standby|stay|isolate standby
isolate-witness|stay|isolate witness
alone-active|move|alone active
alone-standby|stay|alone standby
cut-everything|either|cut active standby + cut active witness + cut standby witness
flap-pair|stay|flap active standby 6
flap-active-witness|stay|flap active witness 6
loss-active-1|stay|loss active 1
loss-active-5|either|loss active 5
loss-active-20|either|loss active 20
loss-active-40|either|loss active 40
loss-standby-5|stay|loss standby 5
loss-standby-20|either|loss standby 20
loss-standby-40|either|loss standby 40
loss-witness-40|stay|loss witness 40
slow-standby|either|slow standby 100
slow-active|either|slow active 200
freeze-active|move|freeze active
freeze-standby|stay|freeze standby
freeze-witness|stay|freeze witness
freeze-blink|either|freeze active + wait draw 900 + end freeze active
stolen-address|either|stolen
kill-queries-active|either|kill-queries active
kill-queries-standby|either|kill-queries standby
switchover|move|switchover
switchover-kill-mariadb-active|either|switchover + wait draw 300 + signal KILL active mariadb
switchover-kill-mariadb-standby|either|switchover + wait draw 300 + signal KILL standby mariadb
switchover-kill-ledgerd-standby|either|switchover + wait draw 300 + signal KILL standby ledgerd
switchover-kill-heartbeatd-active|either|switchover + wait draw 300 + signal KILL active heartbeatd
switchover-power-active|either|switchover + wait draw 300 + power active
switchover-power-standby|either|switchover + wait draw 300 + power standby
switchover-cut-pair|either|switchover + wait draw 300 + cut active standby
promotion-kill-mariadb|either|power active + wait draw 1200 + signal KILL standby mariadb
promotion-kill-replicationd|move|power active + wait draw 1200 + signal KILL standby replicationd
promotion-kill-ledgerd|move|power active + wait draw 1200 + signal KILL standby ledgerd
promotion-kill-heartbeatd|either|power active + wait draw 1200 + signal KILL standby heartbeatd
promotion-power-witness|either|power active + wait draw 1200 + power witness
promotion-freeze|either|power active + wait draw 1200 + freeze standby + wait draw 1500 + end freeze standby
rejoin-kill-mariadb|either|power active + wait 1500 + end power active + wait draw 2500 + signal KILL active mariadb
rejoin-kill-replicationd|move|power active + wait 1500 + end power active + wait draw 2500 + signal KILL active replicationd
rejoin-cut-pair|either|power active + wait 1500 + end power active + wait draw 2500 + cut active standby + wait 1000 + end cut
reseed|stay|reseed
reseed-kill-replicationd-active|stay|reseed + wait draw 1500 + signal KILL active replicationd
reseed-kill-replicationd-standby|stay|reseed + wait draw 1500 + signal KILL standby replicationd
reseed-power-standby|stay|reseed + wait draw 1500 + power standby
reseed-power-active|stay|reseed + wait draw 1500 + power active
reseed-cut-pair|stay|reseed + wait draw 1500 + cut active standby
lost-standby|stay|lose standby
lost-witness|stay|lose witness
lost-active|move|lose active
lost-witness-power-active|move|lose witness + wait 500 + end lose witness + wait draw 1500 + power active
lost-standby-kill-replicationd|stay|lose standby + wait 500 + end lose standby + wait draw 1500 + signal KILL active replicationd
upgrade-standby|stay|reinstall standby
upgrade-active|either|reinstall active
upgrade-witness|stay|reinstall witness
upgrade-kill-standby|either|reinstall active + wait draw 1500 + signal KILL standby replicationd
rolling-restart|either|roll witness + wait 2000 + roll standby + wait 4000 + roll active
restart-everything|either|roll witness + roll standby + roll active
clock-ahead-active|stay|clock active 10800
clock-behind-active|stay|clock active -10800
clock-ahead-standby|stay|clock standby 10800
clock-behind-standby|stay|clock standby -10800
clock-witness|stay|clock witness 86400
clock-ahead-then-power|move|clock active 10800 + wait 1000 + power active
clock-behind-heir|move|clock standby -10800 + power active
clock-there-and-back|stay|clock active 7200 + wait draw 1000 + end clock active + wait draw 1000 + clock active -7200
ledger-locked-active|move|grey database-locked active
crash-loop-mariadb-active|either|grey database-crashes active
crash-loop-ledgerd-active|either|grey ledger-crashes active
link-drop-both|stay|grey link-drop-both active
link-drop-in|stay|grey link-drop-in active
link-drop-out|stay|grey link-drop-out active
link-reject-both|stay|grey link-reject-both active
run-full-active|stay|grey disk-full-run active
memory-hog-active|either|memory active 256 hog
memory-hog-standby|stay|memory standby 256 hog
disk-stall-data-active|move|grey disk-stall-data active
disk-stall-register-active|move|grey disk-stall-register active
disk-stall-both-active|move|grey disk-stall-both active
disk-stall-data-standby|stay|grey disk-stall-data standby
disk-stall-register-standby|stay|grey disk-stall-register standby
disk-full-data-active|move|grey disk-full-data active
disk-full-data-standby|stay|grey disk-full-data standby
disk-full-register-active|move|grey disk-full-register active
disk-readonly-data-active|move|grey disk-readonly-data active
disk-readonly-data-standby|stay|grey disk-readonly-data standby
'

# Every daemon of every machine, and what happens to the role when the active's one gets the signal (KILL TERM STOP) or is restarted.
# A daemon that died is started again after 0.1 s; a TERM may be a farewell, which hands over.
daemons='
heartbeatd  either either move   either
replicationd stay  either move   either
ledgerd     stay   either move   either
workerd     stay   stay   stay   stay
tickled     stay   stay   stay   stay
keepalived  stay   either stay   either
haproxy     stay   either move   either
mariadb     move   move   move   move'

all_scenarios() {
  local daemon kill term stop restart
  printf '%s\n' "$scenarios" | grep .
  while read -r daemon kill term stop restart; do
    [ -n "$daemon" ] || continue
    printf 'kill-%s-active|%s|signal KILL active %s\n' "$daemon" "$kill" "$daemon"
    printf 'term-%s-active|%s|signal TERM active %s\n' "$daemon" "$term" "$daemon"
    printf 'stop-%s-active|%s|signal STOP active %s\n' "$daemon" "$stop" "$daemon"
    printf 'restart-%s-active|%s|restart active %s\n' "$daemon" "$restart" "$daemon"
    printf 'kill-%s-standby|stay|signal KILL standby %s\n' "$daemon" "$daemon"
    printf 'term-%s-standby|stay|signal TERM standby %s\n' "$daemon" "$daemon"
    printf 'stop-%s-standby|stay|signal STOP standby %s\n' "$daemon" "$daemon"
    printf 'restart-%s-standby|stay|restart standby %s\n' "$daemon" "$daemon"
  done <<<"$daemons"
  for kill in KILL TERM STOP; do printf '%s-heartbeatd-witness|stay|signal %s witness heartbeatd\n' "${kill,,}" "$kill"; done
  echo 'restart-heartbeatd-witness|stay|restart witness heartbeatd'
}

# With a lab up --own-disks alone, and the lab may be of no use afterwards: both databases believe a disk that lies about what it has, and both machines lose their power. What was
# answered is gone then, and the checker has to see it.
self_test() {
  own_disks || refuse "lying-disks wants a lab up --own-disks"
  echo 'lying-disks|found|settle active standby + wait 2500 + blackout active standby'
}

# random_faults [living]: of all that are a single one and need no disk of their own and no human, two or three, with a time between them that
# is drawn. living: of those that end no process of ours.
random_faults() {
  local n i line said='' which='.'
  local -a single
  [ "${1:-}" != living ] || which='^(cut|isolate|alone|flap|loss|slow|freeze|stolen|kill-queries|grey link)'
  mapfile -t single < <(all_scenarios | cut -d'|' -f3 | grep -Ev ' \+ |disk-|clock |lose |reinstall|switchover|database-crashes|ledger-crashes' | grep -E "$which")
  draw 1
  n=$((2 + drawn))
  for ((i = 0; i < n; i++)); do
    draw $((${#single[@]} - 1))
    line=${single[drawn]}
    said+="${said:+ + wait draw 1500 + }$line"
  done
  printf '%s' "$said"
}
