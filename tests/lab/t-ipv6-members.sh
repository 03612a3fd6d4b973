# Clusters of their own whose members have addresses of IPv6, for everything between them. First with no address of IPv4 in their network at all: set up,
# with a second network, paid, power lost, taken over, joined again, a status page, a worker host and a replica. Then with a virtual IP of IPv4.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016
old_key=$work/key
four=$vip
work=$work/ipv6-members
ca=$work/ca.pem
rm -rf "$work"
mkdir -p "$work"

number_of() { address_of "$1" | cut -d. -f4; }
six() { echo "fd00:77::$(number_of "$1")"; }
second() { echo "fd00:78::$(number_of "$1")"; }
without_ipv4() { in_node "$1" 'ip -4 addr flush dev eth0; ip -4 addr flush dev eth1' || fail "$1 keeps its addresses of IPv4"; }
set_up() { # VIP/LENGTH
  for n in a b w; do begins_anew "$n"; done
  ctl a init --name a --address "$(six a)" --second-address "$(second a)" --vip "$1" --interface eth0 --yes || fail "init: $said"
  token=$(grep -o 'hf[0-9]-[A-Za-z0-9_-]*' <<<"$said" | head -n 1)
  case $token in hf3-*) ;; *) fail "the token is $token" ;; esac
  refused 1 b "the member a is at fd00:77::1: want an address of the same family" join "$token" --name b --address "$(address_of b)" --interface eth0 --yes
  refused 1 b "is the member a, which made the token" join "$token" --name b --address fd00:77:0::0:1 --interface eth0 --yes
  ctl w join "$token" --name w --address "$(six w)" --second-address "$(second w)" --witness --yes || fail "join w: $said"
  ctl b join "$token" --name b --address "$(six b)" --second-address "$(second b)" --interface eth0 --yes || fail "join b: $said"
  wait_sync
}
all_heard() { [ "$(status "$1" '[.nodes[].paths // [] | .[] | select(.address | startswith("fd00:7")) | .heard] | "\(length) \(all)"')" = "4 true" ]; }

begins_anew a
first=(init --name a --interface eth0 --vip fd00:77::100/64 --yes)
refused 2 a "and not of one link only (fe80::)" "${first[@]}" --address fe80::1
refused 2 a "--address is 'ff02::1'" "${first[@]}" --address ff02::1
refused 2 a "--address is '::ffff:10.77.0.1'" "${first[@]}" --address ::ffff:10.77.0.1
refused 2 a "--address is '::'" "${first[@]}" --address ::
refused 1 a "--address fd00:77::99 is not an address of this machine" "${first[@]}" --address fd00:77::99
refused 1 a "cannot reach a loopback address" "${first[@]}" --address ::1

vip=fd00:77::100
url=https://[$vip]
set_up "$vip/64"
for n in a b w; do without_ipv4 "$n"; done
prepare
for n in a b w; do
  wait_until 30 "$n hears both others by both networks" all_heard "$n"
  ctl "$n" doctor || fail "doctor of $n: $said"
done
[ "$(status w '[.nodes[].address]|sort|join(" ")')" = "fd00:77::1 fd00:77::2 fd00:77::3" ] || fail "status has other addresses: $(status w .nodes)"
say "set up: no member has an address of IPv4, and the doctors are content"

start_load ipv6-members
was=$(active w)
heir=$(other "$was")
"$lab" mute 1 || fail "lab mute 1"
payments_flow
"$lab" heal
is_active w "$was" || fail "one silent network moved the role"
power_off "$was"
wait_until 60 "$heir active" is_active w "$heir"
payments_flow
power_on "$was"
without_ipv4 "$was"
wait_sync
payments_flow
ctl "$heir" switchover --to "$was" --yes || fail "switchover: $said"
wait_until 60 "$was active" is_active w "$was"
payments_flow
say "power lost and taken over, joined again, handed over"

# Who else there may be: the status page, a worker host, a replica.
page=https://[$(six a)]:8407
in_node a "printf '\n[page]\nlisten = [$(six a)]:8407\n' >>/etc/holdfast/holdfast.conf
  printf 'correct horse battery\n' | holdfastctl page-password" >"$work/page" || fail "no page: $(cat "$work/page")"
grep -qF "$page" "$work/page" || fail "page-password does not say where it is: $(cat "$work/page")"
log_in() { timeout 20 "$lab" client -- curl -sk --max-time 10 --noproxy '*' --data-urlencode "password=$1" "$page/login"; }
log_in wrong | grep -q 'That is not the password' || fail "a wrong password: $(log_in wrong)"
log_in 'correct horse battery' | grep -q '"in":true' || fail "no session for the right password"
told_more a holdfast-page 'event=login.pass address=fd00:77::9' 0 || fail "the journal does not tell whence the login came"
start_empty_r
# However somebody writes it, it is one address.
long() { six "$1" | sed 's/::/:0:0::/'; }
refused 1 a "is that of the member w" worker add r --address "$(long w)"
ctl a worker add r --address "$(long r)" || fail "worker add: $said"
token=$(grep -o 'hfw1-[A-Za-z0-9_-]*' <<<"$said" | head -n 1)
refused 1 a "is the address of the worker host r" worker add r2 --address "$(six r)"
ctl r join "$token" --name r --address "$(long r)" --worker --yes || fail "join r: $said"
is_host() { [ "$(timeout 20 "$lab" exec "$1" -- holdfastctl worker list --json 2>/dev/null | jq -r '.workers[]|select(.name=="r").state')" = up ]; }
served() { "$lab" exec r -- sh -c 'cat /run/holdfast/worker/metrics-*' 2>/dev/null | awk '/^holdfast_http_requests_total[{]/ { n += $NF } END { print n + 0 }'; }
has_served() { [ "$(served)" -gt 50 ]; }
for n in a b; do wait_until 60 "$n to use the worker host" is_host "$n"; done
wait_until 60 "payments through r" has_served
for n in a b; do ctl "$n" worker remove r; done
host_begins_anew
begins_anew r
token=$("$lab" exec a -- holdfastctl token | grep -o 'hf3-[A-Za-z0-9_-]*' | head -n 1)
ctl r join "$token" --name r --address "$(six r)" --interface eth0 --vip fd00:77::101/64 --replica --yes || fail "join r: $said"
follows() { [ "$(status w '.replicas[0] | "\(.state) \(.address)"')" = "following $(six r)" ]; }
wait_until 60 "the replica follows" follows
begins_anew r
power_off r
payments_flow
stop_load
say "the status page lets in, a worker host has served, a replica has followed"
for n in a b w; do in_node "$n" "ip addr add $(address_of "$n")/24 dev eth0; ip addr add 10.78.0.$(number_of "$n")/24 dev eth1" || fail "$n: no address of IPv4"; done

# A virtual IP of the other family.
vip=$four
url=https://$vip
rm -f "$work/key"
set_up "$vip/24"
prepare
start_load ipv6-members-4
was=$(active w)
heir=$(other "$was")
"$lab" exec "$was" -- ip -4 -o addr show dev eth0 | grep -q " $vip/24" || fail "$was has not the address $vip"
power_off "$was"
wait_until 60 "$heir active" is_active w "$heir"
payments_flow
power_on "$was"
wait_sync
for n in a b w; do ctl "$n" doctor || fail "doctor of $n: $said"; done
stop_load
say "the virtual IP is of IPv4: taken over as well"

pair_anew "$four/24"
rm -f "$old_key"
