#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The lab itself, without our packages: what its commands promise, in a directory of its own. Needs root.
# test_lab.sh [NAME...] runs only the named ones.
# shellcheck disable=SC2015,SC2016 # x && y || fail is meant so; quoted text is for the machines
set -u -o pipefail
export LC_ALL=C.UTF-8

lab=$(cd -- "$(dirname -- "$0")" && pwd)/lab
parent=$(mktemp -d /var/tmp/holdfast-test-lab.XXXXXX) || exit 1
export HOLDFAST_LAB_DIR=$parent/lab
name=holdfast-$(printf %s "$HOLDFAST_LAB_DIR" | cksum | cut -d' ' -f1)
nodes=$HOLDFAST_LAB_DIR/nodes
passed=0
failed=0

finish() {
	"$lab" down >/dev/null 2>&1
	rm -rf "$parent"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

# Ends the one test that is running, in its subshell.
fail() {
	printf '  %s\n' "$*"
	exit 1
}

now_ms() {
	echo $((${EPOCHREALTIME/./} / 1000))
}

# expect WANTED COMMAND...: exit status
expect() {
	local wanted=$1 got
	shift
	"$@"
	got=$?
	[ "$got" -eq "$wanted" ] || fail "'$*' ended with $got, not $wanted"
}

# within MS COMMAND...: REPLY is the time it took
within() {
	local limit=$1 from
	from=$(now_ms)
	shift
	"$@" || fail "'$*' failed"
	REPLY=$(($(now_ms) - from))
	[ "$REPLY" -le "$limit" ] || fail "'$*' took $REPLY ms, more than $limit"
}

wait_until() {
	local end=$((SECONDS + $1)) what=$2
	shift 2
	until "$@"; do
		[ $SECONDS -lt $end ] || fail "waited in vain for: $what"
		sleep 0.05
	done
}

# Names whatever of the lab is still on the host.
leftovers() {
	local pid
	ip netns list | grep "^$name-"
	find /sys/fs/cgroup -type d -name "$name-*"
	find "$HOLDFAST_LAB_DIR" -mindepth 1 ! -name lock 2>/dev/null
	find /run/systemd/nspawn -name "$name-*" 2>/dev/null
	find /var/cache/holdfast-lab/users -name "$name" 2>/dev/null
	losetup --list --noheadings --output NAME,BACK-FILE | grep -e "$HOLDFAST_LAB_DIR"
	for pid in /proc/[0-9]*; do
		[ "$pid" != /proc/$$ ] && [ "$pid" != "/proc/$BASHPID" ] || continue
		grep -qs -e "$HOLDFAST_LAB_DIR" -e "$name-" "$pid/mountinfo" && echo "mounts of $(tr '\0' ' ' <"$pid/cmdline")"
		tr '\0' ' ' <"$pid/cmdline" 2>/dev/null | grep -e "$HOLDFAST_LAB_DIR" -e "$name-"
	done 2>/dev/null
}

nothing_left() {
	local what
	what=$(leftovers)
	[ -z "$what" ] || fail "left behind $1: $what"
}

pings() {
	local from=$1 to=$2
	"$lab" exec "$from" -- ping -q -n -c 1 -W 1 "$(address "$to")" >/dev/null 2>&1
}

address() {
	case $1 in a) echo 10.77.0.1 ;; b) echo 10.77.0.2 ;; w) echo 10.77.0.3 ;; client) echo 10.77.0.9 ;; vip) echo 10.77.0.100 ;; esac
}

state_is() {
	[ "$("$lab" status | awk -v n="$1" '$1 == n { print $2 }')" = "$2" ]
}

# status_says LINE: also without it taking the writer's pipe away
status_says() {
	grep -x -- "$1" <<<"$("$lab" status)" >/dev/null
}

in_client() {
	"$lab" client -- "$@"
}

test_nothing_to_undo() {
	local command
	for command in down heal "thaw a" "loss a 0" status; do
		# shellcheck disable=SC2086
		"$lab" $command >/dev/null || fail "'lab $command' failed without a lab"
	done
	expect 125 "$lab" exec a -- true 2>/dev/null
	expect 2 "$lab" exec x -- true 2>/dev/null
	expect 2 "$lab" cut a a 2>/dev/null
	expect 2 "$lab" loss a 101 2>/dev/null
	expect 1 "$lab" start a 2>/dev/null
	nothing_left "by commands without a lab"
}

test_up() {
	# The image is a matter of the network the first time.
	"$lab" up --bare >/dev/null || fail "up failed"
	within 45000 "$lab" up --bare >/dev/null
	printf '  up from the cache: %s ms\n' "$REPLY"
	local node
	for node in a b w; do
		[ "$("$lab" exec "$node" -- systemctl is-system-running)" = running ] || fail "$node is not 'running'"
		[ "$("$lab" exec "$node" -- hostname)" = "$node" ] || fail "$node has another name"
		[ "$("$lab" exec "$node" -- nproc)" = "$(nproc)" ] || fail "$node does not have every processor"
	done
	[ "$("$lab" status | grep -c running)" -eq 3 ] || fail "status does not show three running machines"
	! grep -q '10\.77\.0\.' <<<"$(ip -4 -o addr show)" || fail "the network is visible on the host"
}

test_second_up_waits_not() {
	exec 6>"$HOLDFAST_LAB_DIR/lock"
	flock -n 6 || fail "a lock is held while nothing runs"
	expect 1 "$lab" up --bare 2>/dev/null
	exec 6>&-
}

test_exec() {
	local got took
	got=$("$lab" exec a -- printf '[%s]' 'a b' '' '*' '$x' '"' "it's" -- -n $'two\nlines' $'\\')
	[ "$got" = $'[a b][][*][$x]["][it\'s][--][-n][two\nlines][\\]' ] || fail "arguments arrived as $got"
	expect 0 "$lab" exec a -- true
	expect 7 "$lab" exec a -- sh -c 'exit 7'
	expect 125 "$lab" exec a -- sh -c 'exit 125'
	expect 127 "$lab" exec a -- no-such-program 2>/dev/null
	expect 127 "$lab" exec a -- A=b 2>/dev/null
	expect 137 "$lab" exec a -- sh -c 'kill -KILL $$'
	[ "$(printf 'in\0put' | "$lab" exec a -- od -An -c | tr -d ' ')" = 'in\0put' ] || fail "input is changed"
	[ "$(head -c 20000000 /dev/zero | "$lab" exec a -- wc -c)" = 20000000 ] || fail "input is cut short"
	[ "$("$lab" exec a -- head -c 20000000 /dev/zero | wc -c)" = 20000000 ] || fail "output is cut short"
	[ -z "$("$lab" exec a -- sh -c 'echo err >&2' 2>/dev/null)" ] || fail "errors and output are mixed"
	took=$(now_ms)
	for _ in 1 2 3 4 5 6 7 8 9 10; do "$lab" exec a -- true; done
	took=$((($(now_ms) - took) / 10))
	printf '  exec: %s ms\n' "$took"
	[ "$took" -le 500 ] || fail "exec takes $took ms"
}

# The command must not outlive its exec, however that ends.
test_exec_ends_its_command() {
	local signal pid
	for signal in TERM INT KILL; do
		# Not in the background of bash directly, which ignores SIGINT there.
		python3 -c 'import signal, sys, os
signal.signal(signal.SIGINT, signal.default_int_handler)
os.execv(sys.argv[1], sys.argv[1:])' "$lab" exec a -- sh -c 'echo $$ >/run/mark; exec sleep 300' &
		pid=$!
		wait_until 10 "the command" "$lab" exec a -- test -s /run/mark
		kill "-$signal" "$pid"
		wait "$pid" 2>/dev/null
		wait_until 10 "the end of the command after $signal" no_sleeper
		"$lab" exec a -- rm -f /run/mark
	done
}
no_sleeper() {
	! "$lab" exec a -- sh -c 'kill -0 "$(cat /run/mark)" 2>/dev/null'
}

test_client() {
	[ "$(in_client cat "$0" | cksum)" = "$(cksum <"$0")" ] || fail "the client does not see the host's files"
	expect 9 in_client sh -c 'exit 9'
	[ "$(echo hi | in_client cat)" = hi ] || fail "input is lost"
	in_client ping -q -c 1 -W 2 "$(address w)" >/dev/null || fail "the client does not reach w"
	[ "$(in_client ip -4 -o addr show dev eth0 | awk '{ print $4 }')" = "$(address client)/24" ] || fail "the client's address"
}

test_machine_is_whole() {
	case $(stat -f -c %T "$nodes/a/upper") in tmpfs | overlayfs) fail "the disk is not a real one" ;; esac
	"$lab" exec a -- dd if=/dev/zero of=/var/lib/synced bs=4k count=1 conv=fdatasync status=none || fail "fdatasync"
	[ -f "$nodes/a/upper/var/lib/synced" ] || fail "a write did not reach the disk"
	"$lab" exec a -- systemd-sysusers --inline 'u labtest -' 2>/dev/null && "$lab" exec a -- id labtest >/dev/null || fail "sysusers"
	echo 'd /run/labtest 2775 root labtest' | "$lab" exec a -- systemd-tmpfiles --create - || fail "tmpfiles"
	[ "$("$lab" exec a -- stat -c %a:%G /run/labtest)" = 2775:labtest ] || fail "tmpfiles made something else"
	"$lab" exec a -- logger -t labtest "one of $name" || fail "logger"
	wait_until 5 "the journal" seen_in_journal
}
seen_in_journal() {
	grep -q "one of $name" <<<"$("$lab" exec a -- journalctl -q -t labtest -o cat)"
}

test_watchdog() {
	"$lab" exec a -- systemd-run --quiet --unit=labdog -p Type=notify -p NotifyAccess=all -p WatchdogSec=1 \
		sh -c 'systemd-notify --ready; sleep 300' || fail "Type=notify"
	wait_until 30 "the watchdog" dog_bit
	"$lab" exec a -- systemctl reset-failed labdog
}
dog_bit() {
	[ "$("$lab" exec a -- systemctl show -P Result labdog)" = watchdog ]
}

test_address() {
	"$lab" exec a -- ip addr add "$(address vip)/24" dev eth0 || fail "ip addr add"
	wait_until 5 "the address" in_client ping -q -c 1 -W 1 "$(address vip)" >/dev/null
	"$lab" exec a -- ip addr del "$(address vip)/24" dev eth0 || fail "ip addr del"
}

# keepalived FROM TO PRIORITY: unicast advertisements, as ours are
keepalived_start() {
	"$lab" exec "$1" -- sh -c 'cat >/etc/keepalived/keepalived.conf; systemctl start keepalived' <<-CONF || fail "keepalived on $1"
		vrrp_instance lab {
			interface eth0
			state BACKUP
			virtual_router_id 7
			priority $3
			advert_int 0.1
			unicast_src_ip $(address "$1")
			unicast_peer { $(address "$2") }
			virtual_ipaddress { $(address vip)/24 }
		}
	CONF
}
holds_address() {
	grep -q "$(address vip)/" <<<"$("$lab" exec "$1" -- ip -4 -o addr show dev eth0)"
}
test_vrrp() {
	keepalived_start a b 150
	wait_until 10 "the address on a" holds_address a
	keepalived_start b a 100
	sleep 1
	! holds_address b || fail "b takes the address although a advertises"
	"$lab" cut a b
	wait_until 10 "the address on b" holds_address b
	"$lab" heal
	wait_until 10 "b to let go" not holds_address b
	"$lab" exec a -- systemctl stop keepalived
	"$lab" exec b -- systemctl stop keepalived
}
not() {
	! "$@"
}

received() {
	"$lab" exec b -- awk '$1 == "Icmp:" { for (i = 1; i <= NF; i++) if ($i == "InEchos") f = i; if (n++) print $f }' /proc/net/snmp
}

pings_by_second() { # a to b by the second network
	"$lab" exec a -- ping -q -n -c 1 -W 1 10.78.0.2 >/dev/null 2>&1
}

test_cut() {
	local before
	pings a b || fail "a does not reach b"
	pings_by_second || fail "a does not reach b by the second network"
	"$lab" cut a b
	! pings a b || fail "a reaches b in spite of the cut"
	! pings b a || fail "b reaches a in spite of the cut"
	! pings_by_second || fail "a reaches b by the second network in spite of the cut"
	pings a w || fail "the cut of a from b cuts a from w"
	status_says 'cut from a to b' && status_says 'cut from b to a' || fail "status does not show the cut"
	"$lab" heal
	pings a b || fail "not healed"
	! status_says 'cut.*' || fail "status still shows a cut"

	"$lab" cut b a --one-way
	before=$(received)
	! pings a b || fail "answers of b arrive"
	[ "$(received)" -gt "$before" ] || fail "cut b a --one-way also cuts from a to b"
	"$lab" heal
	pings a b || fail "not healed"
	"$lab" cut a b --one-way
	before=$(received)
	! pings a b || fail "a reaches b"
	[ "$(received)" -eq "$before" ] || fail "cut a b --one-way drops nothing"
	"$lab" heal
	"$lab" cut client a
	! in_client ping -q -c 1 -W 1 "$(address a)" >/dev/null || fail "the client is not cut"
	"$lab" heal
}

answers_of_100() {
	"$lab" exec a -- ping -q -n -i 0.01 -c 100 -W 1 "$(address b)" | awk '/received/ { print $4 }'
}

test_loss() {
	local got
	"$lab" loss a 30
	status_says 'loss from a: 30 %' || fail "status does not show the loss"
	got=$(answers_of_100)
	[ "$got" -ge 20 ] && [ "$got" -le 80 ] || fail "$got of 100 answers at 30 % both ways, about 49 expected"
	"$lab" loss a 100 || fail "loss a 100"
	[ "$(answers_of_100)" -eq 0 ] || fail "something gets through a loss of 100 %"
	"$lab" loss a 0
	[ "$(answers_of_100)" -eq 100 ] || fail "something is lost at 0 %"
	! status_says 'loss.*' || fail "status still shows a loss"
	"$lab" loss b 100
	"$lab" heal
	[ "$(answers_of_100)" -eq 100 ] || fail "heal does not undo a loss"
}

tick() {
	cat "/proc/$(cut -d' ' -f1 "$nodes/$1/leader")/root/run/tick"
}

test_freeze() {
	local from seen pid
	"$lab" exec b -- systemd-run --quiet --unit=tick sh -c 'while :; do date +%s%N >/run/tick.new; mv /run/tick.new /run/tick; sleep 0.02; done'
	wait_until 5 "ticks" "$lab" exec b -- test -s /run/tick
	"$lab" exec b -- sleep 300 &
	pid=$!
	wait_until 5 "the command" "$lab" exec b -- sh -c 'grep -qsz "^300" /proc/[0-9]*/cmdline'
	within 5000 "$lab" freeze b
	printf '  freeze: %s ms\n' "$REPLY"
	seen=$(tick b)
	from=$(now_ms)
	expect 125 wait "$pid"
	expect 125 "$lab" exec b -- true 2>/dev/null
	[ $(($(now_ms) - from)) -le 5000 ] || fail "exec hangs on a frozen machine"
	state_is b frozen || fail "status does not say frozen"
	sleep 0.3
	[ "$(tick b)" = "$seen" ] || fail "a frozen machine goes on"
	within 5000 "$lab" thaw b
	expect 0 "$lab" thaw b
	wait_until 5 "ticks after the thaw" ticks_on "$seen"
	"$lab" exec b -- systemctl stop tick
	"$lab" freeze b
	within 5000 "$lab" kill b
	state_is b dead || fail "a frozen machine survives a kill"
	"$lab" start b || fail "start after a kill in the cold"
}
ticks_on() {
	[ "$(tick b)" != "$1" ]
}

test_kill() {
	local pid from leader
	"$lab" exec a -- sh -c 'echo kept >/var/lib/kept; sync /var/lib/kept; journalctl --sync' || fail "cannot write"
	"$lab" exec a -- sleep 300 &
	pid=$!
	wait_until 5 "the command" "$lab" exec a -- sh -c 'grep -qsz "^300" /proc/[0-9]*/cmdline'
	leader=$(cut -d' ' -f1 "$nodes/a/leader")
	within 3000 "$lab" kill a
	printf '  kill: %s ms\n' "$REPLY"
	from=$(now_ms)
	[ ! -e "/proc/$leader/exe" ] || fail "the machine lives on"
	expect 125 wait "$pid"
	expect 125 "$lab" exec a -- true 2>/dev/null
	[ $(($(now_ms) - from)) -le 5000 ] || fail "exec hangs on a dead machine"
	state_is a dead || fail "status does not say dead"
	! pings b a || fail "a dead machine answers"
	expect 0 "$lab" kill a
	within 30000 "$lab" start a
	printf '  start: %s ms\n' "$REPLY"
	expect 0 "$lab" start a
	[ "$("$lab" exec a -- cat /var/lib/kept)" = kept ] || fail "the disk is not as it was left"
	[ "$("$lab" exec a -- journalctl -q --list-boots | wc -l)" -ge 2 ] || fail "the journal of the previous boot is gone"
	wait_until 5 "the network of a" pings a b
}

test_kill_overtakes_start() {
	local delay pid
	for delay in 0 0.02 0.05 0.1 0.2 0.3; do
		"$lab" kill b
		"$lab" start b >/dev/null 2>&1 &
		pid=$!
		sleep "$delay"
		within 25000 "$lab" kill b
		wait "$pid"
		# A start that had not begun yet is not overtaken.
		state_is b dead || { [ "$delay" = 0 ] && "$lab" kill b; } || fail "alive after start, $delay s, kill"
	done
	"$lab" start b || fail "does not start any more"
	pings b a || fail "has no network any more"
}

# What went wrong must be said with the name of the machine.
test_failing_step() {
	local out
	"$lab" kill w
	echo /nowhere >"$nodes/w/lower.bad"
	mv "$nodes/w/lower" "$nodes/w/lower.good"
	mv "$nodes/w/lower.bad" "$nodes/w/lower"
	out=$("$lab" start w 2>&1) && fail "start without a disk succeeds"
	grep -q '^lab: w: did not start' <<<"$out" || fail "the machine is not named: $out"
	grep -q '^--- w: journal' <<<"$out" || fail "no journal: $out"
	grep -q '/nowhere\|mount' <<<"$out" || fail "the reason is missing: $out"
	mv "$nodes/w/lower.good" "$nodes/w/lower"
	"$lab" start w || fail "w does not start any more"
}

test_no_packages() {
	local out
	mkdir -p "$parent/empty"
	out=$("$lab" up --packages "$parent/empty" 2>&1) && fail "up without packages succeeds"
	grep -q "no holdfast-common in $parent/empty" <<<"$out" || fail "unclear: $out"
}

test_down() {
	"$lab" up --bare >/dev/null || fail "up failed"
	in_client sleep 300 2>/dev/null &
	"$lab" cut a b
	"$lab" freeze w
	"$lab" kill b
	within 20000 "$lab" down
	printf '  down: %s ms\n' "$REPLY"
	wait 2>/dev/null
	nothing_left "by down"
	expect 0 "$lab" down
}

# A power loss takes what was not fsynced, and nothing else; what it left is there again.
test_own_disks() {
	local node leader
	"$lab" up --bare --own-disks >/dev/null || fail "up failed"
	for node in a b w; do
		"$lab" exec "$node" -- sh -c 'dd if=/dev/urandom of=/var/lib/synced bs=4k count=64 conv=fsync status=none && sync /var/lib &&
			md5sum /var/lib/synced >/var/lib/sum && sync /var/lib/sum /var/lib &&
			dd if=/dev/urandom of=/var/lib/lost bs=4k count=64 status=none && cp /var/lib/synced /var/lib/new && sync /var/lib/new &&
			dd if=/dev/urandom of=/var/lib/synced bs=4k count=1 seek=64 conv=notrunc status=none &&
			mv /var/lib/new /var/lib/renamed' || fail "$node cannot write"
		within 3000 "$lab" kill "$node"
		expect 0 "$lab" start "$node"
		"$lab" exec "$node" -- md5sum -c --quiet /var/lib/sum || fail "what was fsynced on $node is not there as it was"
		"$lab" exec "$node" -- sh -c '[ ! -s /var/lib/lost ]' || fail "what was not fsynced on $node is there"
		"$lab" exec "$node" -- sh -c '[ ! -e /var/lib/renamed ]' || fail "a name that was not fsynced on $node is there"
	done
	leader=$(cut -d' ' -f1 "$nodes/a/leader")
	"$lab" exec a -- sh -c 'echo kept >/var/lib/kept; systemctl --no-block poweroff' || fail "poweroff"
	wait_until 60 "a off" not test -e "/proc/$leader/exe"
	"$lab" start a || fail "a does not start after a poweroff"
	[ "$("$lab" exec a -- cat /var/lib/kept)" = kept ] || fail "what was not fsynced is lost without a power loss"
	"$lab" kill b
	"$lab" kill w
	"$lab" down || fail "down"
	nothing_left "by a lab with disks of its own"
}

# Interrupted anywhere, by anything; then cleaned away by down or by the next up.
test_interrupted_up() {
	local round signals=(INT TERM KILL) disks=(--bare --own-disks) signal delay pid
	for round in 1 2 3 4 5 6 7 8 9 10; do
		signal=${signals[round % 3]}
		delay=$(printf '0.%03d' $((RANDOM % 1000)))
		python3 -c 'import signal, sys, os
signal.signal(signal.SIGINT, signal.default_int_handler)
os.execv(sys.argv[1], sys.argv[1:])' "$lab" up --bare "${disks[round % 2]}" >/dev/null 2>&1 &
		pid=$!
		sleep "$delay"
		kill "-$signal" "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
		if [ $((round % 5)) -eq 0 ]; then
			"$lab" up --bare >/dev/null || fail "up after $signal at $delay s failed"
			pings a b || fail "up after $signal at $delay s has no network"
		fi
		"$lab" down || fail "down after $signal at $delay s failed"
		nothing_left "after $signal at $delay s"
	done
}

run() {
	local test=$1 from
	if [ ${#only[@]} -gt 0 ] && [[ " ${only[*]} " != *" $test "* ]]; then
		return
	fi
	# A test that failed must not fail the next.
	"$lab" heal
	from=$(now_ms)
	if ("test_$test"); then
		passed=$((passed + 1))
		printf 'ok   %s (%s ms)\n' "$test" $(($(now_ms) - from))
	else
		failed=$((failed + 1))
		printf 'FAIL %s\n' "$test"
	fi
}

[ "$(id -u)" -eq 0 ] || { echo "test_lab.sh: needs root" >&2; exit 2; }
only=("$@")
for test in nothing_to_undo up second_up_waits_not exec exec_ends_its_command client machine_is_whole watchdog address vrrp \
	cut loss freeze kill kill_overtakes_start failing_step no_packages down own_disks interrupted_up; do
	run "$test"
done
printf 'test_lab: %d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
