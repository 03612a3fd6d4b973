# A configuration that is changed while everything runs, under load: what is wrong changes nothing and is told, SIGHUP ends nobody, keys
# that need a restart are named, and a file that HAProxy, keepalived or MariaDB would not take does not replace the one there is; a kill
# in the middle of that loses no reload.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016

conf=/etc/holdfast/holdfast.conf
share=/usr/share/holdfast
node=$(active w)
kept=$("$lab" exec "$node" -- cat $conf)
units='holdfast-heartbeatd holdfast-replicationd holdfast-ledgerd holdfast-tickled holdfast-workerd@1 holdfast-workerd@2'
pids() { "$lab" exec "$node" -- systemctl show -P MainPID $units haproxy keepalived mariadb; }
with_conf() { printf '%s\n%s\n' "$kept" "$1" | "$lab" exec "$node" -- tee $conf >/dev/null; }
events_have() { in_node "$node" "holdfastctl events --since '$since' --json" | jq -es --arg u "$1" --arg e "$2" --arg w "$3" \
  'any(.source == $u and .event == $e and ((.fields.key // "") + (.fields.why // "") | contains($w)))' >/dev/null; }
mark() {
  sleep 1.1 # --since has whole seconds
  since=$("$lab" exec "$node" -- date -u +%Y-%m-%dT%H:%M:%SZ)
}
put_back() {
  printf '%s\n' "$kept" | "$lab" exec "$node" -- tee $conf >/dev/null
  in_node "$node" "for f in haproxy.cfg keepalived.conf mariadb.cnf; do [ ! -e /root/\$f.in ] || mv /root/\$f.in $share/\$f.in; done"
}

start_load reload
before=$(pids)
mark
told() { in_node "$node" "journalctl -q -o cat -u holdfast-ledgerd" | grep -c "'hold-timeout-ms' is '5', want 100 to 20000"; }
told=$(told)
# Wrong: whoever reloads is told, and a bare SIGHUP is answered in the journal.
with_conf $'[gateway]\nhold-timeout-ms = 5\nnonsense = 1'
for unit in $units; do
  in_node "$node" "systemctl reload '$unit'" >"$work/reload.out" 2>&1 && fail "$unit takes a wrong configuration"
done
[ "$(told)" -gt "$told" ] || fail "the reload of holdfast-ledgerd did not say what is wrong"
in_node "$node" "systemctl kill -s HUP $units" || fail "no SIGHUP"
for unit in ledgerd workerd@1 replicationd tickled; do
  wait_until 10 "$unit refuses the value" events_have $unit conf.refuse "'hold-timeout-ms' is '5', want 100 to 20000"
  events_have $unit conf.refuse "unknown key 'nonsense' in [gateway]" || fail "$unit told only the first error"
done
wait_until 10 "heartbeatd says when it reads it" events_have heartbeatd conf.restart any
[ "$(pids)" = "$before" ] || fail "a wrong configuration ended somebody: $before, now $(pids)"
payments_flow
say "a wrong configuration is refused, and nobody ended"

# The same without a reload, and of a file that is not in place yet. It takes turns with reconfigure.
refused 1 "$node" "unknown key 'nonsense' in [gateway]" check
case $said in *"'hold-timeout-ms' is '5', want 100 to 20000"*"2 mistakes in $conf"*) ;; *) fail "check: $said" ;; esac
printf '%s\n%s\n' "$kept" $'[gateway]\nworkers = 3\n[heartbeat]\nlease-ms = 210' | "$lab" exec "$node" -- tee /root/next.conf >/dev/null
printf '%s\n' "$kept" | "$lab" exec "$node" -- tee $conf >/dev/null
all_there() { # every file and directory that is not as it was has another number, size or mode
  in_node "$node" 'find /etc -ignore_readdir_race -printf "%p %i %y %s %m %u\n" >/root/there && LC_ALL=C sort /root/there &&
    find /run -xdev -ignore_readdir_race -name "*.tried"'
}
there=$(all_there) || fail "what is on $node cannot be listed"
[[ $there = *"$conf "* ]] || fail "the list of what is on $node: $there"
ctl "$node" check || fail "check: $said"
says "$conf is good: $node, a gateway of pay"
ctl "$node" check /root/next.conf || fail "check of another file: $said"
says "[heartbeat] lease-ms: 150 -> 210: restart holdfast-heartbeatd"
says "haproxy.cfg would be written anew: holdfastctl reconfigure"
in_node "$node" "cp $share/keepalived.conf.in /root/ && echo nonsense >>$share/keepalived.conf.in"
refused 1 "$node" "keepalived refuses what would be written to /etc/holdfast/keepalived.conf" check /root/next.conf
in_node "$node" "mv /root/keepalived.conf.in $share/keepalived.conf.in"
in_node "$node" "flock /run/holdfast-root/reconfigure.lock timeout 2 holdfastctl check /root/next.conf >/dev/null 2>&1; [ \$? = 124 ]" || fail "check does not wait for reconfigure"
# Killed while a program reads what was made for it.
in_node "$node" "cp -a /usr/sbin/haproxy /root/haproxy && rm /usr/sbin/haproxy && printf '#!/bin/sh\n: >/root/asked; sleep 60\n' >/usr/sbin/haproxy && chmod 755 /usr/sbin/haproxy
  holdfastctl check /root/next.conf & pid=\$!
  until [ -e /root/asked ] || ! kill -0 \$pid; do sleep 0.05; done
  kill -9 \$pid; wait \$pid; rm /usr/sbin/haproxy; mv /root/haproxy /usr/sbin/haproxy" >/dev/null 2>&1
in_node "$node" 'test -x /usr/sbin/haproxy && rm /root/asked' || fail "the kill did not come in between"
left=$(all_there) || fail "what is on $node cannot be listed"
[ "$left" = "$there" ] || fail "check has left or changed something: $(diff <(printf '%s\n' "$there") <(printf '%s\n' "$left"))"
[ "$(pids)" = "$before" ] || fail "check ended somebody"
say "check says what a reload would, and does nothing"

# Right: what can hold at once does, the rest is named.
mark
with_conf $'[gateway]\naccess-log = on\nin-flight-max = 77\nworker-port = 8201\n[replication]\nrelay-port = 4407'
for unit in $units; do
  in_node "$node" "systemctl reload '$unit'" || fail "$unit does not reload"
done
wait_until 10 "access-log" events_have workerd@2 conf.apply access-log
wait_until 10 "worker-port" events_have workerd@2 conf.restart worker-port
wait_until 10 "in-flight-max" events_have ledgerd conf.apply in-flight-max
wait_until 10 "relay-port" events_have replicationd conf.restart relay-port
wait_until 10 "tickled, which none of this concerns" in_node "$node" "holdfastctl events --since $since | grep -q 'tickled.*conf.same'"
answered() { [ "$(in_node "$node" "journalctl -q -o cat --since '-3s' -u 'holdfast-workerd@*'" | grep -c 'event=request.answer.*status=201')" -gt 0 ]; }
wait_until 10 "a line of each request, without a restart" answered
put_back
in_node "$node" "systemctl reload 'holdfast-workerd@*' holdfast-ledgerd" || fail "no reload back"
[ "$(pids)" = "$before" ] || fail "a reload ended somebody"
say "what can hold at once does, and what needs a restart is named"

# What its owner would not take does not replace what there is.
sums() { in_node "$node" 'cd /etc/holdfast && sha256sum haproxy.cfg keepalived.conf mariadb.cnf'; }
good=$(sums)
for one in haproxy.cfg:'nonsense 1':haproxy keepalived.conf:'nonsense 1 {':keepalived mariadb.cnf:'nonsense = 1':mariadbd; do
  IFS=: read -r file line program <<<"$one"
  in_node "$node" "cp $share/$file.in /root/ && printf '%s\n' '$line' >>$share/$file.in"
  refused 1 "$node" "$program refuses what would be written to /etc/holdfast/$file, so the old one stays:" reconfigure
  says nonsense
  [ "$(sums)" = "$good" ] || fail "$file was replaced all the same"
  in_node "$node" "! ls /etc/holdfast/*.new" >/dev/null 2>&1 || fail "something of the refused $file is left"
  put_back
done
ctl "$node" reconfigure || fail "reconfigure with nothing changed: $said"
[ "$(pids)" = "$before" ] || fail "what was refused ended somebody"
payments_flow

# Killed between the new file and the reload: the next run reloads. systemctl is what it waits at.
mark
in_node "$node" "cp $share/haproxy.cfg.in /root/ && printf '# another\n' >>$share/haproxy.cfg.in
  cp -a /usr/bin/systemctl /root/systemctl && rm /usr/bin/systemctl && printf '#!/bin/sh\nsleep 60\n' >/usr/bin/systemctl && chmod 755 /usr/bin/systemctl
  holdfastctl reconfigure & pid=\$!
  until tail -n 1 /etc/holdfast/haproxy.cfg | grep -q another; do sleep 0.05; done
  kill -9 \$pid; wait \$pid; rm /usr/bin/systemctl; mv /root/systemctl /usr/bin/systemctl" >/dev/null 2>&1
in_node "$node" "tail -n 1 /etc/holdfast/haproxy.cfg | grep -q another && test -x /usr/bin/systemctl" || fail "the kill did not come in between"
workers() { in_node "$node" 'pgrep -P "$(systemctl show -P MainPID haproxy)" | sort -n | tail -n 1'; }
old=$(workers)
ctl "$node" reconfigure || fail "the run after the kill: $said"
is_new() { [ "$(workers)" != "$old" ]; }
wait_until 10 "HAProxy reloaded by the run after the kill" is_new
put_back
ctl "$node" reconfigure || fail "reconfigure at the end: $said"
[ "$(sums)" = "$good" ] || fail "the files are not as they were"
payments_flow
say "what is refused does not replace what runs; a kill in between loses no reload"
stop_load
