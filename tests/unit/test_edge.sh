#!/bin/sh
# The rendered configuration as HAProxy and keepalived see it, and requests through a pair of edges in two network
# namespaces of their own, with stand-ins for the workers and the ledger.
set -u
for program in haproxy keepalived python3 ip unshare nsenter; do
  command -v "$program" >/dev/null || { echo "$program is missing: skipped"; exit 77; }
done
if [ "${1-}" != inside ]; then
  unshare -n true 2>/dev/null || { echo "no network namespaces for us: skipped"; exit 77; }
  exec unshare -n "$0" inside
fi

top=$(cd "${srcdir:-$(dirname "$0")/../..}" && pwd)
work=$(mktemp -d /tmp/test_edge.XXXXXX) || exit 1
chmod 755 "$work"
pids=
finish() {
  status=$?
  for pid in $pids; do kill "$pid" 2>/dev/null; done
  wait
  [ $status = 0 ] || tail -n 20 "$work"/*.log
  rm -rf "$work"
  exit $status
}
trap finish EXIT
fail() { echo "FAIL $*"; exit 1; }

# render NAME DIRECTORY MEMBER...: the files of a node in a directory of ours instead of the usual places
render() {
  name=$1 root=$work/$2
  shift 2
  mkdir -p "$root/etc/holdfast/pki" "$root/run/ledger" "$root/run/worker"
  chmod 777 "$root/run"
  case $name in a) address=10.0.0.1 ;; b) address=10.0.0.2 ;; esac
  printf '[cluster]\nname = pay\nvip = %s\n[node]\nname = %s\naddress = %s\ninterface = eth0\n%s' "$vip" "$name" "$address" "$more" \
    >"$root/holdfast.conf"
  ./tests/unit/make_settings "$root" "$top/etc" "$root/holdfast.conf" "$@" >/dev/null || fail "render $name"
  sed -i "s|/etc/holdfast/|$root/etc/holdfast/|g; s|/run/holdfast|$root/run|g; s/group holdfast/group haproxy/; s/level operator/level admin/; s/be_conn(workers) ge 8192/be_conn(workers) ge 2500/; s/user holdfast-worker/user haproxy/; s/user holdfast-ledger/user haproxy/" \
    "$root/etc/holdfast/haproxy.cfg" "$root/etc/holdfast/keepalived.conf"
  ! grep -n '@[A-Z_]*@' "$root/etc/holdfast/haproxy.cfg" "$root/etc/holdfast/keepalived.conf" "$root/etc/holdfast/mariadb.cnf" ||
    fail "a placeholder is left"
}

more= # of holdfast.conf
vip=10.0.0.100/24
unshare -n sleep 600 & # keeps the namespace of b
other=$!
pids=$other
ip link set lo up
ip link add eth0 type veth peer name eth1 || { echo "no veth: skipped"; exit 77; }
until ip link set eth1 netns "$other" name eth0 2>/dev/null && [ "$(readlink /proc/$other/ns/net)" != "$(readlink /proc/self/ns/net)" ]
do kill -0 "$other" || fail "namespace"; done
on_b() { nsenter -t "$other" -n "$@"; }
on_b ip link set lo up
on_b ip addr add 10.0.0.2/24 dev eth0
on_b ip link set eth0 up
ip addr add 10.0.0.1/24 dev eth0
ip addr add 10.0.0.100/24 dev eth0
ip addr add 10.0.0.3/24 dev eth0 # of a worker host, which is not there
ip link set eth0 up

render a alone
render a alone-with-witness a=10.0.0.1
render a a a=10.0.0.1 b=10.0.0.2
mkdir -p "$work/b/etc/holdfast"
echo "h 10.0.0.3 0123abcd 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff 0" >"$work/b/etc/holdfast/workers"
render b b a=10.0.0.1 b=10.0.0.2
for word in on off; do
  more="[gateway]
edge-log = $word
"
  render a "log-$word" a=10.0.0.1 b=10.0.0.2
done
more=
vip=2001:DB8:0::100/64
render a alone-six
render a six a=10.0.0.1 b=10.0.0.2
for node in alone alone-with-witness log-on log-off alone-six six a b; do
  haproxy -c -q -f "$work/$node/etc/holdfast/haproxy.cfg" 2>"$work/check.log" && [ ! -s "$work/check.log" ] ||
    { cat "$work/check.log"; fail "haproxy -c: $node"; }
  keepalived -t -f "$work/$node/etc/holdfast/keepalived.conf" >"$work/check.log" 2>&1 ||
    { cat "$work/check.log"; fail "keepalived -t: $node"; }
done
grep -q 'mesh' "$work/alone/etc/holdfast/haproxy.cfg" && grep -q '^frontend mesh' "$work/alone/etc/holdfast/haproxy.cfg" &&
  fail "a mesh without a peer"
# The frontend's lines that say what of it is logged.
log_lines() { sed -n '/^frontend edge/,/^backend/p' "$work/$1/etc/holdfast/haproxy.cfg" | grep -E '^\s(no log|option dontlog)' | tr -s '\t\n' ' '; }
[ "$(log_lines a)$(log_lines log-on)$(log_lines log-off)" = " option dontlog-normal  no log " ] ||
  fail "edge-log: '$(log_lines a)' '$(log_lines log-on)' '$(log_lines log-off)'"
grep -q "bind \[2001:db8::100\]:443 transparent" "$work/six/etc/holdfast/haproxy.cfg" || fail "the edge does not listen to IPv6"
openssl x509 -in "$work/six/etc/holdfast/pki/edge.pem" -noout -ext subjectAltName | grep -q "IP Address:2001:DB8:0:0:0:0:0:100, DNS:pay" ||
  fail "the certificate is not for the address of IPv6"
[ "$(grep -c virtual_ipaddress_excluded "$work/six/etc/holdfast/keepalived.conf" "$work/a/etc/holdfast/keepalived.conf" | cut -d: -f2 | tr '\n' ' ')" = "1 0 " ] ||
  fail "keepalived excludes the wrong address"
echo "ok   haproxy -c and keepalived -t take what is rendered, with and without a peer"

haproxy -W -f "$work/a/etc/holdfast/haproxy.cfg" >"$work/a.log" 2>&1 &
pids="$pids $!"
nsenter -t "$other" -n haproxy -W -f "$work/b/etc/holdfast/haproxy.cfg" >"$work/b.log" 2>&1 &
pids="$pids $!"
# The workers of b; those of a are the driver's to start and kill.
for i in 1 2; do
  nsenter -t "$other" -n python3 "$top/tests/unit/edge_worker.py" "b$i" "$work/b/run/worker/$i.sock" "$work/requests" >"$work/b$i.log" 2>&1 &
  pids="$pids $!"
done
python3 "$top/tests/unit/edge_requests.py" "$work" "$other"
