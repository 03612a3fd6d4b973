#!/bin/sh
# doc/idempotency.md and the tests: every case has a row, every row a test of its name or a reason why there is none, and every test that
# is named after a case stands in a row.
set -u
root=${srcdir:-$(dirname "$0")/..}
page=$root/doc/idempotency.md
name='([A-E][0-9]+|museum[0-9]+)_[a-z0-9_]*[a-z0-9]'
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0
finding() {
  echo "doc/idempotency.md: $*"
  failed=1
}

{
  for row in $(seq 13); do echo "A$row"; done
  printf '%s\n' B1 B2 B3 C1 C2 C3 C4
  for row in $(seq 14); do echo "D$row"; done
  echo E4
  for row in $(seq 26); do echo "museum$row"; done
} | LC_ALL=C sort >"$work/cases"
sed -nE 's/^\| ([A-E][0-9]+|museum[0-9]+) \|.*/\1/p' "$page" | LC_ALL=C sort >"$work/rows"
diff -u --label cases --label rows "$work/cases" "$work/rows" || finding "not one row for each case"

grep -rhoEw "$name" "$root/tests" --include='*.c' --include='*.sh' --include='*.py' | LC_ALL=C sort -u >"$work/tests"
[ "$(wc -l <"$work/tests")" -ge 50 ] || finding "hardly a test has the name of a case"
grep -E '^\| ([A-E][0-9]+|museum[0-9]+) \|' "$page" >"$work/lines"
while IFS= read -r line; do
  row=$(echo "$line" | sed -E 's/^\| ([A-Za-z0-9]+) \|.*/\1/')
  tests=$(echo "$line" | grep -oE "\`$name\`" | tr -d '`')
  if [ -z "$tests" ]; then
    case $line in *'| does not apply: '*) ;; *) finding "$row has neither a test nor a reason why not" ;; esac
  fi
  for test in $tests; do
    case $test in "$row"_*) ;; *) finding "$row names $test, which is of another case" ;; esac
    grep -qx "$test" "$work/tests" || finding "$row: there is no test $test"
  done
done <"$work/lines"
grep -oE "\`$name\`" "$page" | tr -d '`' | LC_ALL=C sort -u | LC_ALL=C comm -13 - "$work/tests" >"$work/unknown"
while IFS= read -r test; do finding "the test $test is in no row"; done <"$work/unknown"
[ "$failed" = 0 ] && echo "ok   $(wc -l <"$work/rows") cases, $(wc -l <"$work/tests") named tests"
exit "$failed"
