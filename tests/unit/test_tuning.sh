#!/bin/sh
# Does doc/tuning.md have each setting of etc/mariadb.cnf.in, with its value, and no other? Each row has to say why, what it costs
# and whether it may be changed.
set -u
top=${srcdir:-$(dirname "$0")/../..}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

compare() { # PAGE: prints what is wrong
  sed -n 's/^\([a-z_]*\) *= *\(.*\)$/\1 \2/p' "$top/etc/mariadb.cnf.in" | LC_ALL=C sort >"$work/file"
  sed -n 's/^| `\([a-z_]*\)` | `\([^`]*\)` |.*/\1 \2/p' "$1" | LC_ALL=C sort >"$work/page"
  [ -s "$work/file" ] || echo "no settings in etc/mariadb.cnf.in"
  diff --label etc/mariadb.cnf.in --label doc/tuning.md -U 0 "$work/file" "$work/page"
  awk -F ' *[|] *' '/^[|] *`/ {
    for (i = 2; i <= 7; i++) if ($i == "" && i != 4 && i != 5) print FILENAME ":" FNR ": " $2 " has an empty cell"
    if ($4 == "" && $6 == "") print FILENAME ":" FNR ": " $2 " has neither a reason nor a cost"
    if (NF != 8) print FILENAME ":" FNR ": " $2 " has " NF - 2 " cells, 6 are meant"
  }' "$1"
}

failed=0
compare "$top/doc/tuning.md" >"$work/said"
if [ -s "$work/said" ]; then
  cat "$work/said"
  echo "FAIL doc/tuning.md and etc/mariadb.cnf.in disagree"
  failed=1
else
  echo "ok   $(wc -l <"$work/file") settings of MariaDB"
fi

# It would be noticed.
noticed() { # WHAT SED-SCRIPT WORDS
  sed "$2" "$top/doc/tuning.md" >"$work/other.md"
  if compare "$work/other.md" | grep -q -e "$3"; then
    echo "ok   $1 is noticed"
  else
    echo "FAIL $1 is not noticed"
    failed=1
  fi
}
noticed "a missing setting" '/^| `sync_binlog`/d' '^-sync_binlog 1$'
noticed "one that is not in the file" 's/^| `sync_binlog`/| `sync_master_info` | `1` | a | b | c | d |\n&/' '^+sync_master_info 1$'
noticed "one that is there twice" '/^| `sync_binlog`/p' '^+sync_binlog 1$'
noticed "another value" 's/^\(| `net_write_timeout` | \)`10`/\1`60`/' '^+net_write_timeout 60$'
noticed "an empty cell" '/^| `feedback`/s/| no |$/| |/' '`feedback` has an empty cell'
noticed "a lost cell" '/^| `feedback`/s/| no |$/|/' '`feedback` has 5 cells'
exit $failed
