#!/bin/sh
# Do the manual pages say what the programs do? holdfast.conf(5) must have each key of the table, in its order, with what is
# allowed and the default; every page must be sound and may only name pages of ours that exist.
set -u
man=${srcdir:-$(dirname "$0")/..}/man
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0

./tests/unit/conf_keys | awk -F '\t' '{ print $1, $2 ": " $3 "; " ($4 == "-" ? "no default." : "default " $4 ".") " Change: " $6 "." }' >"$work/table"
awk '/^\.Ss \[/ { section = substr($2, 2, length($2) - 2) }
  /^\.Sh FILES/ { exit }
  /^\.It Cm / { key = $3; getline; text = $0; getline; print section, key ": " text " " $0 }' "$man/holdfast.conf.5" >"$work/page"
if [ -s "$work/table" ] && diff -u --label "table of keys" --label "holdfast.conf.5" "$work/table" "$work/page"; then
  echo "ok   $(wc -l <"$work/page") keys of holdfast.conf"
else
  echo "FAIL holdfast.conf.5 and heartbeat/conf_table.c disagree"
  failed=1
fi

# Which of them both gateways, or all members, are to have the same; but lease-ms, which the heartbeats tell.
./tests/unit/conf_keys | awk -F '\t' '$7 == "same" { print $1, $2 }' >"$work/table"
awk '/^\.Ss \[/ { section = substr($2, 2, length($2) - 2) }
  /^\.Sh FILES/ { exit }
  /^\.It Cm / { key = $3 }
  /^The same on (both gateways|all members)/ { print section, key }' "$man/holdfast.conf.5" >"$work/page"
if ! [ -s "$work/table" ] || ! diff -u --label "table of keys" --label "holdfast.conf.5" "$work/table" "$work/page"; then
  echo "FAIL holdfast.conf.5 and heartbeat/conf_table.c disagree about what is the same on both gateways"
  failed=1
fi

# Every option that a program names in its help, and no other; of holdfastctl every command, too.
options_of_help() { grep -oE -- '(^|[][ ,(|])--?[a-z][a-z-]*' | sed 's/^[^-]*//' | LC_ALL=C sort -u; }
options_of_page() { # PAGE PATTERN
  grep -E "$2" "$1" | grep -oE 'Fl [a-z-]+' | sed 's/^Fl /-/' | LC_ALL=C sort -u
}
for program in heartbeatd replicationd tickled ledgerd workerd paged ctl; do
  case $program in
  ctl) name=holdfastctl items='^\.(It|Op|Fl|Cm)? ?' ;;
  *) name=holdfast-$program items='^\.It Fl' ;;
  esac
  if [ $program = ctl ]; then "./$name" help; else "./$name" --help; fi >"$work/help" || failed=1
  options_of_help <"$work/help" >"$work/options"
  options_of_page "$man/$name.8" "$items" >"$work/page"
  if ! [ -s "$work/options" ] || ! diff -u --label "$name --help" --label "$name.8" "$work/options" "$work/page"; then
    echo "FAIL $name.8 and its help disagree about the options"
    failed=1
  fi
done
# Every program, also those without a page, tells its usage, and names what is none: NEWS says so.
asked=0
for program in ./holdfast-* ./holdfastctl; do
  [ -f "$program" ] && [ -x "$program" ] || continue
  asked=$((asked + 1))
  timeout 20 "$program" --help >"$work/usage" 2>&1 && grep -q usage "$work/usage" || {
    echo "FAIL $program --help ends with an error, or tells no usage"
    failed=1
  }
  for words in --nonsense 'nonsense nonsense nonsense'; do
    # shellcheck disable=SC2086
    timeout 20 "$program" $words >/dev/null 2>"$work/refusal" </dev/null
    [ $? = 2 ] && grep -q nonsense "$work/refusal" || {
      echo "FAIL $program $words does not end with 2, or does not name the word"
      failed=1
    }
  done
done
[ "$asked" -ge 12 ] && echo "ok   $asked programs tell how to call them" || failed=1
sed -n 's/^  \([a-z][a-z-]*\).*/\1/p' "$work/help" | grep -vx help | LC_ALL=C sort -u >"$work/commands"
sed -n '/^\.Sh STATUS/q; s/^\.It Cm \([a-z-]*\).*/\1/p' "$man/holdfastctl.8" | LC_ALL=C sort -u >"$work/page"
if ! [ -s "$work/commands" ] || ! diff -u --label "holdfastctl help" --label "holdfastctl.8" "$work/commands" "$work/page"; then
  echo "FAIL holdfastctl.8 and its help disagree about the commands"
  failed=1
fi
sed -n '/^\.Sh DESCRIPTION/q; s/^\.Cm \([a-z-]*\).*/\1/p' "$man/holdfastctl.8" | grep -vx help | LC_ALL=C sort -u >"$work/page"
if ! diff -u --label "holdfastctl help" --label "the synopsis of holdfastctl.8" "$work/commands" "$work/page"; then
  echo "FAIL the synopsis of holdfastctl.8 and its help disagree about the commands"
  failed=1
fi

for page in "$man"/*.[58]; do
  name=$(basename "$page")
  sed -n 's/^\.Xr \(holdfast[^ ]*\) \([0-9]\).*/\1.\2/p' "$page" | while read -r other; do
    [ -f "$man/$other" ] || echo "$name: there is no page $other"
  done >"$work/missing"
  if [ -s "$work/missing" ]; then
    cat "$work/missing"
    failed=1
  fi
  if command -v mandoc >/dev/null && ! mandoc -T lint -W warning "$page"; then failed=1; fi
done
command -v mandoc >/dev/null || echo "mandoc is missing: the pages were not looked at"
exit $failed
