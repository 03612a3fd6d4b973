# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # a part of lab: names come from and go to the other parts
# The three commands that make a pair with a witness, and what the cluster says about itself.

# The cluster's own words, from the first machine that answers; nothing when none does.
pair_json() {
	local node
	for node in $nodes; do
		lab_self exec "$node" -- timeout 5 holdfastctl status --json 2>/dev/null | jq -ce . 2>/dev/null && return 0
	done
	return 1
}

pair_mode() {
	pair_json | jq -r .mode
}

pair_is_sync() {
	[ "$(pair_mode)" = SYNC ]
}

# pair_step NODE SECONDS COMMAND...: its output goes to nodes/NODE/setup.log.
pair_step() {
	local node=$1 seconds=$2 log
	shift 2
	log=$(node_dir "$node")/setup.log
	# In the background like in_private, and ended with us.
	setpriv --pdeathsig TERM -- timeout "$seconds" "$lab_source/lab" exec "$node" -- "$@" >"$log" 2>&1 </dev/null 9>&- &
	if ! wait $!; then
		sed "s/^/$node: /" "$log" >&2
		machine_fail "$node" "'$1 $2' failed"
	fi
}

pair_make() {
	local token node join
	pair_step a 120 holdfastctl init --name a --address "$(node_address a)" --vip "$vip/24" --interface eth0 --yes
	token=$(grep -o 'holdfastctl join [^ ]*' "$(node_dir a)/setup.log" | head -n 1 | cut -d' ' -f3)
	[ -n "$token" ] || { cat "$(node_dir a)/setup.log" >&2; die "a: init printed no join command"; }
	say "a serves alone"
	join=()
	pair_step w 60 holdfastctl join "$token" --name w --address "$(node_address w)" --witness --yes &
	join+=($!)
	pair_step b 120 holdfastctl join "$token" --name b --address "$(node_address b)" --interface eth0 --yes &
	join+=($!)
	lab_children=${join[*]}
	for node in "${join[@]}"; do
		wait "$node" || exit 1
	done
	lab_children=
	say "b and w have joined"
	wait_for 60 pair_is_sync || {
		for node in $nodes; do machine_explain "$node"; done
		die "not in SYNC after 60 s: $(pair_json)"
	}
	say "SYNC"
}

pair_status() {
	local json
	json=$(pair_json) || { echo "no machine has a cluster"; return 0; }
	jq -r '"\(.mode), epoch \(.epoch), active \(.active), in sync \(.in_sync | join(" ")), address on \(.vip.holder)"' <<<"$json"
}
