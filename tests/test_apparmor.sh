#!/bin/sh
# Each daemon with a unit has a profile of AppArmor that its parser takes, in complain mode, which its package installs and loads. That of replicationd,
# the only one that runs others, has whatever a text of its sources names as a program.
set -u
cd "${srcdir:-$(dirname "$0")/..}" || exit 2
parser=$(command -v apparmor_parser || echo /sbin/apparmor_parser)
[ -x "$parser" ] || { echo "test_apparmor: no apparmor_parser (apt-get install apparmor)"; exit 77; }
failed=0
fail() {
  echo "FAIL $*"
  failed=1
}
daemons=$(sed -n 's|^ExecStart=@sbindir@/\(holdfast-[a-z]*\).*|\1|p' packaging/systemd/*.service.in | sort -u)
[ "$(echo "$daemons" | wc -l)" -ge 6 ] || fail "only these have units: $daemons"
for d in $daemons; do
  name=usr.sbin.$d
  profile=etc/apparmor.d/$name
  [ -e "$profile" ] || { fail "$d has no profile"; continue; }
  # Nothing is said about a kernel without it, which is where this runs.
  said=$("$parser" --quiet --skip-kernel-load --skip-cache --abort-on-error -I etc/apparmor.d -I /etc/apparmor.d "$profile" 2>&1) || fail "$profile: $said"
  said=$(echo "$said" | grep -v '^Cache read/write disabled: interface file missing')
  [ -z "$said" ] || fail "$profile: $said"
  grep -qx "profile $d /usr/sbin/$d flags=(complain) {" "$profile" || fail "$profile is not in complain mode, or not of /usr/sbin/$d"
  package=$(grep -lx "usr/sbin/$d" packaging/debian/*.install)
  grep -qx "$profile" "$package" || fail "$package installs $d without $profile"
  package=${package##*/}
  grep -q "dh_apparmor -p${package%.install} .*${d#holdfast-}\|in .*${d#holdfast-}.*dh_apparmor -p${package%.install} " packaging/debian/rules ||
    fail "${package%.install} does not load $profile"
done
# On the systems that have profiles /bin is /usr/bin, which is what the kernel calls it.
programs=$(cat replication/*.c | sed -n -e 's|.*HOLDFAST_LIBEXECDIR "\(/[a-z-]*\)".*|/usr/libexec/holdfast\1|p' -e 's|.*"/bin\(/[a-z-]*\)".*|/usr/bin\1|p' \
  -e 's|.*"\(/usr/s*bin/[a-z-]*\)".*|\1|p' -e 's|.*"\(/usr/libexec/[a-z/-]*\)".*|\1|p' | sort -u)
[ "$(echo "$programs" | wc -l)" -ge 8 ] || fail "replication/*.c runs only these: $programs"
for program in $programs; do
  grep -qx "  $program mrix," etc/apparmor.d/usr.sbin.holdfast-replicationd || fail "replication runs $program, which its profile does not have"
done
others=$(grep -lE '\<(execve?|execv?pe?|execl[pe]?|fexecve|posix_spawnp?|popen) *\(' gateway/*.c heartbeat/*.c | grep -v '^heartbeat/\(ctl_[a-z_]*\|holdfastctl\)\.c$')
[ -z "$others" ] || fail "runs programs, and nobody looks at its profile: $others"
# What has to be seen before a profile holds is the same wherever it is said.
seen='a day, a takeover and a fresh copy have brought no such line'
for text in etc/apparmor.d/usr.sbin.* doc/operations.md; do
  tr '\n' ' ' <"$text" | sed 's/# //g; s/  */ /g' | grep -q "$seen" || fail "$text does not say '$seen'"
done
for profile in etc/apparmor.d/usr.sbin.*; do
  echo "$daemons" | grep -qx "${profile##*/usr.sbin.}" || fail "$profile is of no daemon"
done
exit "$failed"
