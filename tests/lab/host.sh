# SPDX-License-Identifier: Apache-2.0
# What the lab needs to know about the host: names, directories, the lock, processes.

lab_dir=${HOLDFAST_LAB_DIR:-/var/lib/holdfast-lab}
cache_dir=/var/cache/holdfast-lab
nodes="a b w"
net_prefix=10.77.0
vip=$net_prefix.100
started_us=${EPOCHREALTIME/./}

# Two labs with two directories live side by side: everything that has a name on the host carries this one.
lab_name=holdfast
[ "$lab_dir" = /var/lib/holdfast-lab ] || lab_name=holdfast-$(printf %s "$lab_dir" | cksum | cut -d' ' -f1)

elapsed() {
	local us=$((${EPOCHREALTIME/./} - started_us))
	printf '%d.%d' $((us / 1000000)) $((us / 100000 % 10))
}

say() {
	printf 'lab: [%5s s] %s\n' "$(elapsed)" "$*"
}

die() {
	printf 'lab: %s\n' "$*" >&2
	exit 1
}

usage_error() {
	printf 'lab: %s (lab --help)\n' "$*" >&2
	exit 2
}

# Names what is missing before anything is changed.
host_check() {
	local tool
	for tool in ip:iproute2 nft:nftables mmdebstrap:mmdebstrap systemd-nspawn:systemd-container jq:jq \
		nsenter:util-linux setpriv:util-linux flock:util-linux sha256sum:coreutils; do
		command -v "${tool%%:*}" >/dev/null ||
			die "${tool%%:*} is missing: tests/lab/install-deps, or apt-get install ${tool##*:}"
	done
	mkdir -p "$lab_dir" "$cache_dir" || exit 1
	local filesystem
	filesystem=$(stat -f -c %T "$lab_dir")
	case $filesystem in
	tmpfs | overlayfs) die "$lab_dir is on $filesystem: the machines' disks must be on a real one (HOLDFAST_LAB_DIR)" ;;
	esac
}

# One up or down at a time. Every child gets 9>&-: a lock must die with the command that took it.
lab_lock() {
	mkdir -p "$lab_dir" || exit 1
	exec 9>"$lab_dir/lock"
	flock -w 5 9 || die "another lab up or down is running in $lab_dir"
}

# Start time of a process in clock ticks, empty when it is gone or a zombie: a pid alone may have been reused.
process_start() {
	local stat
	stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
	# The name in parentheses may hold anything, the fields follow the last one.
	read -r -a stat <<<"${stat##*) }"
	[ "${stat[0]}" != Z ] && [ "${stat[0]}" != X ] || return 1
	printf '%s' "${stat[19]}"
}

# A file "PID START"; prints the pid while that very process lives.
process_recorded() {
	local pid start
	read -r pid start 2>/dev/null <"$1" || return 1
	[ "$(process_start "$pid")" = "$start" ] || return 1
	printf '%s' "$pid"
}

# Runs a command whose mounts and processes vanish with us, however we end.
in_private() {
	setpriv --pdeathsig KILL -- unshare --mount --propagation slave --pid --fork --kill-child=KILL --mount-proc -- \
		"$@" 9>&- </dev/null
}

# wait_for SECONDS COMMAND...: true as soon as COMMAND is; false after SECONDS.
wait_for() {
	local until_us=$((${EPOCHREALTIME/./} + $1 * 1000000))
	shift
	until "$@"; do
		[ "${EPOCHREALTIME/./}" -lt "$until_us" ] || return 1
		sleep 0.05 9>&-
	done
}
