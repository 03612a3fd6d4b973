# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # a part of lab: names come from and go to the other parts
# The three commands that make a pair with a witness, and what the cluster says about itself.

# The cluster's own words. 0: from a machine that says it serves; 1: nobody serves, from the first that answers; 2: none does.
pair_json() {
	local node json known=
	for node in $nodes; do
		if json=$(lab_self exec "$node" -- timeout 5 holdfastctl status --json 2>/dev/null); then
			echo "$json"
			return 0
		fi
		[ -n "$known" ] || known=$(jq -ce . <<<"$json" 2>/dev/null) || known=
	done
	[ -n "$known" ] || return 2
	echo "$known"
	return 1
}

pair_mode() {
	local json
	json=$(pair_json) && jq -r .mode <<<"$json"
}

pair_is_sync() {
	[ "$(pair_mode)" = SYNC ]
}

# pair_begin NODE SECONDS COMMAND...: its output goes to nodes/NODE/setup.log; REPLY is its pid. It ends with us, and a signal to
# us need not wait for it.
pair_begin() {
	local node=$1 seconds=$2
	shift 2
	setpriv --pdeathsig TERM -- timeout "$seconds" "$lab_source/lab" exec "$node" -- "$@" \
		>"$(node_dir "$node")/setup.log" 2>&1 </dev/null 9>&- &
	REPLY=$!
}

# pair_end NODE WHAT PID
pair_end() {
	if ! wait "$3"; then
		sed "s/^/$1: /" "$(node_dir "$1")/setup.log" >&2
		machine_fail "$1" "$2 failed"
	fi
}

pair_make() {
	local token node join_b join_w
	pair_begin a 120 holdfastctl init --name a --address "$(node_address a)" --vip "$vip/24" --interface eth0 --yes
	pair_end a "holdfastctl init" "$REPLY"
	token=$(grep -o 'holdfastctl join [^ ]*' "$(node_dir a)/setup.log" | head -n 1 | cut -d' ' -f3)
	[ -n "$token" ] || { cat "$(node_dir a)/setup.log" >&2; die "a: init printed no join command"; }
	say "a serves alone"
	pair_begin w 60 holdfastctl join "$token" --name w --address "$(node_address w)" --witness --yes
	join_w=$REPLY
	pair_begin b 120 holdfastctl join "$token" --name b --address "$(node_address b)" --interface eth0 --yes
	join_b=$REPLY
	pair_end w "holdfastctl join" "$join_w"
	pair_end b "holdfastctl join" "$join_b"
	say "b and w have joined"
	wait_for 60 pair_is_sync || {
		for node in $nodes; do machine_explain "$node"; done
		die "not in SYNC after 60 s: $(pair_json)"
	}
	say "SYNC"
}

pair_status() {
	local json serving=true
	json=$(pair_json) || serving=false
	[ -n "$json" ] || { echo "no machine answers (holdfastctl status)"; return 0; }
	jq -r --argjson serving "$serving" '
		def names: if length == 0 then "nobody" else join(" ") end;
		(if $serving then "" else "not serving, says \(.node): " end)
		+ "\(.mode), epoch \(.epoch), active \(.active // "nobody"), in sync \(.in_sync // [] | names)"
		+ ", address on \(.vip.holder // "nobody")"
		+ (if $serving or (.reason // "") == "" then "" else "; \(.state): \(.reason)" end)' <<<"$json"
}
