# Who faces the network must not be able to take over: what HAProxy's and the workers' users can reach on a machine.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016
as() { # USER NODE COMMAND...
  local user=$1 node=$2
  shift 2
  timeout 30 "$lab" exec "$node" -- setpriv --reuid="$user" --regid=holdfast --clear-groups "$@" 2>&1
}
refused() { # USER NODE SHELL-COMMAND
  local said
  if said=$(as "$1" "$2" sh -c "cd /run/holdfast && $3"); then fail "$1 on $2 may: $3"; fi
  case $said in *"ermission denied"*) ;; *) fail "$1 on $2: $3: '$said'" ;; esac
}
# What the other end says within 3 s.
connect='use IO::Socket::UNIX; $SIG{ALRM} = sub { print "silence\n"; exit }; alarm 3;
  $s = IO::Socket::UNIX->new(Peer => "/run/holdfast/$ARGV[0]") or do { print "$!\n"; exit };
  print sysread($s, $b, 100) ? $b : "hung up\n"'
hears() { # USER NODE SOCKET PATTERN
  local said
  said=$(as "$1" "$2" perl -e "$connect" "$3")
  [[ $said =~ $4 ]] || fail "$1 on $2 hears '$said' from $3, want $4"
}
start_load strangers
was=$(active w)
standby=$(other "$was")
for node in a b; do
  for user in haproxy holdfast-worker holdfast-ledger; do
    refused "$user" "$node" 'ln -s /root/stranger mariadb.env.new'
    refused "$user" "$node" 'echo 0 >vrrp'
    refused "$user" "$node" 'mv role other'
    refused "$user" "$node" 'echo >members'
    refused "$user" "$node" 'ls /run/holdfast-root'
    hears "$user" "$node" seed-peer.sock denied
    hears "$user" "$node" replicationd.sock denied
  done
  hears holdfast-worker "$node" seed.sock denied
  hears holdfast-ledger "$node" seed.sock denied
  hears holdfast-worker "$node" ledger/ledgerd.sock silence
  hears holdfast-heartbeat "$node" ledger/ledgerd.sock '^hung up'
  hears haproxy "$node" ledger-peer.sock denied
done
# What each of our services may do, as systemd counts it. `holdfast-seed@` and `holdfast-metrics@` have instances only.
for unit in heartbeatd replicationd ledgerd workerd@w1 workers tickled reconfigure address backup verify metrics@0 seed@0; do
  exposure=$("$lab" exec "$was" -- systemd-analyze --no-pager --threshold=30 security "holdfast-$unit.service" 2>&1) ||
    fail "holdfast-$unit is exposed: $(tail -n 1 <<<"$exposure")"
done
say "every service is shut in: systemd-analyze security says less than 3.0"

say "neither HAProxy nor a worker can write in /run/holdfast or have the database"

# 2 is as good as 1 to keepalived: the address stays where it is meanwhile.
"$lab" exec "$standby" -- sh -c 'echo 2 >/run/holdfast/vrrp'
is_vrrp() { [ "$("$lab" exec "$standby" -- cat /run/holdfast/vrrp)" = 1 ]; }
wait_until 5 "vrrp of $standby written again" is_vrrp
say "what somebody else writes for keepalived is corrected"

as haproxy "$was" perl -e 'use Socket; for (1 .. 200) { socket(my $s, AF_UNIX, SOCK_SEQPACKET, 0);
  connect($s, sockaddr_un("/run/holdfast/heartbeatd.sock")); push @s, $s } sleep 6' &
silent=$!
"$lab" exec "$was" -- systemctl restart holdfast-replicationd holdfast-ledgerd
wait_sync
payments_flow
wait "$silent" || fail "the silent ones"
stop_load
say "silent connections keep no daemon out"
