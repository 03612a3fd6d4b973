# A cluster of its own whose clients speak IPv6: the virtual IP is of IPv6, the members talk over IPv4. It is set up, pays, loses the active
# one's power and pays on; who was connected hears of it; an address that is lost or in two places is noticed.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016
old_key=$work/key
four=$vip
vip=fd00:77::100
url=https://[$vip]
work=$work/ipv6
ca=$work/ca.pem
waiting=()
trap 'kill "${waiting[@]}" 2>/dev/null; "$lab" client -- ip -6 addr del "$vip/64" dev eth0 2>/dev/null' EXIT
rm -rf "$work"
mkdir -p "$work"

for n in a b w; do begins_anew "$n"; done
first=(init --name a --address "$(address_of a)" --interface eth0 --yes)
refused 1 a "--vip fd00:99::100/64 is not in the network of eth0, fd00:77::/64" "${first[@]}" --vip fd00:99::100/64
refused 1 a "is the address of every router in the network of eth0" "${first[@]}" --vip fd00:77::/64
refused 1 a "is already an address of this machine, on eth1" "${first[@]}" --vip fd00:78::1/64
refused 2 a "--vip is 'fd00:77::100', want an IPv4 or IPv6 address with prefix length" "${first[@]}" --vip fd00:77::100
refused 1 a "--vip fd00:77::9 is in use by 02:00:00:00:00:09 on eth0" "${first[@]}" --vip fd00:77::9/64
ctl a "${first[@]}" --vip "$vip/64" || fail "init: $said"
says "a serves at https://[$vip]/, alone"
token=$(grep -o 'hf[0-9]-[A-Za-z0-9_-]*' <<<"$said" | head -n 1)
ctl w join "$token" --name w --address "$(address_of w)" --witness --yes || fail "join w: $said"
ctl b join "$token" --name b --address "$(address_of b)" --interface eth0 --yes || fail "join b: $said"
wait_sync
prepare
[ "$(status w '.vip.address')" = "$vip/64" ] || [ "$(status a '.vip.address')" = "$vip/64" ] || fail "status has another address: $(status a .vip)"

shown() { "$lab" exec "$1" -- ip -6 -o addr show dev eth0 | grep " $vip/64"; }
holds() { shown "$1" >/dev/null; }
lacks() { ! holds "$1"; }
wait_until 30 "a holds the address" holds a
case $(shown a) in *tentative*) fail "it waits for duplicate address detection: $(shown a)" ;; *deprecated*) ;; *) fail "a may use the address by itself: $(shown a)" ;; esac
lacks b || fail "b has the address, too"
for n in a b w; do ctl "$n" doctor || fail "doctor of $n: $said"; done
ctl b doctor
says "$vip/64 is where the active gateway is"
say "set up: the virtual IP is $(shown a | awk '{ print $4 }'), and the doctor is content"

# Clients without a timeout, and payments, and the active one loses its power.
start_load ipv6
was=$(active w)
heir=$(other "$was")
mkfifo "$work/silence" && exec 9<>"$work/silence"
for i in 1 2 3 4 5; do
  "$lab" client -- openssl s_client -quiet -CAfile "$ca" -verify_return_error -connect "[$vip]:443" <"$work/silence" >"$work/open$i" 2>&1 &
  waiting+=($!)
  "$lab" client -- curl -sS --cacert "$ca" -H "Authorization: Bearer $key" -H "Idempotency-Key: ipv6-$$-$i" -H 'Content-Type: application/json' \
    -X POST -T . "$url/v1/accounts" <"$work/silence" >"$work/curl$i" 2>&1 &
  waiting+=($!)
done
heir_knows() { "$lab" exec "$heir" -- systemctl show -P StatusText holdfast-tickled | grep -Eq '^([2-9][0-9]+|[1-9][0-9]{2,}) connections to the other'; }
wait_until 60 "$heir to know these and the load's connections" heir_knows
for pid in "${waiting[@]}"; do kill -0 "$pid" 2>/dev/null || fail "a client has ended before the loss of power: $(cat "$work"/open? "$work"/curl?)"; done
at=$(mono_us)
power_off "$was"
has_ended() { ! kill -0 "$1" 2>/dev/null; }
for pid in "${waiting[@]}"; do wait_until 60 "every client to hear of it" has_ended "$pid"; done
for i in 1 2 3 4 5; do
  grep -q 'reset by peer' "$work/curl$i" || fail "curl $i: $(cat "$work/curl$i")"
  grep -Eq 'reset by peer|errno=104' "$work/open$i" || fail "open connection $i: $(cat "$work/open$i")"
done
exec 9>&-
wait_until 60 "$heir active" is_active "$heir" "$heir"
payments_flow
power_on "$was"
wait_sync
say "power lost: who was connected saw a reset, and $heir goes on"

# Put back when it is lost, taken away from where it must not be.
"$lab" exec "$heir" -- ip -6 addr del "$vip/64" dev eth0
wait_until 45 "$heir has the address again" holds "$heir"
wait_until 45 "the alarm that it was gone" told_more "$heir" holdfast-heartbeatd event=address.lost 0
"$lab" exec "$was" -- ip -6 addr add "$vip/64" dev eth0 nodad
wait_until 45 "the alarm that it is there" told_more "$was" holdfast-heartbeatd event=address.alarm 0
wait_until 45 "$was lets go of the address" lacks "$was"
payments_flow
ctl "$heir" switchover --to "$was" --yes || fail "switchover: $said"
wait_until 45 "$was holds the address" holds "$was"
wait_until 45 "$heir does not" lacks "$heir"
payments_flow
say "lost, twice, handed over: it is where it belongs each time"

# One client's limits are those of its /64.
"$lab" exec "$was" -- perl -MIO::Socket::UNIX -e '$s = IO::Socket::UNIX->new("/run/holdfast/haproxy.sock") or die; print $s "show table edge\n"; print while <$s>' >"$work/table" || fail "no table: $(cat "$work/table")"
grep -q 'key=fd00:77:: ' "$work/table" || fail "the limits are counted by something else: $(head -n 5 "$work/table")"
stop_load

"$lab" client -- ip -6 addr add "$vip/64" dev eth0 nodad
ctl "$heir" doctor && fail "the doctor sees no other machine with the address: $said"
says "$vip/64 is also that of another machine, 02:00:00:00:00:09"
"$lab" client -- ip -6 addr del "$vip/64" dev eth0
say "another machine has the address, too: the doctor says which"

pair_anew "$four/24"
rm -f "$old_key"
