# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # a part of lab: names come from and go to the other parts
# The disks of the machines, in layers: a Debian with everything ours depends on, our packages installed by apt on top, and
# a machine's own writes. The first two are cached, keyed by what went into them.

base_packages="systemd systemd-sysv dbus iproute2 iputils-ping procps nftables ca-certificates openssl"
base_packages+=" libsodium23 libjansson4 libsystemd0 libinih1 libssl3 libcurl4 libmicrohttpd12 adduser"
gateway_packages="$base_packages libmariadb3 keepalived haproxy mariadb-server mariadb-backup"
suite=bookworm

# kind of machine -> packages of ours that its user would ask apt for
declare -A own_packages=([gateway]="holdfast-common holdfast-worker holdfast-gateway holdfast-page" [witness]="holdfast-common holdfast-witness holdfast-page")

node_kind() {
	[ "$1" = w ] && echo witness || echo gateway
}

hash_of() {
	sha256sum | cut -c1-16
}

# Bumped by every change of image_settle and of the mmdebstrap options: they are part of the image.
image_version() {
	{ declare -f image_settle image_build; echo "$suite"; } | hash_of
}

image_key() {
	case $1 in
	gateway) echo "$suite $gateway_packages $(image_version)" | tr ' ' '\n' | hash_of ;;
	witness) echo "$suite $base_packages $(image_version)" | tr ' ' '\n' | hash_of ;;
	esac
}

# Settings that make a plain Debian a good machine of the lab; nothing that a user would have to do for Holdfast.
image_settle() {
	local root=$1 unit
	rm -f "$root/etc/hostname" "$root/etc/machine-id" "$root/etc/resolv.conf" "$root/var/lib/dbus/machine-id"
	for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service \
		fstrim.timer logrotate.timer man-db.timer systemd-pcrphase.service console-getty.service getty.target; do
		ln -sf /dev/null "$root/etc/systemd/system/$unit"
	done
	mkdir -p "$root/etc/systemd/journald.conf.d" "$root/var/log/journal"
	printf '[Journal]\nStorage=persistent\nRateLimitIntervalSec=0\nSystemMaxUse=4G\nSystemMaxFileSize=32M\nSystemMaxFiles=2000\nForwardToConsole=no\n' \
		>"$root/etc/systemd/journald.conf.d/lab.conf"
}

# Packages come over the network once; archives/ keeps them for the next build.
image_build() {
	local target=$1 packages=$2 archives=$cache_dir/archives proxy
	local options=()
	proxy=$(apt-config dump --format '%v' Acquire::http::Proxy 2>/dev/null)
	[ -z "$proxy" ] || options+=(--aptopt="Acquire::http::Proxy \"$proxy\"")
	mkdir -p "$archives"
	# shellcheck disable=SC2016 # for mmdebstrap's shell
	in_private mmdebstrap --quiet --variant=minbase --include="${packages// /,}" \
		--dpkgopt=force-unsafe-io --aptopt='APT::Install-Recommends "false"' \
		--aptopt='Acquire::Retries "3"' "${options[@]}" \
		--skip=download/empty --skip=essential/unlink \
		--setup-hook='mkdir -p "$1"/var/cache/apt/archives/' \
		--setup-hook="sync-in '$archives' /var/cache/apt/archives/" \
		--customize-hook="sync-out /var/cache/apt/archives '$archives'" \
		"$suite" "$target"
}

# REPLY is the directory of the image, built first when it is not there.
image_prepare() {
	local kind=$1 packages=$base_packages image
	[ "$kind" = witness ] || packages=$gateway_packages
	image=$cache_dir/image-$kind-$(image_key "$kind")
	if [ ! -d "$image" ]; then
		say "building the $kind image (kept in $cache_dir)"
		if ! image_build "$image.new" "$packages" >"$cache_dir/image-$kind.log" 2>&1; then
			tail -n 20 "$cache_dir/image-$kind.log" >&2
			die "the $kind image could not be built; all of it in $cache_dir/image-$kind.log"
		fi
		image_settle "$image.new"
		mv "$image.new" "$image" || exit 1
		layers_forget "image-$kind-*" 2
	fi
	touch "$image"
	REPLY=$image
}

# Installs our packages as a user would, with apt, without network: what they depend on must be in the image.
installed_build() {
	local image=$1 target=$2 archives=$3
	shift 3
	mkdir -p "$target/upper" "$target/work" "$target/root"
	# shellcheck disable=SC2016 # for the inner shell
	local script='
		mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root" || exit 1
		archives=$3 root=$2/root
		shift 3
		exec systemd-nspawn --quiet --directory="$root" --as-pid2 --private-network --register=no --keep-unit --link-journal=no \
			--bind-ro="$archives:/packages" --setenv=DEBIAN_FRONTEND=noninteractive --console=pipe \
			apt-get install --yes --no-install-recommends --allow-downgrades "$@"'
	in_private bash -c "$script" - "$image" "$target" "$archives" "$@"
}

# REPLY is "INSTALLED:IMAGE", the lower layers of a machine of this kind.
installed_prepare() {
	local kind=$1 archives=$2 image layer name files=() inside=()
	image_prepare "$kind"
	image=$REPLY
	for name in ${own_packages[$kind]}; do
		local found=("$archives/$name"_*.deb)
		[ -f "${found[0]}" ] || die "no $name in $archives (packaging/debian/build makes them)"
		[ ${#found[@]} -eq 1 ] || die "more than one $name in $archives"
		files+=("${found[0]}")
		inside+=("/packages/${found[0]##*/}")
	done
	layer=$cache_dir/installed-$kind-$({ echo "$image"; declare -f installed_build; sha256sum "${files[@]}"; } | hash_of)
	if [ ! -d "$layer" ]; then
		say "installing ${own_packages[$kind]}"
		if ! installed_build "$image" "$layer.new" "$archives" "${inside[@]}" >"$cache_dir/installed-$kind.log" 2>&1; then
			tail -n 20 "$cache_dir/installed-$kind.log" >&2
			die "$kind: our packages could not be installed; all of it in $cache_dir/installed-$kind.log"
		fi
		rm -rf "$layer.new/work" "$layer.new/root"
		mv "$layer.new" "$layer" || exit 1
		layers_forget "installed-$kind-*" 3
	fi
	touch "$layer"
	REPLY=$layer/upper:$image
}

# What the machines of a lab stand on must stay, whatever another lab builds: users/LAB names it while the lab is up.
layers_use() {
	mkdir -p "$cache_dir/users" && printf '%s\n' "$@" | tr ':' '\n' >"$cache_dir/users/$lab_name"
}

layers_release() {
	rm -f "$cache_dir/users/$lab_name"
}

# Keeps the newest N of a kind, and those in use.
layers_forget() {
	local pattern=$1 keep=$2 old
	# shellcheck disable=SC2086,SC2012 # a pattern; our own names have no blanks
	(cd "$cache_dir" && ls -dt $pattern 2>/dev/null | tail -n +$((keep + 1))) | while read -r old; do
		grep -qrsF "/$old" "$cache_dir/users" || rm -rf "${cache_dir:?}/$old"
	done
}

# rootfs_prepare ARCHIVES OWN_DISKS: a disk for each machine. Without ARCHIVES none of our packages is installed.
rootfs_prepare() {
	local archives=$1 own_disks=$2 node kind
	# The cache is shared by all labs of the host.
	exec 8>"$cache_dir/lock"
	flock -w 600 8 || die "another lab is building in $cache_dir"
	rm -rf "$cache_dir"/*.new
	declare -A lowers
	for kind in gateway witness; do
		if [ -n "$archives" ]; then
			installed_prepare "$kind" "$archives"
		else
			image_prepare "$kind"
		fi
		lowers[$kind]=$REPLY
	done
	layers_use "${lowers[@]}"
	exec 8>&-
	for node in $nodes; do
		rootfs_disk "$node" "${lowers[$(node_kind "$node")]}"
		! $own_disks || disk_make "$node"
	done
}

# rootfs_disk NODE LOWER: an empty disk on those layers. The file that names them is there when all of it is.
rootfs_disk() {
	local other
	rm -f "$lab_dir/nodes/$1/lower"
	mkdir -p "$lab_dir/nodes/$1"/{upper/etc,work,root}
	printf '%s\n' "$1" >"$lab_dir/nodes/$1/upper/etc/hostname"
	# Set beforehand: an empty one means "first boot", and systemd would enable every unit there is.
	tr -d - </proc/sys/kernel/random/uuid >"$lab_dir/nodes/$1/upper/etc/machine-id"
	{
		printf '127.0.0.1 localhost\n'
		for other in $all_nodes; do
			printf '%s %s\n' "$(node_address "$other")" "$other"
		done
	} >"$lab_dir/nodes/$1/upper/etc/hosts"
	printf '%s' "$2" >"$lab_dir/nodes/$1/lower.new" && mv "$lab_dir/nodes/$1/lower.new" "$lab_dir/nodes/$1/lower" || die "$1: no disk in $lab_dir/nodes/$1"
}
