# A worker host: a machine that is no member, without the cluster's key. It joins by the commands of doc/operations.md, payments go through it, it
# follows the role, drains when it stops, may lose its power, gets new certificates; what is removed is let in no longer. What it may not do.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016

LOAD_RATE=300
host() { # NODE KEY: of r, as HAProxy of NODE sees it
  timeout 20 "$lab" exec "$1" -- holdfastctl worker list --json 2>/dev/null | jq -r ".workers[]|select(.name==\"r\").$2"
}
is_host() { [ "$(host "$1" state)" = "$2" ]; }
both_see() { is_host a "$1" && is_host b "$1"; }
served() { # requests answered by the workers of r
  "$lab" exec r -- sh -c 'cat /run/holdfast/worker/metrics-*' 2>/dev/null |
    awk '/^holdfast_http_requests_total[{]/ { n += $NF } END { print n + 0 }'
}
serves_more() { [ "$(served)" -gt "$1" ]; }
goes_through() { # payments go through r from now on
  local before
  before=$(served)
  wait_until 30 "payments through r after $before" serves_more "$((before + 50))"
}
failed() { # requests of the load without an answer, or with one that means no good
  local n
  n=$(grep -cE '"status":(0|5[0-9][0-9])[,}]' "$work/$load_name.history")
  echo "${n:-0}"
}
serial() { "$lab" exec r -- openssl x509 -noout -serial -in /etc/holdfast/pki/node.pem; }
from_r() { # PORT PATH: what a gateway answers to its certificate
  "$lab" exec r -- sh -c "printf 'GET $2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' |
    timeout 5 openssl s_client -quiet -connect 10.77.0.${3:-1}:$1 -cert /etc/holdfast/pki/node-full.pem 2>/dev/null | head -c 200"
}
at_ledger() { # NUMBER: is r let in at the ledger of that gateway? A worker that says nothing yet is not hung up on at once
  "$lab" exec r -- sh -c "sleep 4 | timeout 3 openssl s_client -quiet -connect 10.77.0.$1:7444 -cert /etc/holdfast/pki/node-full.pem >/dev/null 2>&1
    case \$? in 124) echo held ;; 0 | 1) echo refused ;; *) echo unknown ;; esac"
}
token_in() { grep -o 'hfw1-[A-Za-z0-9_-]*' <<<"$said" | head -n 1; }
let_in() { # the host joins anew, with the token of gateway $1
  ctl "$1" worker add r --address 10.77.0.4 || fail "worker add: $said"
  token=$(token_in)
  [ -n "$token" ] || fail "no token in: $said"
  ctl r join "$token" --name r --address 10.77.0.4 --worker --yes || fail "join: $said"
  says "r is a worker host of pay"
}

power_on r
in_node r '[ ! -e /etc/holdfast/holdfast.conf ]' || host_begins_anew
now=$(active w)
standby=$(other "$now")
for n in a b; do # left by a run before
  ctl "$n" worker remove r || true
done

# What is wrong is said, and nothing changes.
refused 2 "$now" "--address is '10.77.0.400', want an IPv4 or IPv6 address" worker add r --address 10.77.0.400
refused 2 "$now" "'R' is not the name of a worker host" worker add R --address 10.77.0.4
refused 1 "$now" "is that of the member w" worker add r --address 10.77.0.3
refused 1 "$now" "b is the name of the member" worker add b --address 10.77.0.4
refused 1 r "this machine belongs to no cluster" worker list
refused 1 "$now" "is the virtual IP" worker add r --address "$vip"
refused 1 "$now" "--address 127.0.0.1 is that of every machine for itself" worker add r --address 127.0.0.1
refused 1 "$now" "the broadcast address of the network of eth0" worker add r --address 10.77.0.255
refused 1 "$now" "the network address of the network of eth0" worker add r --address 10.77.0.0
for wrong in 0.0.0.0 224.0.0.1 255.255.255.255 fe80::1 ff02::1 ::; do
  refused 2 "$now" "--address is '$wrong', want an IPv4 or IPv6 address" worker add r --address "$wrong"
done
refused 1 "$now" "there is no worker host never" worker remove never
refused 1 w "this machine is a witness" worker list
refused 2 "$now" "--address is missing: want an IPv4 or IPv6 address" worker add r
refused 2 r "add --worker" join hfw1-abc --name r --address 10.77.0.4 --interface eth0 --yes
refused 1 r "not the token of a worker host" join hf1-abc --name r --address 10.77.0.4 --worker --yes
refused 2 r "--interface is not for a worker host" join hfw1-abc --name r --address 10.77.0.4 --worker --interface eth0 --yes
refused 2 r "it is one of them" join hfw1-abc --name r --address 10.77.0.4 --worker --witness --yes
ctl "$now" worker add r --address 10.77.0.4 || fail "worker add: $said"
token=$(token_in)
refused 1 "$now" "there is a worker host r already" worker add r --address 10.77.0.5
refused 1 "$now" "is the address of the worker host r" worker add r2 --address 10.77.0.4
refused 1 r "its checksum is wrong" join "${token%????}AAAA" --name r --address 10.77.0.4 --worker --yes
refused 1 r "the token is that of r" join "$token" --name x --address 10.77.0.4 --worker --yes
refused 1 r "the token is for 10.77.0.4" join "$token" --name r --address 10.77.0.5 --worker --yes
in_node r '[ ! -e /etc/holdfast/holdfast.conf ]' || fail "a join that was refused has left something"

# Its name is no member's, nor a replica's; and who may not join is named where the role is.
[[ $(in_node "$now" 'cat /run/holdfast/worker-hosts') = *"r 10.77.0.4 "* ]] || fail "heartbeatd cannot know the name of r"
of_cluster=$(in_node "$now" 'holdfastctl token' | grep -o 'hf[0-9]*-[A-Za-z0-9_-]*' | head -n 1)
refused 1 r "r is the name of a worker host: join with another one" join "$of_cluster" --name r --address 10.77.0.4 --interface eth0 --vip 10.77.0.101/24 --replica --yes
power_off w
gone() { ctl "$now" replace w --yes; }
wait_until 30 "that w may be replaced" gone
of_cluster=$(grep -o 'hf[0-9]*-[A-Za-z0-9_-]*' <<<"$said" | head -n 1)
power_on w
wait_until 30 "w" is_active w "$now"
began=$(in_node "$now" 'date +%s')
refused 1 r "the cluster refused: the cluster has a witness already" join "$of_cluster" --name r --address 10.77.0.4 --witness --yes
in_node "$now" "journalctl -q -o cat -u holdfast-heartbeatd --since @$began" >"$work/join.refuse"
[ "$(grep -c 'event=join.refuse name=r address=10.77.0.4 .*the cluster has a witness already' "$work/join.refuse")" = 1 ] || fail "$now does not say once whom it has refused"
in_node r '[ ! -e /etc/holdfast/holdfast.conf ]' || fail "a join that was refused has left something"
say "no member and no replica under the name of a worker host"

start_load worker-host
ctl r join "$token" --name r --address 10.77.0.4 --worker --yes || fail "join: $said"
says "r is a worker host of pay"
in_node r '[ ! -e /etc/holdfast/cluster.key ] && ! systemctl is-active -q holdfast-heartbeatd' || fail "r has the cluster's key, or a heartbeatd"
wait_until 60 "both gateways to have r" both_see up
goes_through
say "r has joined, and payments go through it"
refused 2 r "this machine is a worker host" explain
ctl r status || fail "status of r: $said"
says "r, 10.77.0.4, is a worker host of the cluster pay  active $now  certificate until "
says "$standby               gateway  $(address_of "$standby")       not active"
says "workerd@2       process  -               up"
ctl r status --json || fail "status --json of r: $said"
[ "$(jq -r '.active + " " + .kind' <<<"$said")" = "$now worker" ] || fail "status --json of r: $said"
ctl r doctor || fail "doctor of r: $said"
says "each lets this machine in, and $now is active"
says "HAProxy takes its configuration"
refused 1 r "this machine is a worker host: run it on a gateway (" worker list
says "'holdfastctl status' here shows what this one has"
[ "$(in_node r 'holdfastctl doctor --json' | jq -r '[.findings[].mend|select(test("mariadb"))]|length')" = 0 ] || fail "doctor speaks of MariaDB on a worker host"
# By hand, and not mended by itself meanwhile.
in_node r 'systemctl stop holdfast-workers.timer'
# Its list of gateways crossed, with one twice, and with one alone: each is called what it is.
in_node r "cp -p /etc/holdfast/gateways /root/gateways; sed -i 's/^a /x /; s/^b /a /; s/^x /b /' /etc/holdfast/gateways && holdfastctl reconfigure" || fail "reconfigure of r"
crossed() { ctl r status; [[ $said = *"10.77.0.2 is the address of b, not of a: write into /etc/holdfast/gateways"* ]]; }
wait_until 10 "r to say that its gateways are crossed" crossed
refused 1 r "10.77.0.1 is the address of a, not of b, as /etc/holdfast/gateways has it" doctor
in_node r "sed -i 's/^a .*/b 10.77.0.1/' /etc/holdfast/gateways"
refused 2 r "/etc/holdfast/gateways:2: b stands there twice" status
refused 1 r "/etc/holdfast/gateways:2: b stands there twice" doctor
in_node r "grep '^$now ' /root/gateways >/etc/holdfast/gateways && holdfastctl reconfigure" || fail "reconfigure of r"
alone() { ctl r status; [[ $said = *"$now alone is in /etc/holdfast/gateways"* ]]; }
wait_until 10 "r to say that a gateway is missing" alone
ctl r doctor || true
says "when the role goes to the other gateway, nothing is served here"
in_node r "mv /root/gateways /etc/holdfast/gateways && holdfastctl reconfigure && systemctl start holdfast-workers.timer" || fail "reconfigure of r"
whole_again() { ctl r doctor && [[ $said = *"each lets this machine in, and $now is active"* ]]; }
wait_until 10 "r to hear both gateways" whole_again
say "a wrong list of gateways is called what it is"
# A gateway at another address: it says what to type, and that is enough. In the first minute it could be that it was not let in yet.
in_node r "systemctl stop holdfast-workers.timer; touch -d '-2 min' /etc/holdfast/pki/node.key; sed -i 's/^$standby .*/$standby 10.77.0.222/' /etc/holdfast/gateways && holdfastctl reconfigure" || fail "reconfigure of r"
mute() { ctl r status; [[ $said = *"If $standby has another address now: write that into /etc/holdfast/gateways"* ]]; }
wait_until 10 "r to miss $standby" mute
refused 1 r "$standby, 10.77.0.222, does not let this machine in" doctor
# By itself: the active gateway tells where they are, and the file stays whose it was.
in_node r 'chmod 640 /etc/holdfast/gateways && systemctl start holdfast-workers.timer'
is_mended() { in_node r "grep -q '^$standby $(address_of "$standby")\$' /etc/holdfast/gateways"; }
wait_until 45 "r to learn where $standby is" is_mended
[ "$(in_node r 'stat -c "%a %U" /etc/holdfast/gateways; wc -l </etc/holdfast/gateways')" = "640 root
2" ] || fail "the list of gateways of r: $(in_node r 'ls -l /etc/holdfast/gateways; cat /etc/holdfast/gateways')"
in_node r 'chmod 644 /etc/holdfast/gateways'
heard_again() { ctl r status; [[ $said = *"$(address_of "$standby")       not active"* ]]; }
wait_until 10 "r to hear $standby again" heard_again
# Addresses that somebody wrote on purpose, here because they are translated on the way: they stay while the gateways answer there.
in_node r "nft 'add table ip way; add chain ip way out { type nat hook output priority -100; }
  add rule ip way out ip daddr 10.77.0.223 dnat to $(address_of "$now"); add rule ip way out ip daddr 10.77.0.224 dnat to $(address_of "$standby")'
  systemctl stop holdfast-workers.timer; printf '%s\n' '$now 10.77.0.223' '$standby 10.77.0.224' >/etc/holdfast/gateways && holdfastctl reconfigure" || fail "reconfigure of r"
heard_there() { ctl r status; [[ $said = *"10.77.0.223     active"*"10.77.0.224     not active"* ]]; }
wait_until 10 "r to hear both by the way that is translated" heard_there
ctl r worker sync || fail "worker sync: $said"
[ "$(in_node r 'cat /etc/holdfast/gateways')" = "$now 10.77.0.223
$standby 10.77.0.224" ] || fail "what was written on purpose is gone: $(in_node r 'cat /etc/holdfast/gateways')"
in_node r "nft delete table ip way; printf '%s\n' 'a $(address_of a)' 'b $(address_of b)' >/etc/holdfast/gateways && holdfastctl reconfigure && systemctl start holdfast-workers.timer" || fail "reconfigure of r"
wait_until 10 "r to hear $standby again" heard_again
ctl r metrics || fail "metrics: $said"
says 'holdfast_certificate_end_timestamp_seconds{certificate="node"}'
is_counted() { ctl r metrics && [[ $said = *'holdfast_daemon_up{daemon="workerd@2"} 1'* ]]; }
wait_until 10 "the metrics of the workers of r" is_counted

# It is let in for the ledger, and to ask; not for lists, requests of clients, or copies of the database.
case $(from_r 7443 /gateways) in "HTTP/1.1 200"*"a 10.77.0.1"*"b 10.77.0.2"*) ;; *) fail "r asks where the gateways are: $(from_r 7443 /gateways)" ;; esac
for path in /workers /v1/accounts /healthz; do
  case $(from_r 7443 "$path") in "HTTP/1.1 403"*) ;; *) fail "r asks for $path: $(from_r 7443 "$path")" ;; esac
done
[ -z "$(from_r 7445 /)" ] || fail "r hears something from the port of fresh copies"
"$lab" exec r -- cat /etc/holdfast/pki/node-full.pem >"$work/stolen.pem"
stolen() { # what its certificate gets from another address
  printf 'GET /edgez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' |
    "$lab" client -- timeout 5 openssl s_client -quiet -connect 10.77.0.1:7443 -cert "$work/stolen.pem" 2>/dev/null | head -c 100
}
case $(from_r 7443 /edgez) in "HTTP/1.1 200"*) ;; *) fail "r asks whether a lives: $(from_r 7443 /edgez)" ;; esac
[ -z "$(stolen)" ] || fail "its certificate is taken from another address: $(stolen)"
rm -f "$work/stolen.pem"
[ "$(at_ledger 1)$(at_ledger 2)" = heldheld ] || fail "r at the ledgers: $(at_ledger 1), $(at_ledger 2)"
say "what is not for it is refused, and so is its certificate from another address"

# The role moves: it goes to the other ledger.
ctl "$now" switchover --yes || fail "switchover: $said"
wait_until 60 "$standby active" is_active w "$standby"
wait_sync
goes_through
say "it has followed the role to $standby"

# Its workers stop: nobody notices.
before=$(failed)
"$lab" exec r -- systemctl stop 'holdfast-workerd@*'
wait_until 10 "both gateways to see that r has left" both_see "not ready"
ctl "$now" doctor || true
says "r at 10.77.0.4 gets no requests: HAProxy here says not ready"
ctl "$now" status
says "r               worker   10.77.0.4       not ready"
ctl "$now" metrics
says 'holdfast_worker_host_up{worker_host="r"} 0'
payments_flow
[ "$(failed)" = "$before" ] || fail "$(($(failed) - before)) requests failed when its workers stopped"
in_node r 'rm -f /run/holdfast/worker/metrics-*; systemctl start holdfast-workerd@1 holdfast-workerd@2'
wait_until 30 "both gateways to have r again" both_see up
goes_through
say "its workers were stopped and started without one failed request"

# It loses its power. What was under way there is repeated by the edge; a client that waits a second for it may give up first where much else runs.
late() { # requests of the load that it gave up
  local n
  n=$(grep -c '"status":0,.*Timeout was reached' "$work/$load_name.history")
  echo "${n:-0}"
}
before=$(failed)
late=$(late)
power_off r
wait_until 10 "both gateways to miss r" both_see down
payments_flow
payments_flow
lost=$(($(failed) - before))
power_on r
wait_until 60 "r to be back" both_see up
goes_through
say "it lost its power and came back; $lost requests of the load had no good answer at first"
late=$(($(late) - late))
[ "$lost" = "$late" ] || fail "$lost requests failed when it lost its power, and $late of them only took too long"
[ "$late" -le 16 ] || fail "$late requests took too long, more than there are clients"

# Another certificate.
old=$(serial)
for n in a b; do
  in_node "$n" 'rm /etc/holdfast/pki/worker-*.pem' || fail "$n has no certificate of r"
  ctl "$n" worker sync || fail "worker sync: $said"
done
is_renewed() { [ "$(serial)" != "$old" ]; }
wait_until 60 "another certificate on r" is_renewed
wait_until 30 "r up with its new certificate" both_see up
goes_through
say "it has got another certificate, and serves with it"

# It is removed: it is told nothing more and reaches no ledger, at either gateway.
ctl "$standby" worker remove r || fail "worker remove: $said"
is_forgotten() { [ -z "$(host a name)$(host b name)" ]; }
wait_until 60 "both gateways to have forgotten r" is_forgotten
is_refused() { [ "$(at_ledger 1)$(at_ledger 2)" = refusedrefused ]; }
is_shut() { [ -z "$(from_r 7443 /edgez 1)$(from_r 7443 /edgez 2)" ]; }
wait_until 60 "r to be shut out" is_shut
wait_until 60 "r to be refused at both ledgers" is_refused
is_cut() {
  local open
  open=$("$lab" exec r -- ss -Htn state established '( dport = :7444 )') || return 1
  [ -z "$open" ]
}
wait_until 60 "its connections to the ledgers to end" is_cut
ctl r worker sync && fail "it still gets a certificate: $said"
payments_flow
say "it was removed, and is let in nowhere"

# Back by another admission, made at the standby this time; the old token is of no use.
host_begins_anew
wait_sync
let_in "$now"
wait_until 60 "both gateways to have r" both_see up
goes_through
stop_load
for n in a b; do ctl "$n" worker remove r; done
power_off r
say "it came back by another admission"
