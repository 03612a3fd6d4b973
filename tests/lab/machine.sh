# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # a part of lab: names come from and go to the other parts
# A machine: a systemd-nspawn container that boots its own systemd on its own disk and dies as a whole.
# nodes/X holds upper and work (the disk; in disk.img where machines have disks of their own), container (pid of systemd-nspawn), leader (pid of the machine's init), frozen.

node_dir() {
	printf '%s/nodes/%s' "$lab_dir" "$1"
}

# In REPLY: the pid of the machine's init, of its systemd-nspawn; false when it does not live.
machine_leader() {
	process_recorded "$lab_dir/nodes/$1/leader" && REPLY=${REPLY% *}
}

machine_container() {
	process_recorded "$lab_dir/nodes/$1/container" && REPLY=${REPLY% *}
}

# In REPLY: dead, frozen or running.
machine_state() {
	if ! process_recorded "$lab_dir/nodes/$1/leader"; then
		REPLY=dead
	elif [ -e "$lab_dir/nodes/$1/frozen" ] || [[ $REPLY == *" "[Tt] ]]; then
		REPLY=frozen
	else
		REPLY=running
	fi
}

# The journal is in the upper layer, so it can be read when the machine is dead or stuck.
machine_journal() {
	local node=$1 journal
	shift
	if disk_is_own "$node"; then
		machine_leader "$node" || return 0 # its disk is in nobody's sight
		journal=/proc/$REPLY/root/var/log/journal
	else
		journal=$(node_dir "$node")/upper/var/log/journal
	fi
	journalctl --directory="$journal" --quiet --no-pager --no-hostname --output=short-precise "$@" 2>/dev/null
}

# The lines that matter: warnings and worse, everything of ours, the last of them.
machine_explain() {
	local node=$1
	{
		echo "--- $node: journal"
		{
			machine_journal "$node" --priority=warning --lines=25
			machine_journal "$node" --lines=40 --unit='holdfast-*' --unit=mariadb --unit=keepalived --unit=haproxy
		} | sort -u -k3,3 | tail -n 60
		echo "--- $node: console"
		tail -n 5 "$(node_dir "$node")/console.log" 2>/dev/null
	} >&2
}

machine_fail() {
	local node=$1
	shift
	machine_explain "$node"
	die "$node: $*"
}

# Runs as the container's own process from the first line on, so that its pid is known before it exists.
# Mounts and control groups are its own and go with it.
# shellcheck disable=SC2016 # for the inner shell
machine_boot_script='
	node=$1 ns=$2 dir=$3 name=$4
	start=$(cat /proc/$$/stat) && start=${start##*) } && set -- $start
	echo "$$ ${20}" >"$dir/container"
	# One control group for each machine: its systemd takes for the root of the tree whatever it is started in.
	for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
		[ -e "$hierarchy/cgroup.procs" ] || continue
		mkdir -p "$hierarchy/$name" 2>/dev/null && echo $$ 2>/dev/null >"$hierarchy/$name/cgroup.procs"
	done
	disk=$dir
	if [ -f "$dir/disk.img" ]; then
		disk=$dir/disk
		mount -t ext4 -o loop,errors=remount-ro "$dir/disk.img" "$disk" || exit 1
	fi
	mount -t overlay overlay -o "lowerdir=$(cat "$dir/lower"),upperdir=$disk/upper,workdir=$disk/work" "$dir/root" || exit 1
	exec systemd-nspawn --quiet --directory="$dir/root" --machine="$name" --hostname="$node" --boot --register=no \
		--keep-unit --network-namespace-path="/run/netns/$ns" --capability=all --resolv-conf=off --timezone=off \
		--link-journal=no --console=read-only --kill-signal=SIGRTMIN+3'

machine_launch() {
	local node=$1 dir ns
	dir=$(node_dir "$node")
	ns=$(node_ns "$node")
	[ -f "$dir/lower" ] || die "$node has no disk: the lab is not up (lab up)"
	rm -f "$dir/leader" "$dir/container" "$dir/frozen"
	network_plug "$node"
	# nsenter first: everything that belongs to the machine is found by its namespace, even if we are killed here.
	setsid nsenter --net="/run/netns/$ns" -- unshare --mount --propagation slave -- \
		bash -c "$machine_boot_script" - "$node" "$ns" "$dir" "$(node_ns "$node")" \
		</dev/null >"$dir/console.log" 2>&1 9>&- 8>&- 7>&- &
	disown
}

# The machine's init: a child of systemd-nspawn that is process 1 of a namespace of its own.
machine_find_leader() {
	local dir=$1 pid pids=()
	process_recorded "$dir/container" || return 1
	{ read -r -a pids <"/proc/${REPLY% *}/task/${REPLY% *}/children"; } 2>/dev/null
	for pid in "${pids[@]}"; do
		if grep -q '^NSpid:.*[[:space:]]1$' "/proc/$pid/status" 2>/dev/null && process_record "$pid" "$dir/leader"; then
			return 0
		fi
	done
	return 1
}

# An empty record is one that is being written.
machine_gone_or_leader() {
	machine_find_leader "$1" || { [ -s "$1/container" ] && ! process_recorded "$1/container"; }
}

# Both under the node's lock: kill may come at any time, and must find either nothing or a leader.
machine_lock() {
	mkdir -p "$(node_dir "$1")"
	exec 7>"$(node_dir "$1")/lock"
	flock -w 20 7 || die "$1: another command holds it for 20 s"
}

machine_power_on() {
	local node=$1 dir
	dir=$(node_dir "$node")
	machine_launch "$node"
	if ! wait_for 20 machine_gone_or_leader "$dir" || ! machine_leader "$node"; then
		machine_fail "$node" "did not start"
	fi
}

machine_is_up() {
	local node=$1 wanted=$2 state
	machine_leader "$node" || return 0
	[ -S "/proc/$REPLY/root/run/systemd/private" ] || return 1
	case $wanted in
	basic) state=$(lab_self exec "$node" -- timeout 5 systemctl is-active basic.target 2>/dev/null) ;;
	settled) state=$(lab_self exec "$node" -- timeout 5 systemctl is-system-running 2>/dev/null) ;;
	esac
	case $state in
	active | running | degraded) return 0 ;;
	*) return 1 ;;
	esac
}

# r is made when it is first started, on a disk of its own where a has one, and again when that was interrupted.
machine_make_replica() {
	if [ -f "$(node_dir r)/lower" ] && { disk_is_own r || ! disk_is_own a; }; then return; fi
	rootfs_disk r "$(cat "$(node_dir a)/lower")"
	! disk_is_own a || disk_make r
}

machine_start() {
	local node=$1
	network_need
	machine_lock "$node"
	machine_state "$node"
	[ "$REPLY" = dead ] || return 0
	machine_clear "$node"
	[ "$node" != r ] || machine_make_replica
	machine_power_on "$node"
	exec 7>&-
	wait_for 60 machine_is_up "$node" basic || machine_fail "$node" "systemd is not up after 60 s"
	machine_leader "$node" || die "$node: died while it started"
}

machine_up_all() {
	local node failed
	for node in $nodes; do
		machine_power_on "$node"
	done
	for node in $nodes; do
		wait_for 60 machine_is_up "$node" settled || machine_fail "$node" "is not up after 60 s"
		machine_leader "$node" || machine_fail "$node" "died while it started"
		failed=$(lab_self exec "$node" -- systemctl --failed --plain --no-legend | awk '{ printf " %s", $1 }')
		[ -z "$failed" ] || machine_fail "$node" "failed units:$failed"
		say "$node is up"
	done
}

# Who waits for a frozen file system (tests/lab/grey.sh) cannot be killed.
machine_thaw_disks() {
	local dir
	[ -d "$lab_dir/grey" ] || return 0
	for dir in mysql heartbeat; do
		nsenter --target "$1" --mount -- fsfreeze -u "/var/lib/holdfast/$dir" 2>/dev/null 9>&- 8>&- 7>&-
	done
	return 0
}

# Everything in the machine dies with its init. The record goes first: a command in the machine that dies of this must not
# find it.
machine_power_off() {
	local dir=$lab_dir/nodes/$1 wait_step=0.005 leader
	if machine_leader "$1"; then
		leader=$REPLY
		disk_lose_power "$1"
		machine_thaw_disks "$leader"
		mv -f "$dir/leader" "$dir/leaving"
		kill -KILL "$leader"
		wait_for 10 machine_has_left "$1" || die "$1: does not die"
	fi
}

machine_has_left() {
	! process_recorded "$lab_dir/nodes/$1/leaving"
}

machine_is_gone() {
	machine_has_left "$1" && ! machine_container "$1" && ! machine_leader "$1"
}

# After power off: what is around the machine. systemd-nspawn notices and leaves by itself, the disk is free then.
machine_clear() {
	local node=$1 dir=$lab_dir/nodes/$1
	machine_power_off "$node"
	if ! wait_for 3 machine_is_gone "$node"; then
		machine_container "$node" && kill -KILL "$REPLY"
		wait_for 10 machine_is_gone "$node" || die "$node: does not die"
	fi
	[ ! -e "/run/netns/$(node_ns "$node")" ] || network_kill_inside "$(node_ns "$node")"
	disk_wait_free "$node"
	rm -f "$dir"/{leader,leaving,container,frozen}
	machine_remove_groups "$node"
}

# As quick as can be: the next start or down clears the rest away.
machine_kill() {
	local node=$1
	network_need
	machine_lock "$node"
	network_pull "$node" 2>/dev/null
	machine_power_off "$node"
	rm -f "$lab_dir/nodes/$node/frozen"
}

machine_group_paths() {
	local hierarchy
	for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
		[ ! -d "$hierarchy/$lab_name-$1" ] || printf '%s\n' "$hierarchy/$lab_name-$1"
	done
}

machine_groups_removed() {
	local groups
	mapfile -t groups < <(machine_group_paths "$1")
	[ ${#groups[@]} -gt 0 ] || return 0
	# Deepest first.
	find "${groups[@]}" -depth -type d -exec rmdir {} + 2>/dev/null
	return 1
}

# A dead machine's control groups. A dying process leaves its own a moment after its namespaces.
machine_remove_groups() {
	local wait_step=0.01
	wait_for 5 machine_groups_removed "$1" || die "$1: cannot remove the control groups" "$(machine_group_paths "$1")"
	rm -rf "/run/systemd/nspawn/propagate/$lab_name-$1" "/run/systemd/nspawn/unix-export/$lab_name-$1"
}

# Every process in the machine's pid namespace, by host pid.
machine_processes() {
	local space
	space=$(stat -L -c %i "/proc/$1/ns/pid" 2>/dev/null) || return 0
	# Some end while we look, which is no failure.
	stat -L -c '%i %n' /proc/[0-9]*/ns/pid 2>/dev/null | awk -v s="$space" '$1 == s { split($2, p, "/"); print p[3] }'
	return 0
}

machine_signal_all() {
	local leader=$1 signal=$2 pids seen=""
	# Again until nobody new turns up: a process may fork while we go through the list.
	while pids=$(machine_processes "$leader") && [ "$pids" != "$seen" ]; do
		# shellcheck disable=SC2086
		kill "-$signal" $pids 2>/dev/null
		seen=$pids
	done
}

machine_freeze() {
	local node=$1 leader
	machine_lock "$node"
	machine_leader "$node" || die "$node is dead"
	leader=$REPLY
	: >"$(node_dir "$node")/frozen"
	machine_signal_all "$leader" STOP
	# nsenter stops itself with its child and would stay so: the callers of exec hear 125 instead.
	machine_exec_end "$node"
}

machine_thaw() {
	local node=$1 leader
	[ -d "$(node_dir "$node")" ] || return 0
	machine_lock "$node"
	rm -f "$(node_dir "$node")/frozen"
	machine_leader "$node" || return 0
	leader=$REPLY
	machine_signal_all "$leader" CONT
}

machine_exec_end() {
	local file
	for file in "$(node_dir "$1")"/exec.*; do
		process_recorded "$file" && kill -USR1 "${REPLY% *}"
	done
	return 0
}

# The command itself, a child of nsenter; nsenter takes signals for itself only.
machine_exec_signal() {
	local pids
	{ read -r -a pids <"/proc/$2/task/$2/children"; } 2>/dev/null
	kill "-$1" "${pids[@]:-$2}" 2>/dev/null
}

# Exit status of the command, or 125 when the machine is dead or frozen, now or before the command ends. The command ends
# with us, even if we are killed.
machine_exec() {
	local node=$1 leader child status mark
	shift
	machine_state "$node"
	if [ "$REPLY" != running ] || ! machine_leader "$node"; then
		echo "lab: $node is ${REPLY:-dead}" >&2
		exit 125
	fi
	leader=$REPLY
	mark=$lab_dir/nodes/$node/exec.$$
	trap 'rm -f "$mark"' EXIT
	trap 'kill -KILL "$child"; exit 125' USR1
	trap 'machine_exec_signal INT "$child"' INT
	trap 'machine_exec_signal TERM "$child"' TERM HUP
	process_record $$ "$mark"
	setpriv --pdeathsig KILL -- env -i --default-signal=INT,QUIT HOME=/root LANG=C.UTF-8 TERM="${TERM:-dumb}" \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		nsenter --target "$leader" --mount --pid --net --uts --ipc -- setpriv --pdeathsig KILL -- "$@" <&0 9>&- 8>&- 7>&- &
	child=$!
	# A signal ends wait before the child does. Without the output: bash reports a child that a signal ended.
	{ while wait "$child"; status=$?; kill -0 "$child"; do :; done; } 2>/dev/null
	# The record goes before the machine does.
	if [ $status -gt 128 ] && ! machine_leader "$node"; then
		status=125
	fi
	exit $status
}

# Also what an up or a kill that was itself killed left behind: nothing here relies on the records alone.
machine_down_all() {
	local node
	for node in $all_nodes; do
		[ ! -e "/run/netns/$switch_ns" ] || network_pull "$node" 2>/dev/null
		[ ! -d "$(node_dir "$node")" ] || machine_clear "$node"
	done
	network_down
	for node in $all_nodes; do
		machine_remove_groups "$node"
	done
	rm -rf "${lab_dir:?}/nodes" "${lab_dir:?}/grey"
	layers_release
}
