# Another series of MariaDB, one gateway after the other, as doc/operations.md has it, under load: each copy says that mariadb-upgrade is
# wanted, that runs on a standby without a trace in the history, and nobody is alone but while a database is down. The series itself is
# pretended: what the last mariadb-upgrade left is made to name an older one.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016
asks_for_upgrade() { [[ $(status "$1" ".nodes[]|select(.name==\"$1\").reason") = *"run mariadb-upgrade on it"* ]]; }
asks_no_more() { ! asks_for_upgrade "$1"; }
is_ended() { ! "$lab" exec "$1" -- pgrep -x mariadbd >/dev/null; }
is_there() { "$lab" exec "$1" -- mariadb -N -e 'SELECT 1' >/dev/null 2>&1; }
on() { timeout 120 "$lab" exec "$1" -- sh -c "$2" || fail "on $1: $2"; } # NODE COMMAND

start_load mariadb-upgrade
was=$(active w)
heir=$(other "$was")
for node in "$heir" "$was"; do
  [ "$(active w)" != "$node" ] || ctl w switchover --yes || fail "switchover away from $node: $said"
  wait_sync
  before=$(told "$node" holdfast-replicationd 'event=data.version')
  ctl "$node" maintenance on "$node" || fail "maintenance of $node: $said"
  on "$node" 'systemctl stop holdfast-replicationd && mariadb -e SHUTDOWN'
  wait_until 60 "the database of $node has ended" is_ended "$node"
  on "$node" 'printf 10.1.48-MariaDB >/var/lib/holdfast/mysql/mysql_upgrade_info && systemctl start holdfast-replicationd'
  wait_until 60 "the database of $node runs" is_there "$node"
  wait_until 60 "the journal of $node tells" told_more "$node" holdfast-replicationd 'event=data.version' "$before"
  on "$node" 'mariadb-upgrade --silent'
  ctl "$node" maintenance off "$node" || fail "the end of the maintenance of $node: $said"
  wait_sync
  payments_flow
  wait_until 30 "$node asks no more" asks_no_more "$node"
  say "$node: asked for, done, and in sync"
done
# Of one that serves it is shown, too.
now=$(active w)
on "$now" 'printf 10.1.48-MariaDB >/var/lib/holdfast/mysql/mysql_upgrade_info'
wait_until 30 "$now asks for it" asks_for_upgrade "$now"
on "$now" 'mariadb -N -e "SELECT @@version" >/var/lib/holdfast/mysql/mysql_upgrade_info'
wait_until 30 "$now asks no more" asks_no_more "$now"
power_off "$now"
wait_until 60 "the other one is active" is_active w "$(other "$now")"
payments_flow
power_on "$now"
wait_sync
stop_load
