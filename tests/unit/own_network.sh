# Common to the tests that listen on ports: sourced first of all, with the arguments of the script. Starts it again in a network of
# its own, where every port is free; where that cannot be had, OWN_NETWORK is "no" and free_port finds one.
# shellcheck shell=bash
if [ -z "${OWN_NETWORK:-}" ]; then
	OWN_NETWORK=no
	unshare -n ip link set lo up 2>/dev/null && OWN_NETWORK=yes
	export OWN_NETWORK
	[ $OWN_NETWORK = no ] || exec unshare -n bash "$0" "$@"
fi
[ "$OWN_NETWORK" = no ] || ip link set lo up

# free_port FIRST COUNT: the first of as many ports in a row on which nobody listens; FIRST where the network is our own.
free_port() {
	local port=$1
	# Below those that the kernel gives to clients.
	while [ "$OWN_NETWORK" = no ] && [ -n "$(ss -Hltn "sport >= :$port and sport < :$((port + $2))")" ]; do
		port=$((10000 + RANDOM % 20000))
	done
	echo "$port"
}
