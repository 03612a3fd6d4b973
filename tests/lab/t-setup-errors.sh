# init and join with bad input: one line, exit status not 0, nothing changed.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016
refused() { # WHAT NODE PATTERN COMMAND...
  local what=$1 node=$2 pattern=$3 out before after
  shift 3
  before=$("$lab" exec "$node" -- sh -c 'find /etc/holdfast /var/lib/holdfast -maxdepth 2 -newermt @0 -printf "%p %s %T@\n" 2>/dev/null | grep -v /mysql | sort | md5sum')
  if out=$("$lab" exec "$node" -- timeout 60 "$@" 2>&1); then fail "$what: was not refused"; fi
  after=$("$lab" exec "$node" -- sh -c 'find /etc/holdfast /var/lib/holdfast -maxdepth 2 -newermt @0 -printf "%p %s %T@\n" 2>/dev/null | grep -v /mysql | sort | md5sum')
  [ "$(wc -l <<<"$out")" = 1 ] || fail "$what: more than one line: $out"
  grep -qiE "$pattern" <<<"$out" || fail "$what: says '$out'"
  [ "$before" = "$after" ] || fail "$what: something changed"
  say "$what: $out"
}
refused "a second init" a 'already|belongs' holdfastctl init --name a --address 10.77.0.1 --vip 10.77.0.100/24 --interface eth0 --yes
refused "a second join" b 'already|belongs' holdfastctl join hf1_nonsense --name b --address 10.77.0.2 --interface eth0 --yes
