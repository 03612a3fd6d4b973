#!/bin/bash
# What bash offers for the beginning of a word of holdfastctl.
set -u
script=completions/holdfastctl
bash -n "$script" || exit 1
# shellcheck disable=SC1090
. "./$script"
failed=0

offers() { # WANT WORD...: the last word is the one to complete
  local want=$1 got
  shift
  COMP_WORDS=(holdfastctl "$@")
  COMP_CWORD=$#
  _holdfastctl
  got="${COMPREPLY[*]}"
  [ "$got" = "$want" ] && return
  echo "FAIL holdfastctl $*: offers '$got', want '$want'"
  failed=1
}

offers "switchover" sw
offers "status" sta
offers "rotate status --help" key ""
offers "--yes --help" key rotate ""
offers "--json --help" worker list ""
offers "key" k
offers "promote" force p
offers "--accept-loss" force promote a --a
offers "on off" maintenance o
offers "--accept-findings --address" restore --from x --a
offers "--vip" init --v
offers "--help" help --
offers "" nonsense x
# Names of members, where one belongs; nothing when heartbeatd does not answer.
holdfastctl() { :; }
timeout() { shift && "$@"; }
offers "" maintenance on ""
holdfastctl() { echo '{"node":"a","nodes":[{"name":"a","kind":"gateway","hears":["w"]},{"name":"bee","kind":"gateway"}],"replicas":[{"name":"r"}]}'; }
offers "a bee r" maintenance off ""
offers "bee" force promote b
offers "--accept-loss --yes --help" force promote a ""
offers "a bee r" replace ""
offers "--yes" replace a --y
offers "a bee r" switchover --to ""
offers "--to" switchover --t
# bash expands what it is offered: a name that could be more than a name is none.
holdfastctl() { echo '{"nodes":[{"name":"a"},{"name":"$(echo x)"},{"name":"`echo y`"},{"name":"b;c"},{"name":"B"}]}'; }
offers "a" maintenance off ""
unset -f holdfastctl timeout
offers "show" backup sh
./holdfastctl help | sed -n 's/^  \([a-z-][a-z-]*\).*/\1/p' | while read -r word; do
  COMP_WORDS=(holdfastctl "$word") COMP_CWORD=1
  _holdfastctl
  printf '%s\n' "${COMPREPLY[@]}" | grep -qx -- "$word" || echo "FAIL no offer of $word"
done | grep . && failed=1
exit $failed
