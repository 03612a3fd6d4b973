# init and join with bad input: one line, exit status not 0, nothing changed.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016
# heartbeatd writes its register anew every second, as a look at the disk.
files_of() {
  "$lab" exec "$1" -- sh -c 'find /etc/holdfast /var/lib/holdfast -maxdepth 2 -newermt @0 -printf "%p %s %T@\n" 2>/dev/null |
    grep -v -e /mysql -e "/heartbeat/register.new " | sed "s#^\(/var/lib/holdfast/heartbeat[^ ]*\) .*#\1#" | sort | md5sum'
}
refused() { # WHAT NODE PATTERN COMMAND...
  local what=$1 node=$2 pattern=$3 out before after
  shift 3
  before=$(files_of "$node")
  if out=$("$lab" exec "$node" -- timeout 60 "$@" 2>&1); then fail "$what: was not refused"; fi
  after=$(files_of "$node")
  [ "$(wc -l <<<"$out")" = 1 ] || fail "$what: more than one line: $out"
  grep -qiE -e "$pattern" <<<"$out" || fail "$what: says '$out'"
  [ "$before" = "$after" ] || fail "$what: something changed"
  say "$what: $out"
}
# Before b joined a told nobody of its address, and logged nothing about that.
lone=$("$lab" exec a -- journalctl -q -o cat -u keepalived | grep -c "Cant send advert")
[ "$lone" = 0 ] || fail "keepalived of a complained $lone times"
refused "a second init" a 'already|belongs' holdfastctl init --name a --address 10.77.0.1 --vip 10.77.0.100/24 --interface eth0 --yes
refused "a second join" b 'already|belongs' holdfastctl join hf1-nonsense --name b --address 10.77.0.2 --interface eth0 --yes

# As on a machine that is no member yet: nothing of the cluster is seen, and what would be written goes nowhere.
fresh() { # WHAT NODE PATTERN PREPARATION COMMAND...
  local what=$1 node=$2 pattern=$3 preparation=$4
  shift 4
  refused "$what" "$node" "$pattern" unshare --mount sh -c '
    mount -t tmpfs none /etc/holdfast && mount -t tmpfs none /var/lib/holdfast && eval "$1" || exit 0
    shift
    "$@"
    code=$?
    [ -z "$(find /etc/holdfast -type f)" ] || { echo "and left files in /etc/holdfast"; exit 1; }
    exit $code' - "$preparation" "$@"
}
init=(holdfastctl init --yes)
good=(--name a --vip 10.77.0.101/24 --interface eth0)
fresh "a wrong address" a "10.77.0.250" true "${init[@]}" "${good[@]}" --address 10.77.0.250
fresh "no address at all" a "--address" true "${init[@]}" "${good[@]}" --address ten
fresh "a missing interface" a "eth9" true "${init[@]}" --name a --address 10.77.0.1 --vip 10.77.0.101/24 --interface eth9
fresh "an address for clients elsewhere" a "10.99.0.1" true "${init[@]}" --name a --address 10.77.0.1 --vip 10.99.0.1/24 --interface eth0
fresh "a bad name" a "--name" true "${init[@]}" --name 'A b' --address 10.77.0.1 --vip 10.77.0.101/24 --interface eth0
fresh "a used datadir" a "mysql" "mkdir /var/lib/holdfast/mysql && touch /var/lib/holdfast/mysql/ibdata1" \
  "${init[@]}" "${good[@]}" --address 10.77.0.1
fresh "data to adopt that is none" a "/etc/ibdata1: not there: that is no data directory of MariaDB" true "${init[@]}" "${good[@]}" --address 10.77.0.1 --adopt /etc
token=$("$lab" exec "$(active w)" -- holdfastctl token | grep -o 'hf1-[A-Za-z0-9_-]*' | head -n 1)
[ -n "$token" ] || fail "no token"
join=(holdfastctl join --yes)
fresh "a token that is none" b "token" true "${join[@]}" hf1-nonsense --name c --address 10.77.0.2 --interface eth0
fresh "a damaged token" b "token" true "${join[@]}" "${token%?}" --name c --address 10.77.0.2 --interface eth0
fresh "a name that is taken" b "name" true "${join[@]}" "$token" --name a --address 10.77.0.2 --interface eth0
fresh "an address that is taken" b "belongs to the member b" true "${join[@]}" "$token" --name c --address 10.77.0.2 --interface eth0
fresh "a second witness" w "a witness already, w" true "${join[@]}" "$token" --name w2 --address 10.77.0.77 --witness
replica=("${join[@]}" "$token" --name r --interface eth0 --replica)
fresh "a wrong address to join with" b "10.77.0.77" true "${replica[@]}" --vip 10.77.0.101/24 --address 10.77.0.77
fresh "a virtual IP that is a member's" b "is the address of the member a" true "${replica[@]}" --vip 10.77.0.1/24 --address 10.77.0.4
