#!/bin/bash
# The signed apt repository: apt takes it with its key, and refuses a list or a package that somebody has changed.
set -u -o pipefail
cd "${srcdir:-$(dirname "$0")/..}" || exit 1
work=$(mktemp -d /tmp/repository.XXXXXX) || exit 1
export GNUPGHOME=$work/gpg LC_ALL=C.UTF-8
trap 'gpgconf --kill all 2>/dev/null; rm -rf "$work"' EXIT
failed=0
fail() {
  echo "FAIL $*"
  failed=1
}
command -v apt-ftparchive gpg apt-get dpkg-deb >/dev/null || { echo "apt-utils, gnupg or dpkg is missing"; exit 1; }

package() { # VERSION
  rm -rf "$work/tree" "$work/debs"
  mkdir -p "$work/tree/DEBIAN" "$work/debs"
  printf 'Package: holdfast-common\nVersion: %s\nArchitecture: all\nMaintainer: nobody <nobody@example.invalid>\nDescription: a test\n' "$1" \
    >"$work/tree/DEBIAN/control"
  dpkg-deb --root-owner-group -b "$work/tree" "$work/debs/holdfast-common_$1_all.deb" >/dev/null
}
# An apt of its own, that knows nothing but the repository.
apt_own() {
  timeout 120 apt-get -q -o Dir::Etc="$work/etc" -o Dir::State="$work/state" -o Dir::Cache="$work/cache" -o Dir::State::status="$work/status" \
    -o APT::Sandbox::User=root -o Dir::Etc::parts=/dev/null "$@" 2>&1
}
refused() { # STATUS WORDS ARGUMENT...
  local want=$1 words=$2 code=0 said
  shift 2
  said=$(packaging/debian/repository "$@" 2>&1) || code=$?
  { [ "$code" = "$want" ] && [[ $said = *"$words"* ]]; } || fail "repository $*: status $code, want $want: $said"
}

mkdir -m 700 "$GNUPGHOME"
mkdir -p "$work"/{etc/sources.list.d,state/lists/partial,cache/archives/partial,download}
: >"$work/status"
gpg --batch --quiet --passphrase '' --quick-gen-key 'Test <test@example.invalid>' ed25519 sign never 2>/dev/null || { echo "no key"; exit 1; }
package 1.0
refused 2 "usage:" "$work/debs" "$work/repo"
refused 2 "has no holdfast-*.deb" "$work/etc" "$work/repo" test@example.invalid
refused 2 "gpg has no secret key 'nobody@example.invalid'" "$work/debs" "$work/repo" nobody@example.invalid
refused 2 "a path of letters" "$work/debs" "$work/a repo" test@example.invalid
[ ! -e "$work/repo" ] || fail "something was made although it was refused"

packaging/debian/repository "$work/debs" "$work/repo" test@example.invalid >"$work/said" || fail "not made: $(cat "$work/said")"
sed "s,/etc/apt/keyrings/,$work/repo/," "$work/repo/holdfast.sources" >"$work/etc/sources.list.d/holdfast.sources"
apt_own update >"$work/said" || fail "apt does not take it: $(cat "$work/said")"
! grep -q '^[WE]:' "$work/said" || fail "apt complains: $(cat "$work/said")"
(cd "$work/download" && apt_own download holdfast-common) >"$work/said" || fail "no package: $(cat "$work/said")"
cmp -s "$work/download/holdfast-common_1.0_all.deb" "$work/debs/holdfast-common_1.0_all.deb" || fail "another package came"

# The next version takes the place of the one before.
package 1.1
packaging/debian/repository "$work/debs" "$work/repo" test@example.invalid >/dev/null || fail "not made again"
[ "$(find "$work/repo" -mindepth 1 -printf '%P\n' | LC_ALL=C sort | tr '\n' ' ')" = "InRelease Packages Packages.gz Release Release.gpg holdfast-common_1.1_all.deb holdfast.asc holdfast.sources " ] ||
  fail "in the repository: $(ls -A "$work/repo")"
apt_own update >"$work/said" || fail "apt does not take it again: $(cat "$work/said")"
grep -q ' 1\.1 ' <(timeout 60 apt-cache -o Dir::Etc="$work/etc" -o Dir::State="$work/state" -o Dir::Cache="$work/cache" \
  -o Dir::State::status="$work/status" madison holdfast-common) || fail "version 1.1 is not offered"

cp "$work/repo/holdfast-common_1.1_all.deb" "$work/kept.deb"
printf x >>"$work/repo/holdfast-common_1.1_all.deb"
rm -f "$work"/download/* "$work"/cache/archives/*.deb
! (cd "$work/download" && apt_own download holdfast-common) >"$work/said" || fail "a package that was changed is taken"
mv "$work/kept.deb" "$work/repo/holdfast-common_1.1_all.deb"
sed -i 's/a test/evil/' "$work/repo/Packages"
gzip -9nkf "$work/repo/Packages"
rm -rf "$work"/state/lists/*
mkdir -p "$work/state/lists/partial"
! apt_own update -o APT::Update::Error-Mode=any >"$work/said" || fail "a list that was changed is taken: $(cat "$work/said")"
[ "$failed" = 1 ] || echo "ok   apt takes it by its signature, and nothing that was changed"
exit "$failed"
