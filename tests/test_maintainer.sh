#!/bin/sh
# The scripts of the packages ask a file of /run who is active. Whatever lies there, also something that never answers (a FIFO), an upgrade goes on.
set -u
cd "${srcdir:-$(dirname "$0")/..}" || exit 2
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0
files=$(grep -lr '/run/holdfast/vrrp' packaging/debian packaging/rpm | sort)
[ "$(echo "$files" | wc -l)" -eq 3 ] || { echo "FAIL: not in three files: $files"; failed=1; }
mkfifo "$work/fifo" || exit 1
echo 0 >"$work/active"
# In each of them what is between $( and ).
for file in $files; do
  sed -n 's|.*"\$(\([^)]*/run/holdfast/vrrp[^)]*\))".*|\1|p' "$file" | sed "s|^|$file\t|"
done >"$work/questions"
[ "$(wc -l <"$work/questions")" -eq "$(echo "$files" | xargs cat | grep -c /run/holdfast/vrrp)" ] || { echo "FAIL: some are not asked so"; failed=1; }
ask() { # QUESTION WHAT: what is heard of it
  timeout -s KILL 8 sh -c "$(echo "$1" | sed "s|/run/holdfast/vrrp|$work/$2|")"
}
tab=$(printf '\t')
while IFS="$tab" read -r file question; do
  [ "$(ask "$question" active)" = 0 ] || { echo "FAIL $file: does not see who is active"; failed=1; }
  [ -z "$(ask "$question" none)" ] || { echo "FAIL $file: hears something of nothing"; failed=1; }
  { ask "$question" fifo >/dev/null; echo "$? $file" >>"$work/ends"; } &
done <"$work/questions"
wait
while read -r code file; do
  if [ "$code" = 124 ]; then
    echo "ok   $file"
  else
    echo "FAIL $file: $code, and no limit of its own ended it"
    failed=1
  fi
done <"$work/ends"
[ "$failed" -eq 0 ]
