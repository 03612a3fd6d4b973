#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The disk of a machine is made whole or not at all, and its record is read when it is written: the lab's own steps on small images, without a lab.
# shellcheck disable=SC2034,SC2154,SC2317,SC2329 # what the parts take; what they call
set -u
here=$(cd "$(dirname "$0")" && pwd)
PATH=$PATH:/usr/sbin:/sbin
{ command -v mkfs.ext4 && command -v debugfs; } >/dev/null || { echo "no e2fsprogs: skipped"; exit 77; }
HOLDFAST_LAB_DIR=$(mktemp -d) || exit 1
trap 'rm -rf "$HOLDFAST_LAB_DIR"' EXIT
for part in host rootfs disk machine; do
	# shellcheck source=/dev/null
	. "$here/$part.sh"
done
failed=0 disk_size=64M
# What is around a machine, which is not there.
node_address() { echo 10.77.0.9; }
network_need() { :; }
machine_lock() { :; }
machine_clear() { :; }
machine_power_on() { :; }
wait_for() { :; }
machine_leader() { :; }

# whole WHAT: r has a disk of its own, which is a file system with its name in it
whole() {
	local name
	name=$(debugfs -R 'cat /upper/etc/hostname' "$lab_dir/nodes/r/disk.img" 2>/dev/null)
	if [ "$name" = r ] && [ ! -e "$lab_dir/nodes/r/upper" ]; then
		echo "ok   $1"
	else
		echo "FAIL $1: $(ls "$lab_dir/nodes/r")"
		failed=1
	fi
}
again() { # each time from nothing, beside an a with a disk of its own
	rm -rf "$lab_dir/nodes"
	mkdir -p "$lab_dir/nodes/a"
	echo /layers >"$lab_dir/nodes/a/lower"
	: >"$lab_dir/nodes/a/disk.img"
}

again
machine_start r
whole "the first start"
made=$(stat -c %i "$lab_dir/nodes/r/disk.img")
machine_start r
[ "$(stat -c %i "$lab_dir/nodes/r/disk.img")" = "$made" ] || { echo "FAIL: the second start makes another disk"; failed=1; }
again
(
	disk_make() { exit 130; }
	machine_start r
)
machine_start r
whole "a start after one that was interrupted before the disk"
again
(
	mkfs.ext4() { exit 130; }
	machine_start r
)
machine_start r
whole "a start after one that was interrupted in the disk"
again
rm "$lab_dir/nodes/a/disk.img"
(
	tr() { exit 130; }
	machine_start r
)
machine_start r
[ "$(cat "$lab_dir/nodes/r/upper/etc/hostname")" = r ] && [ -s "$lab_dir/nodes/r/upper/etc/hosts" ] && [ -s "$lab_dir/nodes/r/upper/etc/machine-id" ] ||
	{ echo "FAIL: no disk among the host's files"; failed=1; }
[ ! -e "$lab_dir/nodes/r/disk.img" ] || { echo "FAIL: a disk of its own where a has none"; failed=1; }
# Who waits for a machine that begins looks while its record is written.
: >"$lab_dir/nodes/r/container"
if machine_gone_or_leader "$lab_dir/nodes/r"; then
	echo "FAIL: a machine whose record is being written is gone"
	failed=1
fi
echo "999999999 1" >"$lab_dir/nodes/r/container"
machine_gone_or_leader "$lab_dir/nodes/r" || { echo "FAIL: a machine that died at its start is waited for"; failed=1; }
[ "$failed" -eq 0 ]
