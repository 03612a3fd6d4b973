# holdfastctl doctor: nothing is wrong with machines that are set up well, and each usual mistake is named, by itself, until it is mended.
# shellcheck shell=bash disable=SC2154,SC2016

now=$(active w)
standby=$(other "$now")
examined() { ctl "$1" doctor; } # NODE
for n in a b w; do wait_until 30 "nothing to be wrong with $n" examined "$n"; done
[ "$(in_node "$now" 'holdfastctl doctor --json' | jq -r '[.findings[].grade]|index("wrong")')" = null ] || fail "doctor --json of $now"

# faulty NODE WORDS BREAK MEND: broken on $now or wherever BREAK says, seen by NODE's doctor.
faulty() {
  eval "$3" || fail "cannot: $3"
  wait_until 30 "$1 to say: $2" names_it "$1" "$2"
  [ "$(grep -c '^wrong' <<<"$said")" = "${5:-1}" ] || fail "more is wrong than '$2': $said"
  [[ $said = *" clock "* ]] || fail "the clock is not looked at: $said"
  eval "$4" || fail "cannot: $4"
  wait_until 30 "nothing to be wrong with $1" examined "$1"
  say "$1: $2"
}
names_it() {
  local code=0
  ctl "$1" doctor || code=$?
  [ "$code" = 1 ] && [[ $said = *"$2"* ]]
}

drop='nft add table inet doctor; nft "add chain inet doctor in { type filter hook input priority 0; }"; nft add rule inet doctor in'
open='nft delete table inet doctor'
faulty "$now" "TCP 7443 of $standby, $(address_of "$standby"), does not answer" \
  'in_node "$standby" "$drop tcp dport 7443 drop"' 'in_node "$standby" "$open"'
faulty "$now" "TCP 7445 of $standby, $(address_of "$standby"), is refused" \
  'in_node "$standby" "$drop tcp dport 7445 reject with tcp reset"' 'in_node "$standby" "$open"'
# What both gateways are to have the same, before the role gets to the one without it: both say so.
has_card='printf "\n[gateway]\nchannels = bank card\n" >>/etc/holdfast/holdfast.conf && holdfastctl reconfigure'
in_node "$standby" 'cp -p /etc/holdfast/holdfast.conf /tmp/kept'
faulty "$standby" "[gateway] channels is 'bank card' here and 'bank' on $now: make it the same on both gateways" 'in_node "$standby" "$has_card"' \
  'wait_until 30 "$now to say so" names_it "$now" "[gateway] channels is '"'bank' here and 'bank card'"' on $standby" &&
    in_node "$standby" "cp -p /tmp/kept /etc/holdfast/holdfast.conf && holdfastctl reconfigure"'
wait_until 30 "nothing to be wrong with $now" examined "$now"
[[ $said = *"settings    what both gateways are to have the same is so"* ]] || fail "settings: $said"
faulty w "nothing is heard of $standby" 'in_node w "$drop ip saddr $(address_of "$standby") udp dport 7400 drop"' 'in_node w "$open"'
faulty "$standby" "keepalived.conf: is not as Holdfast would write it now" \
  'in_node "$standby" "cp -p /etc/holdfast/keepalived.conf /tmp/kept; echo \"# mine\" >>/etc/holdfast/keepalived.conf"' \
  'in_node "$standby" "cp -p /tmp/kept /etc/holdfast/keepalived.conf"'
faulty "$standby" "haproxy: /etc/holdfast/haproxy.cfg: " \
  'in_node "$standby" "cp -p /etc/holdfast/haproxy.cfg /tmp/kept; echo nonsense >>/etc/holdfast/haproxy.cfg"' \
  'in_node "$standby" "cp -p /tmp/kept /etc/holdfast/haproxy.cfg"' 2
# What does not rest on it is looked at all the same.
faulty w "holdfast.conf:" 'in_node w "cp -p /etc/holdfast/holdfast.conf /tmp/kept; echo nonsense >>/etc/holdfast/holdfast.conf"' \
  'in_node w "cp -p /tmp/kept /etc/holdfast/holdfast.conf"'
for mode in 644 600; do
  faulty "$now" "cluster.key: a secret, has mode 0$mode: it is to be 0640 and of root:holdfast" \
    "in_node $now 'chmod $mode /etc/holdfast/cluster.key'" 'in_node "$now" "chmod 640 /etc/holdfast/cluster.key"'
done
faulty "$standby" "mariadb.service is enabled: only replicationd may start it" \
  'in_node "$standby" "systemctl -q enable mariadb"' 'in_node "$standby" "systemctl -q disable mariadb"'
faulty "$standby" "mariadb-extra.socket is enabled: only replicationd may start it" \
  'in_node "$standby" "systemctl -q enable mariadb-extra.socket"' 'in_node "$standby" "systemctl -q disable mariadb-extra.socket"'
faulty "$now" "holdfast-tickled.service does not run" \
  'in_node "$now" "systemctl stop holdfast-tickled"' 'in_node "$now" "systemctl start holdfast-tickled"'
for n in "$now" "$standby"; do
  faulty "$n" "$vip/24 is also that of another machine" '"$lab" client -- ip address add $vip/32 dev eth0' \
    '"$lab" client -- ip address del $vip/32 dev eth0'
done
code=0
said=$(in_node w 'setpriv --reuid=nobody --clear-groups holdfastctl doctor 2>&1') || code=$?
[ "$code" = 2 ] || fail "exit status $code, want 2: $said"
says "doctor: this must be run as root"
