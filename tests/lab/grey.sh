# Faults of one part of a machine that goes on living otherwise: sourced after scenario.sh.
# grey_break FAULT NODE begins one, grey_mend FAULT NODE ends it; both are harmless when repeated.
# shellcheck shell=bash disable=SC2154,SC2034,SC2016

grey_dir=${HOLDFAST_LAB_DIR:-/var/lib/holdfast-lab}/grey
grey_data=/var/lib/holdfast/mysql
grey_register=/var/lib/holdfast/heartbeat

inside() { # NODE COMMAND...
  local node=$1
  shift
  "$lab" exec "$node" -- "$@"
}

# A disk of its own for a directory, so that it can stall, fill up and break without touching the host's. Nothing stays in
# the directory below: a machine that came up without its disk would otherwise run from an old copy.
grey_disk() { # NODE DIRECTORY MEGABYTES UNIT...
  local node=$1 dir=$2 size=$3 image loop
  image=$grey_dir/$node-$(basename "$dir").img
  shift 3
  inside "$node" mountpoint -q "$dir" && return 0
  mkdir -p "$grey_dir"
  rm -f "$image"
  truncate -s "${size}M" "$image"
  mkfs.ext4 -q -F -m 0 "$image" || fail "no disk $image"
  loop=$(losetup --find --show "$image") || fail "no loop device for $image"
  inside "$node" bash -euc '
    dir=$1 device=/dev/grey-$2 minor=$2
    shift 2
    rm -f "$device"
    mknod "$device" b 7 "$minor"
    mkdir -p /mnt/grey
    mount -t ext4 -o errors=remount-ro,barrier=0 "$device" /mnt/grey
    rmdir /mnt/grey/lost+found
    systemctl stop "$@"
    cp -a "$dir/." /mnt/grey/
    sync -f /mnt/grey # an error of the disk must not find all of it in memory still
    find "$dir" -mindepth 1 -delete
    mount -t ext4 -o errors=remount-ro,barrier=0 "$device" "$dir"
    umount /mnt/grey
    for unit; do [ "$unit" = mariadb ] || systemctl start "$unit"; done' - "$dir" "${loop#/dev/loop}" "$@" ||
    fail "no disk of its own for $dir on $node"
  # It goes when its last user does.
  losetup -d "$loop"
}

# The way back.
grey_no_disk() { # NODE DIRECTORY UNIT...
  local node=$1 dir=$2
  shift 2
  inside "$node" mountpoint -q "$dir" || return 0
  inside "$node" bash -euc '
    dir=$1
    shift
    systemctl stop "$@"
    mount --bind "$dir" /mnt/grey
    for i in $(seq 100); do ! umount "$dir" || break; sleep 0.1; done
    cp -a /mnt/grey/. "$dir/"
    umount /mnt/grey
    for unit; do [ "$unit" = mariadb ] || systemctl start "$unit"; done' - "$dir" "$@" || fail "$dir on $node: no way back"
}

grey_minor() { # NODE DIRECTORY: the number of its loop device
  inside "$1" findmnt -no MAJ:MIN "$2" | tail -n 1 | tr -d ' ' | cut -d: -f2
}

grey_disks() { # the database and the register of both gateways each get a disk
  local node
  for node in a b; do
    grey_disk "$node" "$grey_data" 1500 holdfast-replicationd mariadb
    grey_disk "$node" "$grey_register" 16 holdfast-heartbeatd
    wait_sync
  done
}

grey_no_disks() {
  local node
  for node in a b; do
    grey_no_disk "$node" "$grey_data" holdfast-replicationd mariadb
    grey_no_disk "$node" "$grey_register" holdfast-heartbeatd
    wait_sync
  done
}

grey_freeze() { inside "$1" fsfreeze -f "$2"; }
grey_thaw() { inside "$1" fsfreeze -u "$2" 2>/dev/null || true; }

grey_fill() { # NODE DIRECTORY: the last byte of it
  inside "$1" bash -c 'dd if=/dev/zero of="$1/filler" bs=64k status=none 2>/dev/null; dd if=/dev/zero of="$1/filler2" bs=1k status=none 2>/dev/null; true' - "$2"
}
grey_empty() { inside "$1" rm -f "$2/filler" "$2/filler2"; }

grey_signal() { # NODE SIGNAL UNIT...: to every process of the units
  local node=$1 signal=$2
  shift 2
  inside "$node" systemctl kill --kill-who=all --signal="$signal" "$@"
}

# The path of the relay, from the standby's replication to the active's database. Both directions, or one.
grey_link() { # NODE VERDICT(drop|reject) DIRECTION(both|in|out)
  local rules="add table inet grey; flush table inet grey; add chain inet grey in { type filter hook input priority 0; }; \
add chain inet grey out { type filter hook output priority 0; };"
  local verdict=$2
  [ "$verdict" != reject ] || verdict='reject with tcp reset'
  case $3 in both | in) rules+=" add rule inet grey in tcp dport 3306 ip saddr != 127.0.0.1 $verdict;" ;; esac
  case $3 in both | out) rules+=" add rule inet grey out tcp sport 3306 ip daddr != 127.0.0.1 $verdict;" ;; esac
  inside "$1" nft "$rules"
}

grey_break() { # FAULT NODE
  local node=$2
  case $1 in
    disk-stall-data) grey_freeze "$node" "$grey_data" ;;
    disk-stall-register) grey_freeze "$node" "$grey_register" ;;
    disk-stall-both) grey_freeze "$node" "$grey_data"; grey_freeze "$node" "$grey_register" ;;
    disk-full-data) grey_fill "$node" "$grey_data" ;;
    disk-full-register) grey_fill "$node" "$grey_register" ;;
    disk-full-run) grey_fill "$node" /run ;;
    disk-readonly-data) # as after an error of the device; the machine itself may not write there
      echo 1 >"/sys/fs/ext4/loop$(grey_minor "$node" "$grey_data")/trigger_fs_error" ;;
    database-stopped) grey_signal "$node" STOP mariadb ;;
    database-locked) # accepts connections, commits nothing
      inside "$node" systemd-run --quiet --collect --unit=grey-lock mariadb -e 'FLUSH TABLES WITH READ LOCK; SELECT SLEEP(600)' ;;
    database-crowded) # every connection there is
      inside "$node" systemd-run --quiet --collect --unit=grey-crowd bash -c \
        'for i in $(seq 170); do mariadb -e "SELECT SLEEP(600)" & done; wait' ;;
    database-crashes) inside "$node" systemd-run --quiet --collect --unit=grey-crash bash -c \
      'while :; do systemctl kill --signal=KILL mariadb; sleep 1; done' ;;
    ledger-stopped) grey_signal "$node" STOP holdfast-ledgerd ;;
    ledger-crashes) inside "$node" systemd-run --quiet --collect --unit=grey-crash bash -c \
      'while :; do systemctl kill --signal=KILL holdfast-ledgerd; sleep 1; done' ;;
    ledger-broken) inside "$node" bash -c 'systemctl mask --runtime holdfast-ledgerd 2>/dev/null; systemctl kill --signal=KILL holdfast-ledgerd' ;;
    replication-stopped) grey_signal "$node" STOP holdfast-replicationd ;;
    replication-killed) grey_signal "$node" KILL holdfast-replicationd ;;
    replication-broken) inside "$node" bash -c 'systemctl mask --runtime --now holdfast-replicationd 2>/dev/null' ;;
    edge-stopped) grey_signal "$node" STOP haproxy ;;
    edge-killed) grey_signal "$node" KILL haproxy ;;
    edge-broken) # it does not come up again: the configuration is bad
      inside "$node" bash -c 'mkdir -p /run/systemd/system/haproxy.service.d
        printf "[Service]\nExecStartPre=/bin/false\n" >/run/systemd/system/haproxy.service.d/grey.conf
        systemctl daemon-reload; systemctl kill --kill-who=all --signal=KILL haproxy' ;;
    workers-stopped) grey_signal "$node" STOP 'holdfast-workerd@*' ;;
    link-drop-both | link-drop-in | link-drop-out | link-reject-both)
      local v=${1#link-}
      grey_link "$node" "${v%-*}" "${v#*-}" ;;
    *) fail "what is the fault '$1'?" ;;
  esac
}

grey_mend() { # FAULT NODE
  local node=$2
  case $1 in
    disk-stall-*) grey_thaw "$node" "$grey_data"; grey_thaw "$node" "$grey_register" ;;
    disk-full-data) grey_empty "$node" "$grey_data" ;;
    disk-full-register) grey_empty "$node" "$grey_register" ;;
    disk-full-run) grey_empty "$node" /run ;;
    disk-readonly-data) # repaired: that needs somebody who does it
      inside "$node" bash -c 'exec 9<"/dev/grey-$2" # or the device would go with the mount
        systemctl stop holdfast-replicationd; systemctl kill --signal=KILL mariadb
        for i in $(seq 100); do umount "$1" && break; sleep 0.1; done
        e2fsck -fy "/dev/grey-$2" >/dev/null 2>&1
        mount -t ext4 -o errors=remount-ro,barrier=0 "/dev/grey-$2" "$1"
        systemctl start holdfast-replicationd' - "$grey_data" "$(grey_minor "$node" "$grey_data")" ;;
    database-stopped) grey_signal "$node" CONT mariadb 2>/dev/null || true ;;
    database-locked) inside "$node" systemctl stop grey-lock 2>/dev/null || true ;;
    database-crowded) inside "$node" systemctl stop grey-crowd 2>/dev/null || true ;;
    database-crashes | ledger-crashes) inside "$node" systemctl stop grey-crash 2>/dev/null || true ;;
    ledger-stopped) grey_signal "$node" CONT holdfast-ledgerd 2>/dev/null || true ;;
    ledger-broken) inside "$node" bash -c 'systemctl unmask --runtime holdfast-ledgerd; systemctl start holdfast-ledgerd' 2>/dev/null ;;
    replication-stopped) grey_signal "$node" CONT holdfast-replicationd 2>/dev/null || true ;;
    replication-broken) inside "$node" bash -c 'systemctl unmask --runtime holdfast-replicationd; systemctl start holdfast-replicationd' 2>/dev/null ;;
    edge-stopped) grey_signal "$node" CONT haproxy 2>/dev/null || true ;;
    edge-broken) inside "$node" bash -c 'rm -rf /run/systemd/system/haproxy.service.d; systemctl daemon-reload; systemctl restart haproxy' ;;
    workers-stopped) grey_signal "$node" CONT 'holdfast-workerd@*' ;;
    link-*) inside "$node" nft delete table inet grey 2>/dev/null || true ;;
    *-killed) ;;
    *) fail "what is the fault '$1'?" ;;
  esac
}

# grey_case FAULT ROLE OUTCOME, under load: the fault strikes whoever has the ROLE (active, standby); then, without a human, the
# payments flow: the role has moved (OUTCOME hand), the active goes on alone (solo) or with all (stay). When the fault is
# mended the pair is in SYNC again.
grey_case() {
  local fault=$1 role=$2 outcome=$3 was heir victim start=$SECONDS
  wait_sync
  was=$(active w)
  heir=$(other "$was")
  victim=$was
  [ "$role" = active ] || victim=$heir
  grey_fault=$fault grey_victim=$victim
  grey_break "$fault" "$victim"
  case $outcome in
    hand) wait_until 60 "$heir active, after $fault on $was" is_active w "$heir" ;;
    solo) wait_until 60 "$was alone, after $fault on $victim" is_mode w SOLO ;;
  esac
  payments_flow
  payments_flow
  [ "$outcome" = hand ] || [ "$(active w)" = "$was" ] || fail "the role has moved to $(active w) after $fault on $victim"
  grey_mend "$fault" "$victim"
  grey_fault=
  wait_sync w 180
  payments_flow
  say "$fault on the $role: $outcome, $((SECONDS - start)) s"
}

# Whatever happens: who waits for a frozen disk cannot even be killed.
grey_fault=
trap '[ -z "$grey_fault" ] || grey_mend "$grey_fault" "$grey_victim" >/dev/null 2>&1' EXIT

# grey_family NAME CASE...: each CASE is FAULT/ROLE/OUTCOME. Those marked with a + only if HOLDFAST_GREY=all.
grey_family() {
  local name=$1 one fault role outcome
  shift
  # Giving a machine a disk of its own stops its database: not under load.
  case "$*" in *disk-*) grey_disks ;; esac
  start_load "$name"
  for one; do
    case $one in +*) [ "${HOLDFAST_GREY:-}" = all ] || continue ;; esac
    IFS=/ read -r fault role outcome <<<"${one#+}"
    grey_case "$fault" "$role" "$outcome"
  done
  stop_load
  case "$*" in *disk-*) grey_no_disks ;; esac
}
