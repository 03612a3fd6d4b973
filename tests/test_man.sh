#!/bin/sh
# Do the manual pages say what the programs do? holdfast.conf(5) must have each key of the table, in its order, with what is
# allowed and the default; every page must be sound and may only name pages of ours that exist.
set -u
man=${srcdir:-$(dirname "$0")/..}/man
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0

./tests/unit/conf_keys | awk -F '\t' '{ print $1, $2 ": " $3 "; " ($4 == "-" ? "no default." : "default " $4 ".") }' >"$work/table"
awk '/^\.Ss \[/ { section = substr($2, 2, length($2) - 2) }
  /^\.Sh FILES/ { exit }
  /^\.It Cm / { key = $3; getline; print section, key ": " $0 }' "$man/holdfast.conf.5" >"$work/page"
if [ -s "$work/table" ] && diff -u --label "table of keys" --label "holdfast.conf.5" "$work/table" "$work/page"; then
  echo "ok   $(wc -l <"$work/page") keys of holdfast.conf"
else
  echo "FAIL holdfast.conf.5 and heartbeat/conf.c disagree"
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
