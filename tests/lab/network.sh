# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # a part of lab: names come from and go to the other parts
# One bridge in a namespace of its own, a namespace and a cable for each node and for the client. A second bridge with a second
# cable to each node is the second network: eth1, which nobody uses unless he is told of it (second-address).
# Nothing of it is visible in the host's own network.

switch_ns=$lab_name-switch

node_ns() {
	printf '%s-%s' "$lab_name" "$1"
}

node_number() {
	case $1 in a) echo 1 ;; b) echo 2 ;; w) echo 3 ;; r) echo 4 ;; client) echo 9 ;; esac
}

node_address() {
	printf '%s.%s' "$net_prefix" "$(node_number "$1")"
}

# Fails with the name of what failed: a half-built network is worse than none.
network_do() {
	"$@" 9>&- || die "network: '$*' failed"
}

network_up() {
	network_do ip netns add "$switch_ns"
	network_do ip -n "$switch_ns" link set lo up
	network_do ip -n "$switch_ns" link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0
	network_do ip -n "$switch_ns" link set br0 up
	network_do ip -n "$switch_ns" link add br1 type bridge stp_state 0 forward_delay 0 mcast_snooping 0
	network_do ip -n "$switch_ns" link set br1 up
	network_do ip netns exec "$switch_ns" nft -f - <<-'RULES'
		table bridge lab {
			set cuts { type ifname . ifname; }
			chain losses { }
			chain forward {
				type filter hook forward priority 0; policy accept;
				iifname . oifname @cuts drop
				jump losses
			}
		}
	RULES
	network_plug client
}

# A fresh namespace and cable, as after power on. The address is set from outside, nothing in the machine has to.
network_plug() {
	local node=$1 ns number
	ns=$(node_ns "$node")
	number=$(node_number "$node")
	network_unplug "$node"
	network_do ip netns add "$ns"
	network_do ip -n "$ns" link set lo up
	network_do ip -n "$switch_ns" link add name "$node" type veth \
		peer name eth0 address "02:00:00:00:00:0$number" netns "$ns"
	network_do ip -n "$switch_ns" link set dev "$node" master br0 up
	network_do ip -n "$ns" addr add "$net_prefix.$number/24" dev eth0
	network_do ip -n "$ns" addr add "$net_prefix6$number/64" dev eth0 nodad
	network_do ip -n "$ns" link set eth0 up
	[ "$node" != client ] || return 0
	network_do ip -n "$switch_ns" link add name "$node-2" type veth \
		peer name eth1 address "02:00:00:00:01:0$number" netns "$ns"
	network_do ip -n "$switch_ns" link set dev "$node-2" master br1 up
	network_do ip -n "$ns" addr add "$second_prefix.$number/24" dev eth1
	network_do ip -n "$ns" addr add "$second_prefix6$number/64" dev eth1 nodad
	network_do ip -n "$ns" link set eth1 up
}

# Harmless when there is nothing. The cable goes by its own name: a namespace may outlive its file for a moment.
network_unplug() {
	ip -n "$switch_ns" link del dev "$1" 2>/dev/null 9>&-
	ip -n "$switch_ns" link del dev "$1-2" 2>/dev/null 9>&-
	if [ -e "/run/netns/$(node_ns "$1")" ]; then
		network_do ip netns del "$(node_ns "$1")"
	fi
	return 0
}

# Cable out, at the switch: no FIN and no RST of a dying machine gets through.
network_pull() {
	ip -n "$switch_ns" link set dev "$1-2" down 2>/dev/null 9>&-
	ip -n "$switch_ns" link set dev "$1" down 9>&-
}

network_down() {
	local ns
	for ns in "$switch_ns" $(for node in $all_nodes client; do node_ns "$node"; echo; done); do
		[ -e "/run/netns/$ns" ] || continue
		network_kill_inside "$ns"
		ip netns del "$ns" 9>&- || die "cannot remove the namespace $ns"
	done
}

# Whatever still lives in a namespace of ours was started by us: a machine, a client's command.
network_kill_inside() {
	local ns=$1 pids tries=0
	while pids=$(ip netns pids "$ns" 2>/dev/null) && [ -n "$pids" ]; do
		# shellcheck disable=SC2086
		kill -KILL $pids 2>/dev/null
		tries=$((tries + 1))
		[ $tries -le 200 ] || die "processes in $ns do not die: ${pids//$'\n'/ }"
		sleep 0.05 9>&- 8>&- 7>&-
	done
}

network_need() {
	[ -e "/run/netns/$switch_ns" ] || die "the lab is not up (lab up)"
}

network_nft() {
	ip netns exec "$switch_ns" nft "$@"
}

network_cut() {
	network_need
	# On both networks: who is told of the second one is cut off nowhere else.
	local pairs="\"$1\" . \"$2\", \"$1-2\" . \"$2-2\""
	[ "${3:-}" = --one-way ] || pairs+=", \"$2\" . \"$1\", \"$2-2\" . \"$1-2\""
	network_nft add element bridge lab cuts "{ $pairs }" || die "cannot cut $1 from $2"
}

# Drops the heartbeats of everybody on the first or second network; all else goes on.
network_mute() {
	local cables
	network_need
	case $1 in 1) cables='{ a, b, w, r }' ;; 2) cables='{ "a-2", "b-2", "w-2" }' ;; *) usage_error "'$1' is no network, want 1 or 2" ;; esac
	network_nft add rule bridge lab losses iifname "$cables" udp dport 7400 drop comment "\"network $1\"" ||
		die "cannot mute the network $1"
}

# A percentage of what leaves the node and of what reaches it.
network_loss() {
	local node=$1 percent=$2 handle rules=""
	[ "$percent" -gt 0 ] || [ -e "/run/netns/$switch_ns" ] || return 0
	network_need
	for handle in $(network_nft -a list chain bridge lab losses | awk -v n="\"$node\"" '$2 == n { print $NF }'); do
		rules+="delete rule bridge lab losses handle $handle"$'\n'
	done
	local dice="numgen random mod 100 < $percent"
	# nft refuses a comparison that is always true.
	[ "$percent" -lt 100 ] || dice=
	if [ "$percent" -gt 0 ]; then
		rules+="add rule bridge lab losses iifname $node $dice drop comment \"$percent\""$'\n'
		rules+="add rule bridge lab losses oifname $node $dice drop comment \"$percent\""$'\n'
	fi
	network_nft -f - <<<"$rules" || die "cannot set the loss of $node"
}

network_heal() {
	[ -e "/run/netns/$switch_ns" ] || return 0
	network_nft -f - <<<$'flush set bridge lab cuts\nflush chain bridge lab losses\n' || die "cannot heal"
}

network_client() {
	network_need
	exec nsenter --net="/run/netns/$(node_ns client)" -- "$@"
}

network_status() {
	[ -e "/run/netns/$switch_ns" ] || return 0
	network_nft list ruleset | awk '
		/elements = / { cutting = 1; sub(/.*elements = \{/, "") }
		cutting { line = $0; end = sub(/\}.*/, "", line); n = split(line, pair, ",")
			for (i = 1; i <= n; i++) { gsub(/[" \t]/, "", pair[i]); sub(/\./, " to ", pair[i])
				if (pair[i] != "" && pair[i] !~ /-2 to /) print "cut from " pair[i] }
			if (end) cutting = 0 }
		/ comment "network/ { gsub(/"/, ""); print "no heartbeats on network " $NF; next }
		/ comment / { gsub(/"/, ""); print "loss " ($1 == "iifname" ? "from " : "to ") $2 ": " $NF " %" }'
}
