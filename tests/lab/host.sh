# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # a part of lab: names come from and go to the other parts
# What the lab needs to know about the host: names, directories, the lock, processes.

lab_dir=${HOLDFAST_LAB_DIR:-/var/lib/holdfast-lab}
[[ $lab_dir == /* ]] || lab_dir=$PWD/$lab_dir
cache_dir=/var/cache/holdfast-lab
nodes="a b w"
# r, for a replica, is there only for who starts it (lab start r).
all_nodes="$nodes r"
net_prefix=10.77.0
second_prefix=10.78.0
# The same of IPv6, beside those: who is not told of it does not use it.
net_prefix6=fd00:77::
second_prefix6=fd00:78::
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

# The hot paths (exec, kill) start no process of their own: what they find is in REPLY.

# process_stat PID: REPLY is "STATE START", START in clock ticks, as a pid alone may have been reused; false when it is gone.
process_stat() {
	local stat=""
	# The name in parentheses may hold anything, also a newline; the fields follow the last one.
	{ IFS= read -r -d '' stat <"/proc/$1/stat"; } 2>/dev/null
	local fields
	read -r -a fields <<<"${stat##*) }"
	REPLY="${fields[0]:-X} ${fields[19]:-}"
	[[ $REPLY != [ZX]* ]]
}

# process_recorded FILE: the file says "PID START"; while that very process lives, REPLY is "PID STATE".
process_recorded() {
	local pid start
	{ read -r pid start <"$1"; } 2>/dev/null || return 1
	process_stat "$pid" && [ "${REPLY#* }" = "$start" ] || return 1
	REPLY="$pid ${REPLY%% *}"
}

process_record() {
	process_stat "$1" && printf '%s %s\n' "$1" "${REPLY#* }" >"$2"
}

# Runs a command whose mounts and processes vanish with us, however we end. In the background, so that a signal to us counts
# at once: bash runs its traps only between commands, but ends a wait.
in_private() {
	setpriv --pdeathsig KILL -- unshare --mount --propagation slave --pid --fork --kill-child=KILL --mount-proc -- \
		"$@" 9>&- 8>&- 7>&- </dev/null &
	wait $!
}

# This program again, without our locks: they must end with us.
lab_self() {
	"$lab_source/lab" "$@" 9>&- 8>&- 7>&-
}

# wait_for SECONDS COMMAND...: true as soon as COMMAND is; false after SECONDS.
wait_for() {
	local until_us=$((${EPOCHREALTIME/./} + $1 * 1000000))
	shift
	until "$@"; do
		[ "${EPOCHREALTIME/./}" -lt "$until_us" ] || return 1
		sleep "${wait_step:-0.05}" 9>&- 8>&- 7>&-
	done
}
