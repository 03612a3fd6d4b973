#!/bin/bash
# compare_packages.sh DEBS RPMS: each RPM has the files of the Debian package of its name, and scripts that a shell takes.
set -u -o pipefail
[ $# -eq 2 ] || { echo "usage: $0 DIRECTORY_OF_DEBS DIRECTORY_OF_RPMS" >&2; exit 2; }
failed=0
fail() {
  echo "FAIL $*"
  failed=1
}
# What only one kind of package has: changelogs, lintian's overrides, compressed manuals, units below /lib.
alike() { sed -e '/^\/usr\/share\/\(doc\/holdfast-[a-z]*\/\(changelog\|copyright\)\|lintian\/\)/d' -e 's,\.gz$,,' -e 's,^/usr/lib/systemd,/lib/systemd,' | LC_ALL=C sort; }
count=0
for deb in "$1"/holdfast-*.deb; do
  name=$(dpkg-deb -f "$deb" Package)
  rpm=$(find "$2" -name "$name-[0-9]*.rpm")
  [ -n "$rpm" ] || { fail "no RPM of $name"; continue; }
  diff -u --label "$name.deb" --label "$name.rpm" <(dpkg-deb -c "$deb" | awk '$1 !~ /^d/ { print substr($6, 2) }' | alike) \
    <(rpm -qp --qf '[%{FILEMODES:perms} %{FILENAMES}\n]' "$rpm" 2>/dev/null | awk '$1 ~ /^[-l]/ { print $2 }' | alike) || fail "$name: other files"
  for script in PREIN POSTIN PREUN POSTUN; do
    rpm -qp --qf "%{$script}" "$rpm" 2>/dev/null | sed 's/^(none)$//' | sh -n || fail "$name: $script is no script"
  done
  count=$((count + 1))
done
[ "$count" -ge 5 ] || fail "$count packages compared, want 5"
[ "$(rpm -qp --qf '%{VERSION}' "$2"/holdfast-common-*.rpm 2>/dev/null)" = "$(dpkg-deb -f "$1"/holdfast-common_*.deb Version)" ] || fail "other versions"
exit "$failed"
