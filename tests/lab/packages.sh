# Packages on a machine of the lab: for what installs them on a pair that runs. Sourced after tests/lab/scenario.sh.
# shellcheck shell=bash disable=SC2154

# member_packages NODE: what its user has asked apt for.
member_packages() {
  if [ "$1" = w ]; then echo "common witness page"; else echo "common worker gateway page"; fi
}

# copy_packages NODE DIRECTORY [NAME (packages)]: those of its, into /root/NAME there.
copy_packages() {
  local p files=() into=/root/${3:-packages}
  for p in $(member_packages "$1"); do
    files+=("$(cd "$2" && echo "holdfast-${p}"_*.deb)")
  done
  tar -C "$2" -c "${files[@]}" |
    "$lab" exec "$1" -- sh -c "rm -rf $into && mkdir $into && tar -x --no-same-owner -C $into" ||
    fail "$1: the packages of $2 cannot be copied"
}

# apt_in NODE COMMAND [NAME (packages)]: in /root/NAME; apt is heard only when it fails.
apt_in() {
  local out
  out=$("$lab" exec "$1" -- timeout 240 sh -c "cd /root/${3:-packages} && export DEBIAN_FRONTEND=noninteractive && $2" \
    </dev/null 2>&1) || fail "$1: $2: $out"
}
