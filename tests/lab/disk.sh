# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # a part of lab: names come from and go to the other parts
# Disks of their own (lab up --own-disks): upper and work of a machine are on an ext4 in nodes/X/disk.img, mounted in the machine's own mount
# namespace. Power loss shuts that file system down before anything dies: what the kernel had not been made to write is not on the disk,
# and the next start replays the log, as after a real one. Without them a power loss is the death of all processes, and their writes stay.
# The loop device goes with the mount, and the mount with the last process of the machine, whoever kills it.
# What a drive would lose of its own cache is not lost. A file system has one log, so an fsync of one file makes the names of all durable:
# a forgotten fsync of a directory may be covered by another file's.

disk_size=8G # sparse

disk_is_own() {
	[ -f "$lab_dir/nodes/$1/disk.img" ]
}

# disk_make NODE: from what rootfs_disk has put into upper and work. disk.img is there when all of it is, whenever somebody interrupts this.
disk_make() {
	local dir=$lab_dir/nodes/$1
	rm -rf "$dir/content" "$dir/disk.img.new"
	mkdir -p "$dir/disk" "$dir/content" && mv "$dir/upper" "$dir/work" "$dir/content/" && truncate -s "$disk_size" "$dir/disk.img.new" &&
		mkfs.ext4 -q -F -m 0 -E lazy_itable_init=1,lazy_journal_init=1 -d "$dir/content" "$dir/disk.img.new" &&
		mv "$dir/disk.img.new" "$dir/disk.img" || die "$1: no disk in $dir/disk.img"
	rm -rf "$dir/content"
}

# From now on nothing gets to the disk, and what is in memory is lost: EXT4_IOC_SHUTDOWN without a flush of the log, as xfstests does it. Every
# write and fsync fails until the machine is dead; it cannot tell anybody, its cables are out.
disk_lose_power() {
	local container
	disk_is_own "$1" || return 0
	machine_container "$1" || return 0
	container=$REPLY
	perl -e 'open(my $d, "<", $ARGV[0]) or die "$ARGV[0]: $!\n"; my $how = pack("L", 2); # EXT4_GOING_FLAGS_NOLOGFLUSH
		ioctl($d, 0x8004587d, $how) or die "$ARGV[0]: $!\n"' "/proc/$container/root$lab_dir/nodes/$1/disk" 9>&- 8>&- 7>&- ||
		die "$1: its disk goes on without power"
}

# A mount is gone a moment after the processes that saw it; the next one would find the old one's loop device.
disk_wait_free() {
	disk_is_own "$1" || return 0
	wait_for 20 disk_is_free "$1" || die "$1: its disk stays busy: $(losetup -j "$lab_dir/nodes/$1/disk.img")"
}

disk_is_free() {
	[ -z "$(losetup -j "$lab_dir/nodes/$1/disk.img" 2>/dev/null)" ]
}
